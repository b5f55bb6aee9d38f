"""Words as search compares them: without case and accents, and without the endings that a language bends them with.

The database's index has stemmers of its own. What is here chooses words before it is asked, and marks them in what it found.
"""

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"[^\W_]+", re.UNICODE)
SHORTEST_STEM = 4

_COMMON = """
    a about after all also am an and any are as at be been but by can could did do does doesn don for from get had has have he
    hello help her hi his how i if in into is isn it its just me more my need no not of off on one or our out please problem
    question she should so some than thank thanks that the their them then there these they this to too up use using want was we
    were what when where which who why will with work working would you your
    ai al alla alle anche avete c che chi ci ciao come con cosa cui d da dai dal dalla dalle dei del della delle deve devo di dove
    due e ed era essere fa fare fatto gli grazie ha hai hanno ho il io l la le lei lo loro lui ma me mi mia mie mio nei nel nella
    noi non nostro o ogni per perche piu poi posso puo quale quando quanto quello questa questo qui s salve se si sia sono sta su
    sui sul sulla tra tu tutti tutto un una uno va vi voi vorrei
"""
COMMON = frozenset(_COMMON.split())
"""Words that nothing can be found by: they are in every second text, English or Italian. Folded."""

_ENGLISH = (
    "ations",
    "ation",
    "ingly",
    "edly",
    "ings",
    "ment",
    "ness",
    "ies",
    "ing",
    "ied",
    "ers",
    "ed",
    "er",
    "es",
    "ly",
    "s",
    "y",
    "e",
)
_VOWELS = "aeio"


def words_of(text: str) -> list[str]:
    """The words of a text in order, folded."""
    return [fold(word) for word in WORD.findall(text)]


def fold(text: str) -> str:
    """The text in small letters without accents, every character still in its place."""
    if text.isascii():
        return text.lower()
    return "".join(_base(character) for character in text)


@lru_cache(maxsize=4096)
def _base(character: str) -> str:
    plain = unicodedata.normalize("NFD", character)[0].lower()
    return plain if len(plain) == 1 else character


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A folded word without its ending, English or Italian, as far as both can be told without knowing which it is."""
    for ending in _ENGLISH:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    bare = word.rstrip(_VOWELS)
    return bare if len(bare) >= SHORTEST_STEM else word


def italian_forms(word: str) -> tuple[str, ...]:
    """A folded word with each vowel that Italian may end it with: valvola, valvole; nothing where it cannot be bent so."""
    if len(word) <= SHORTEST_STEM or word[-1] not in _VOWELS:
        return ()
    bare = word[:-1]
    return (*(bare + vowel for vowel in _VOWELS), *([bare] if bare[-1] in _VOWELS else []))
