"""The cookies of this site: their names, reading them strictly, spelling them.

Over https every cookie carries the `__Host-` prefix, so no sibling subdomain and no plain-http answer can set it. Over http,
which is allowed on loopback alone, browsers refuse that prefix.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours, by its plain name."""

    name: str
    days: int | None  # None: until the browser closes
    http_only: bool = True

    def full_name(self, *, https: bool) -> str:
        return f"__Host-{self.name}" if https else self.name

    def spelled(self, value: str, *, https: bool) -> bytes:
        """The `Set-Cookie` value. `value` is made of token characters (letters, digits, `-`, `_`)."""
        age = "" if self.days is None else f"; Max-Age={self.days * 86400}"
        return self._line(value, age, https=https)

    def taken_back(self, *, https: bool) -> bytes:
        """The `Set-Cookie` value that makes a browser forget it."""
        return self._line("", "; Max-Age=0", https=https)

    def _line(self, value: str, age: str, *, https: bool) -> bytes:
        flags = ("; Secure" if https else "") + ("; HttpOnly" if self.http_only else "")
        return f"{self.full_name(https=https)}={value}; Path=/{age}; SameSite=Lax{flags}".encode("ascii")


SESSION = Cookie("session", days=30)
FORM = Cookie("form", days=None)  # the pre-session that anonymous forms are bound to
LOCALE = Cookie("locale", days=365, http_only=False)
THEME = Cookie("theme", days=365, http_only=False)
NOTICE = Cookie("notice", days=None)  # what the next page says, by its name

OURS = (SESSION, FORM, LOCALE, THEME, NOTICE)
_TOKEN_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


class Jar:
    """Finds our own cookies in a request's header, by their plain names."""

    def __init__(self, *, https: bool) -> None:
        self._names = {cookie.full_name(https=https).encode("ascii"): cookie.name for cookie in OURS}

    def read(self, header: bytes) -> dict[str, str]:
        """Our cookies. One that is sent twice with two values, or holds characters we never write, counts as not sent."""
        found: dict[str, str] = {}
        doubtful: set[str] = set()
        for part in header.split(b";"):
            raw_name, _, value = part.strip().partition(b"=")
            name = self._names.get(raw_name)
            if name is None:
                continue
            text = value.decode("ascii") if _TOKEN_BYTES.issuperset(value) else ""
            if found.setdefault(name, text) != text or not text:
                doubtful.add(name)
        for name in doubtful:
            del found[name]
        return found
