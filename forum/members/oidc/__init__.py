"""Signing in from elsewhere, by OpenID Connect: the calls to a provider, and what is believed of its answers.

`directory` finds a provider's addresses and keys and remembers them for a while, `flow` leads a browser there and fetches what the
provider says of who came back, `id_tokens` decides whether that may be believed, `claims` reads it. Nothing here knows of accounts:
`forum.members.arriving` does. What another way of signing in would need (a passkey, a directory that pushes people to us) is a
neighbour of this package, not a part of it.
"""

from __future__ import annotations

import msgspec

from forum.kernel.errors import N_, LoggiaError, Text, Unavailable


class Trusted(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as an administrator, or the environment, described it. `secret` is in the clear: never log, never show."""

    id: int
    slug: str
    name: str
    issuer: str
    client_id: str
    secret: str = ""
    scopes: str = "openid email profile"
    group_claim: str = ""
    staff_group: str = ""
    opens_accounts: bool = True
    is_from_environment: bool = False

    def __repr__(self) -> str:
        return f"Trusted({self.slug!r}, {self.issuer!r})"


class Away(Unavailable):
    """The provider cannot be reached, or does not answer as a provider does. `reason` is for administrators and the log.

    `door`: host and port in a private network, which was not opened to us.
    """

    def __init__(self, provider: Trusted, reason: Text | str, *, door: str = "") -> None:
        self.reason, self.door = reason, door
        sentence = N_("%(name)s cannot be reached right now. Sign in another way, or try again in a minute.")
        super().__init__(Text(sentence, name=provider.name))


class NotBelieved(LoggiaError):
    """What the provider answered does not prove who came. `reason` is for the log: it never holds what was sent."""

    def __init__(self, provider: Trusted, reason: str) -> None:
        self.reason = reason
        sentence = N_("What %(name)s answered does not prove who you are. Try again; if it stays so, tell the company.")
        super().__init__(Text(sentence, name=provider.name))
