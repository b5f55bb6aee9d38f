"""What people type, turned into what SQLite's and PostgreSQL's full-text search take. Pure; nothing typed is ever syntax there.

Words must all occur; "a phrase" must occur as it stands; -word must not. The last word may be the beginning of one.
"""

import re
from dataclasses import dataclass

MOST_WORDS = 16
LONGEST = 400  # characters that are looked at

_PARTS = re.compile(r'(-?)"([^"]*)"|(\S+)')
_WORD = re.compile(r"\w+", re.UNICODE)
_COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "so",
        "that",
        "the",
        "this",
        "to",
        "was",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
        "a",
        "ai",
        "al",
        "alla",
        "anche",
        "che",
        "chi",
        "ci",
        "come",
        "con",
        "cosa",
        "da",
        "dal",
        "dalla",
        "dei",
        "del",
        "della",
        "di",
        "dove",
        "e",
        "ed",
        "era",
        "gli",
        "ha",
        "hai",
        "ho",
        "i",
        "il",
        "in",
        "io",
        "la",
        "le",
        "lo",
        "ma",
        "mi",
        "mia",
        "mio",
        "nel",
        "nella",
        "no",
        "non",
        "o",
        "per",
        "perché",
        "più",
        "può",
        "quando",
        "quanto",
        "quello",
        "questa",
        "questo",
        "se",
        "si",
        "sono",
        "su",
        "sul",
        "sulla",
        "tra",
        "un",
        "una",
        "uno",
    ]
)


@dataclass(frozen=True, slots=True)
class Question:
    """A search: words and phrases (each a tuple of words) that must occur, those that must not, and whether the last is a beginning."""

    wanted: tuple[tuple[str, ...], ...]
    unwanted: tuple[tuple[str, ...], ...] = ()
    open_end: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Every wanted word, for marking it in an excerpt."""
        return tuple(word for phrase in self.wanted for word in phrase)


def parsed(typed: str) -> Question:
    """What somebody typed into a search box."""
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    open_end = False
    for minus, phrase, word in _PARTS.findall(typed[:LONGEST]):
        is_unwanted = bool(minus) or (len(word) > 1 and word.startswith("-"))
        words = tuple(found.lower() for found in _WORD.findall(phrase or word))
        if words:
            (unwanted if is_unwanted else wanted).append(words)
            open_end = not phrase and not is_unwanted
    return Question(
        tuple(wanted[:MOST_WORDS]), tuple(unwanted[:MOST_WORDS]), open_end and not typed[:LONGEST].endswith(" ")
    )


def telling_words(text: str, *, most: int = 12) -> tuple[str, ...]:
    """The words of a title or question by which it can be found: each once, common ones left out."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(text[:2_000]))
    return tuple(word for word in found if len(word) > 1 and word not in _COMMON)[:most]


def for_fts5(question: Question, *, any_word: bool = False) -> str:
    """An FTS5 expression; each word is quoted, so that none can be an operator."""
    terms = ['"' + " ".join(phrase) + '"' for phrase in question.wanted]
    if terms and question.open_end:
        terms[-1] += "*"
    expression = (" OR " if any_word else " AND ").join(terms)
    for phrase in question.unwanted:
        expression = f'({expression}) NOT "{" ".join(phrase)}"'
    return expression


def for_tsquery(question: Question, *, any_word: bool = False) -> str:
    """An expression for `to_tsquery`; words are letters, digits and underscores only, so none can be an operator."""
    terms = ["(" + " <-> ".join(f"'{word}'" for word in phrase) + ")" for phrase in question.wanted]
    if terms and question.open_end:
        terms[-1] = terms[-1][:-1] + ":*)"
    expression = (" | " if any_word else " & ").join(terms)
    for phrase in question.unwanted:
        expression = f"({expression}) & !({' <-> '.join(f'{chr(39)}{word}{chr(39)}' for word in phrase)})"
    return expression


def excerpt(body: str, words: tuple[str, ...], *, length: int = 200) -> tuple[tuple[str, bool], ...]:
    """A piece of the text around the first word that was searched for, as (piece, is it a found word) pairs."""
    pattern = re.compile(
        "|".join(rf"\b{re.escape(word)}\w*" for word in sorted(set(words), key=len, reverse=True)) or r"(?!)",
        re.IGNORECASE,
    )
    first = pattern.search(body)
    start = max(0, (first.start() if first else 0) - length // 3)
    if start:
        start = body.find(" ", start) + 1 or start
    piece = body[start : start + length]
    if start + length < len(body):
        piece = piece.rsplit(" ", 1)[0] + " …"
    return _marked(("… " if start else "") + piece, pattern)


def _marked(piece: str, pattern: re.Pattern[str]) -> tuple[tuple[str, bool], ...]:
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in pattern.finditer(piece):
        parts += [(piece[end : match.start()], False), (match.group(), True)]
        end = match.end()
    return tuple(part for part in (*parts, (piece[end:], False)) if part[0])
