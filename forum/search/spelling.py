"""Words that nothing has, put right: by the words of titles and tags that differ from them in one letter, or in two neighbours
that changed places.

The words are kept folded in a table of their own. What is proposed must be found by whoever asks, so that it tells nobody of
what they may not see.
"""

from collections.abc import Iterable, Sequence
from string import ascii_lowercase

from sqlalchemy import Connection, String, bindparam, delete, select
from sqlalchemy.orm import Session

from forum.kernel.db import insert_new
from forum.search.tables import SearchDocument, SearchWord
from forum.search.words import words_of

SHORTEST, LONGEST = 4, 30
MOST_AT_ONCE = 3
"""Words of one search that are put right; more are no slips of the finger."""

_KNOWN = select(SearchWord.__table__.c.word).where(
    SearchWord.__table__.c.word.in_(bindparam("words", expanding=True, type_=String))
)
_CHUNK = 500


def candidates(connection: Connection, words: Sequence[str]) -> dict[str, list[str]]:
    """For each of these folded words the known ones that it may be a slip of; one select."""
    asked = [word for word in words if SHORTEST <= len(word) <= LONGEST][:MOST_AT_ONCE]
    near = {word: neighbours(word) for word in asked}
    every = set().union(*near.values()) if near else set()
    if not every:
        return {}
    known = set(connection.scalars(_KNOWN, {"words": sorted(every)}))
    return {word: sorted(known & around) for word, around in near.items() if known & around}


def neighbours(word: str) -> set[str]:
    """Every word that is one slip away: a letter too many, too few, another one, or two that changed places."""
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    fewer = {head + tail[1:] for head, tail in splits if tail}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1}
    other = {head + letter + tail[1:] for head, tail in splits if tail for letter in ascii_lowercase}
    more = {head + letter + tail for head, tail in splits for letter in ascii_lowercase}
    return {near for near in fewer | swapped | other | more if len(near) >= SHORTEST} - {word}


def learn(session: Session, titles: Iterable[str]) -> None:
    """Know the words of these titles and tags from now on."""
    words = _words(titles)
    if words:
        session.connection().execute(insert_new(session, SearchWord), [{"word": word} for word in sorted(words)])


def forget_the_rest(session: Session) -> None:
    """Know the words of what is indexed, and no others; part of a rebuild."""
    documents = session.execute(select(SearchDocument.title, SearchDocument.tags))
    present = _words(f"{title} {tags}" for title, tags in documents)
    gone = sorted(set(session.scalars(select(SearchWord.word))) - present)
    for start in range(0, len(gone), _CHUNK):
        chunk = gone[start : start + _CHUNK]
        session.execute(
            delete(SearchWord).where(SearchWord.word.in_(chunk)).execution_options(synchronize_session=False)
        )


def _words(titles: Iterable[str]) -> set[str]:
    return {word for title in titles for word in words_of(title) if SHORTEST <= len(word) <= LONGEST and word.isalpha()}
