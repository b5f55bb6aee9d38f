"""The list of pages beside every page of the settings, in its order."""

from __future__ import annotations

from typing import Final

import msgspec

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Text


class Entry(msgspec.Struct, frozen=True):
    """A page of the settings: the short name by which it says that one is there, its address, its name."""

    place: str
    href: str
    name: Text


ENTRIES: Final = (
    Entry("profile", "/settings", Text(N_("Profile"))),
    Entry("language", "/settings/language", Text(N_("Language and time"))),
    Entry("privacy", "/settings/privacy", Text(N_("Privacy"))),
    Entry("security", "/settings/security", Text(N_("Sign-in and security"))),
    Entry("identities", "/settings/identities", Text(N_("Connected identities"))),
    Entry("tokens", "/settings/tokens", Text(N_("API tokens"))),
    Entry("consent", "/settings/consent", Text(N_("Shared with the company"))),
    Entry("data", "/settings/data", Text(N_("Your data"))),
    Entry("", "/privacy", Text(N_("What is kept, and what is shared"))),
)
EVEN_SUSPENDED: Final = frozenset({"consent", "data", ""})
"""What nobody can be shut out of: one's own data, and what the company receives of it."""


def entries_for(actor: Actor) -> tuple[Entry, ...]:
    """The pages that this member can open."""
    return tuple(entry for entry in ENTRIES if not actor.suspended or entry.place in EVEN_SUSPENDED)
