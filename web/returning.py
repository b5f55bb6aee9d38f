"""Where to go after signing in or choosing a language: back to a page of this site, and nowhere else."""

from __future__ import annotations

import re

LONGEST = 1_024
# A path of ours, spelled as a browser sends it. No second slash and no backslash at the start, which browsers read as a host,
# and no spaces or control characters, which some of them drop before they look.
_OURS = re.compile(r"/(?![/\\])[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*", re.ASCII)


def safe_next(text: str, *, default: str = "/") -> str:
    """`text` if it is an address on this site, else `default`. A fragment is not passed on."""
    if len(text) > LONGEST or not _OURS.fullmatch(text):
        return default
    return default if "//" in text.partition("?")[0] or _names_sign_in(text) else text


def _names_sign_in(text: str) -> bool:
    """Whether it leads to a page that would only lead back."""
    return text.partition("?")[0].rstrip("/") in ("/login", "/register", "/logout", "/forgot")
