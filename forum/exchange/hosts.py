"""The host name of the community that something comes from."""

import re

from forum.kernel.errors import N_, Invalid

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_NO_WORD = re.compile(r"[^a-z0-9]+")


def is_host(name: str) -> bool:
    return _HOST.fullmatch(name) is not None


def given_host(given: str) -> str:
    """The host that somebody named.

    Raises:
        Invalid: (field "site") it is no host name.
    """
    if not is_host(given.strip()):
        raise Invalid({"site": N_("Give the host name of the site, as cookies.stackexchange.com.")})
    return given.strip().lower()


def slugged(name: str) -> str:
    """Small letters and digits with single dashes between."""
    return _NO_WORD.sub("-", name.lower()).strip("-")
