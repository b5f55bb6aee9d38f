"""Folding names and addresses for comparison, in Python, so that both databases agree on what is the same."""

import re
import unicodedata

from forum.kernel.errors import N_, Invalid, Text

_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,28}[a-z0-9])?", re.ASCII)
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs by their category, but nothing to see."""
RESERVED = frozenset(
    {"admin", "administrator", "moderator", "staff", "system", "loggia", "support", "help", "deleted", "everyone", "me"}
)


def handle_key(handle: str) -> str:
    """The folded form under which a handle is unique."""
    return unicodedata.normalize("NFKC", handle).casefold()


def checked_handle(text: str) -> str:
    """A handle as it may be kept: 2 to 30 of a–z, 0–9, dot, dash and underscore.

    Raises:
        Invalid: anything else, or a name that would pass for the house.
    """
    handle = text.strip().lower()
    if len(handle) < 2 or not _HANDLE.fullmatch(handle):
        raise Invalid({"handle": N_("Use 2 to 30 letters a to z, digits, dots, dashes or underscores.")})
    if handle in RESERVED:
        raise Invalid({"handle": N_("That name is kept for the house. Choose another.")})
    return handle


def checked_name(text: str) -> str:
    """A display name: one line, 2 to 60 characters, nothing invisible.

    Raises:
        Invalid: with a sentence for the field `name`.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 2 <= len(name) <= 60:
        raise Invalid({"name": N_("Use 2 to 60 characters.")})
    if any(char in BLANK or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Cn") for char in name):
        raise Invalid({"name": N_("Use letters that can be seen.")})
    return name


def address_key(address: str) -> str:
    """The folded form under which a mail address is unique: case and Unicode twins fold, the domain goes to IDNA."""
    local, _, domain = unicodedata.normalize("NFKC", address).rpartition("@")
    return f"{local.casefold()}@{_ascii_domain(domain)}"


def checked_address(text: str) -> str:
    """A mail address that can be written to: one, plain, with a full domain.

    Raises:
        Invalid: with a sentence for the field `mail`.
    """
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if (
        len(address) > 254
        or not at
        or not _LOCAL_PART.fullmatch(local)
        or len(local) > 64
        or not _DOMAIN.fullmatch(_ascii_domain(domain))
    ):
        raise Invalid({"mail": Text(N_("Write one address, such as anna@example.com."))})
    return address


def domain_key(domain: str) -> str:
    """The folded form of a mail domain, in ASCII, to be compared whole."""
    return _ascii_domain(unicodedata.normalize("NFKC", domain).strip().rstrip("."))


def _ascii_domain(domain: str) -> str:
    try:
        return domain.casefold().encode("idna").decode("ascii")
    except UnicodeError:
        return domain.casefold()
