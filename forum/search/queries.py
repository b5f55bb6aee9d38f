"""What people type, turned into what SQLite's and PostgreSQL's full-text search take. Pure; nothing typed is ever syntax there.

Words must all occur, but for those that are in every second text; "a phrase" must occur as it stands; -word must not. The last word may be the beginning of one. `tag:duo`,
`is:solved`, `by:jonas` and `after:2026-10` narrow; what looks like one of these and is none is looked for like any word.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from forum.kernel.errors import N_, Text
from forum.search.words import COMMON, italian_forms, words_of

MOST_WORDS = 16
LONGEST = 400  # characters that are looked at
STATES = ("solved", "official", "unanswered", "open", "closed")

Phrase = tuple[str, ...]
_PARTS = re.compile(r'(-?)"([^"]*)"|(\S+)')
_OPERATOR = re.compile(r"(tag|is|by|after):(\S+)", re.IGNORECASE)
_SINCE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What results must be beside having the words. Empty fields narrow nothing; `by` is a handle's key."""

    states: frozenset[str] = frozenset()
    by: str = ""
    after: datetime | None = None


EVERYTHING = Narrowing()


@dataclass(frozen=True, slots=True)
class Question:
    """A search: words and phrases (each a tuple of folded words) that must occur, those that must not, and whether the last is a
    beginning. `hints` say what could not be understood.
    """

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...] = ()
    tags: tuple[Phrase, ...] = ()
    narrowing: Narrowing = EVERYTHING
    open_end: bool = False
    hints: tuple[Text, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Every wanted word, for marking it in an excerpt."""
        return tuple(word for phrase in self.wanted for word in phrase)

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing that an index can be asked for."""
        return not self.wanted and not self.tags


@dataclass(slots=True)
class _Reading:
    """What is known of a question so far."""

    wanted: list[Phrase] = field(default_factory=list)
    unwanted: list[Phrase] = field(default_factory=list)
    tags: list[Phrase] = field(default_factory=list)
    narrowing: Narrowing = EVERYTHING
    hints: list[Text] = field(default_factory=list)
    open_end: bool = False


def parsed(typed: str) -> Question:
    """What somebody typed into a search box."""
    typed = typed[:LONGEST]
    reading = _Reading()
    for minus, phrase, word in _PARTS.findall(typed):
        operator = _OPERATOR.fullmatch(word)
        if operator is None or not _narrowed(reading, operator[1].lower(), operator[2]):
            _add(reading, tuple(words_of(phrase or word)), is_phrase=bool(phrase), minus=minus or word[:1] == "-")
    return Question(
        wanted=_telling(reading.wanted[:MOST_WORDS]),
        unwanted=tuple(reading.unwanted[:MOST_WORDS]),
        tags=tuple(reading.tags[:MOST_WORDS]),
        narrowing=reading.narrowing,
        open_end=reading.open_end and not typed.endswith(" "),
        hints=tuple(reading.hints),
    )


def _telling(wanted: list[Phrase]) -> tuple[Phrase, ...]:
    """What must occur: common words only where there is nothing else, so that a whole question can be typed."""
    telling = tuple(phrase for phrase in wanted if len(phrase) > 1 or phrase[0] not in COMMON)
    return telling or tuple(wanted)


def plain(typed: str) -> str:
    """What somebody typed without what only a search understands: words to begin a question with."""
    kept = [
        phrase or word
        for minus, phrase, word in _PARTS.findall(typed[:LONGEST])
        if not (minus or word[:1] == "-" or _OPERATOR.fullmatch(word))
    ]
    return " ".join(kept)


def _add(reading: _Reading, words: Phrase, *, is_phrase: bool, minus: str | bool) -> None:
    if not words:
        return
    (reading.unwanted if minus else reading.wanted).append(words)
    reading.open_end = not is_phrase and not minus and len(words[-1]) > 1


def _narrowed(reading: _Reading, operator: str, value: str) -> bool:
    """Take in an operator; whether there was one. A wrong value is one too, and leaves a hint."""
    reading.open_end = False
    known: dict[str, Callable[[_Reading, str], bool]] = {"tag": _tag, "is": _state, "by": _by, "after": _after}
    return known[operator](reading, value)


def _tag(reading: _Reading, value: str) -> bool:
    words = tuple(words_of(value))
    reading.tags += [words] if words else []
    return bool(words)


def _state(reading: _Reading, value: str) -> bool:
    if value.lower() in STATES:
        reading.narrowing = replace(reading.narrowing, states=reading.narrowing.states | {value.lower()})
    else:
        known = ", ".join(STATES)
        reading.hints.append(
            Text(N_("“is:%(value)s” says nothing here. Known are: %(known)s."), value=value, known=known)
        )
    return True


def _by(reading: _Reading, value: str) -> bool:
    reading.narrowing = replace(reading.narrowing, by=value.lstrip("@").casefold())
    return True


def _after(reading: _Reading, value: str) -> bool:
    since = _since(value)
    if since is None:
        reading.hints.append(
            Text(N_("“after:%(value)s” is no date. Write it like 2026, 2026-10 or 2026-10-05."), value=value)
        )
    else:
        reading.narrowing = replace(reading.narrowing, after=since)
    return True


def _since(value: str) -> datetime | None:
    found = _SINCE.fullmatch(value)
    if found is None:
        return None
    try:
        return datetime(int(found[1]), int(found[2] or 1), int(found[3] or 1), tzinfo=UTC)
    except ValueError:
        return None


def telling_words(text: str, *, most: int = 12) -> tuple[str, ...]:
    """The words of a title or question by which it can be found: each once, common ones left out."""
    found = dict.fromkeys(words_of(text[:2_000]))
    return tuple(word for word in found if len(word) > 1 and word not in COMMON)[:most]


def for_fts5(question: Question, *, any_word: bool = False, in_title: bool = False) -> str:
    """An FTS5 expression; each word is quoted, so that none can be an operator. `in_title`: the words must all be there.

    The index knows English endings; Italian ones are all asked for here.
    """
    last = len(question.wanted) - 1
    terms = [
        _fts5_term(phrase, open_end=question.open_end and number == last)
        for number, phrase in enumerate(question.wanted)
    ]
    parts = [f"{'title : ' if in_title else ''}({(' OR ' if any_word else ' AND ').join(terms)})"] if terms else []
    parts += [f"(tags : {_quoted(tag)})" for tag in question.tags]
    expression = " AND ".join(parts)
    for phrase in question.unwanted:
        expression = f"({expression}) NOT {_quoted(phrase)}"
    return expression


def _fts5_term(phrase: Phrase, *, open_end: bool) -> str:
    if open_end:
        return _quoted(phrase) + "*"
    forms = italian_forms(phrase[0]) if len(phrase) == 1 else ()
    return "(" + " OR ".join(_quoted([form]) for form in forms) + ")" if forms else _quoted(phrase)


def _quoted(words: Iterable[str]) -> str:
    return '"' + " ".join(words) + '"'


def for_tsquery(question: Question, *, any_word: bool = False, in_title: bool = False) -> str:
    """An expression for `to_tsquery`; words are letters and digits only and quoted, so none can be an operator."""
    terms = [_followed(phrase, label=":A" if in_title else "") for phrase in question.wanted]
    if terms and question.open_end:
        terms[-1] = terms[-1].removesuffix(":A)").removesuffix(")") + (":*A)" if in_title else ":*)")
    parts = [f"({(' | ' if any_word else ' & ').join(terms)})"] if terms else []
    parts += [_followed(tag, label=":B") for tag in question.tags]
    parts += [f"!{_followed(phrase)}" for phrase in question.unwanted]
    return " & ".join(parts)


def _followed(phrase: Phrase, *, label: str = "") -> str:
    return "(" + " <-> ".join(f"'{word}'{label}" for word in phrase) + ")"
