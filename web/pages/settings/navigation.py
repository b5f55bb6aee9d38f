"""The list of pages beside every page of the settings, in its order."""

from __future__ import annotations

from typing import Final

import msgspec

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
