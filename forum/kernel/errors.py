"""Refusals. Each is a sentence for a person, translated by `web` for the one who reads it."""

from collections.abc import Mapping
from typing import Any


def N_(msgid: str) -> str:
    """Mark a text for translation where it stands; `web` translates it where it is shown."""
    return msgid


class Text:
    """A sentence that is not rendered yet: a message id and the values it takes, as `%(name)s`."""

    __slots__ = ("msgid", "values")

    def __init__(self, msgid: str, **values: Any) -> None:
        self.msgid = msgid
        self.values = values

    def __str__(self) -> str:
        return self.msgid % self.values if self.values else self.msgid

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.msgid, self.values) == (other.msgid, other.values)

    def __hash__(self) -> int:
        return hash(self.msgid)


class LoggiaError(Exception):
    """Something a person asked for that cannot be done, and why."""

    default = N_("That did not work.")

    def __init__(self, text: Text | str | None = None) -> None:
        self.text = text if isinstance(text, Text) else Text(text or self.default)
        super().__init__(str(self.text))


class NotFound(LoggiaError):
    """It does not exist, or this actor cannot see it; nobody learns which."""

    default = N_("There is no page at this address.")


class NotAllowed(LoggiaError):
    """It exists and can be seen, but this actor may not do this with it."""

    default = N_("You may not do that.")


class Conflict(LoggiaError):
    """It cannot be done in the state that the thing is in."""


class Gone(LoggiaError):
    """It was here and is no more."""

    default = N_("This is no longer here.")


class Invalid(LoggiaError):
    """What was typed needs mending. `fields` says where and how; a field "" is the form as a whole."""

    default = N_("Something needs mending before this can be saved.")

    def __init__(self, fields: Mapping[str, Text | str], text: Text | str | None = None) -> None:
        self.fields = {name: value if isinstance(value, Text) else Text(value) for name, value in fields.items()}
        super().__init__(text)


class TooMany(LoggiaError):
    """Too often or too fast. `retry_after` is in seconds."""

    default = N_("That was a lot at once. Wait a moment, then try again.")

    def __init__(self, text: Text | str | None = None, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(text)


class Unavailable(LoggiaError):
    """Something we stand on does not answer just now."""

    default = N_("This does not work right now. Try again in a minute.")
