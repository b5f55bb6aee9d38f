"""What titles, bodies and comments must look like before they are kept. Nothing here knows the database.

The limits are those that people know from Discourse and Stack Exchange, which differ little.
"""

import re
import unicodedata

from slugify import slugify

from forum.kernel.errors import N_, Invalid, Text
from forum.members.keys import BLANK

TITLE_LENGTH = (15, 300)
OPENING_LENGTH = (20, 32_000)
REPLY_LENGTH = (5, 32_000)
ANSWER_LENGTH = (5, 10_000)
COMMENT_LENGTH = 300
DESCRIPTION_LENGTH = 2_000
SLUG_LENGTH = 80

_KEPT = "\u200c\u200d"  # joiners are invisible, but words of some scripts and many emoji are spelled with them
_REFUSED = re.compile("[\x00\ud800-\udfff]")  # what the databases or UTF-8 cannot hold


class Faults:
    """Collects what needs mending, so that a person hears of everything at once."""

    def __init__(self) -> None:
        self._fields: dict[str, Text] = {}

    def add(self, field: str, msgid: str, **values: object) -> None:
        self._fields.setdefault(field, Text(msgid, **values))

    def refuse(self) -> None:
        """Go on only if nothing was found.

        Raises:
            Invalid: with a sentence for each field.
        """
        if self._fields:
            raise Invalid(self._fields)


def title(value: str, faults: Faults) -> str:
    """A title on one line, without characters that cannot be seen."""
    value = _line(_stored(value, "title", faults))
    _measure("title", value, TITLE_LENGTH, faults)
    return value


def opening(value: str, faults: Faults) -> str:
    """The Markdown of a thread's first post."""
    return _body(value, OPENING_LENGTH, faults)


def reply(value: str, faults: Faults) -> str:
    """The Markdown of a reply."""
    return _body(value, REPLY_LENGTH, faults)


def public_answer(value: str, faults: Faults) -> str:
    """The Markdown of what the company says of an idea."""
    return _body(value, ANSWER_LENGTH, faults, field="comment")


def description(value: str, faults: Faults) -> str:
    """The Markdown that says what a tag is for; it may be empty."""
    value = _stored(value, "description", faults).strip()
    if len(value) > DESCRIPTION_LENGTH:
        faults.add("description", N_("Please keep this to %(most)s characters."), most=DESCRIPTION_LENGTH)
    return value


def comment(value: str, faults: Faults, *, required: bool) -> str:
    """What somebody says about their edit."""
    value = _line(_stored(value, "comment", faults))
    if required and is_blank(value):
        faults.add("comment", N_("Say in a few words what you changed and why."))
    if len(value) > COMMENT_LENGTH:
        faults.add("comment", N_("Please keep this to %(most)s characters."), most=COMMENT_LENGTH)
    return value


def slug(of: str) -> str:
    """The readable part of an address, in ASCII; never empty."""
    return slugify(of, max_length=SLUG_LENGTH, word_boundary=True) or "thread"


def is_blank(value: str) -> bool:
    """Whether a person sees nothing of a text."""
    return all(char.isspace() or char in BLANK or unicodedata.category(char)[0] == "C" for char in value)


def _body(value: str, limits: tuple[int, int], faults: Faults, field: str = "body") -> str:
    value = _stored(value, field, faults).replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    _measure(field, value, limits, faults)
    return value


def _stored(value: str, field: str, faults: Faults) -> str:
    if _REFUSED.search(value):
        faults.add(field, N_("There is a character in this text that cannot be stored. Remove it, then try again."))
    return value


def _measure(field: str, value: str, limits: tuple[int, int], faults: Faults) -> None:
    least, most = limits
    if is_blank(value):
        faults.add(field, N_("This cannot be empty."))
    elif len(value) < least:
        faults.add(field, N_("Please write at least %(least)s characters."), least=least)
    elif len(value) > most:
        faults.add(field, N_("Please keep this to %(most)s characters."), most=most)


def _line(value: str) -> str:
    """On one line, without control and format characters: they turn lines around or make two titles look the same."""
    kept = (char if char.isprintable() or char in _KEPT else " " if char.isspace() else "" for char in value)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
