"""Rows for accounts: coming and going, and what belongs to one person alone."""

from __future__ import annotations

from typing import Final

from forum.members.policies import may_edit_profile, may_sign_in_settings
from web.policy.words import EVERYBODY, personal, read, write

ACCOUNTS: Final = (
    personal("account.register", "Open an account", None, who=EVERYBODY),
    personal("account.sign-in", "Sign in", None, who=EVERYBODY, provided="The form leads on whoever is signed in already."),
    personal("account.recover", "Have a link for a new password sent", None, who=EVERYBODY, provided="It goes to the address of an account, if there is one; nobody is told whether."),
    personal("account.mailed", "Do what a mailed link is for: confirm an address, set a password, take an account back, leave", None, who=EVERYBODY, provided="With the key of the link, once, before it is too old."),
    personal("account.confirm", "Have the link sent again that confirms one's address", may_sign_in_settings, never="suspended"),
    personal("account.sign-out", "Sign out", None, who=EVERYBODY),
    personal("account.sign-out-everywhere", "End all of one's own sessions", may_sign_in_settings),
    read("sanction.read", "Be told why one is suspended, until when, and how to appeal", None, who="member"),
    read("account.read", "Ask whose token or session this is", may_sign_in_settings, who="member", never="suspended"),
    read("settings.read", "See one's own settings, sessions and tokens", may_sign_in_settings, who="member", never="suspended"),
    read("settings.own", "See what is kept of oneself and what the company may receive, and leave", may_sign_in_settings, who="member"),
    personal("settings.profile", "Change one's own profile", may_edit_profile, never="suspended silenced unverified"),
    personal("settings.preferences", "Choose one's own language, time zone and privacy", may_sign_in_settings, never="suspended"),
    personal("settings.security", "Change one's password, end one's sessions", may_sign_in_settings, never="suspended"),
    personal("settings.identities", "Connect accounts elsewhere, and give them up", may_sign_in_settings, never="suspended"),
    personal("settings.tokens", "Make and revoke tokens of one's own", may_sign_in_settings, never="suspended"),
    read("news.read", "Read one's own notifications", may_sign_in_settings, who="member", never="suspended"),
    write("news.mark", "Mark one's own notifications as read", may_sign_in_settings, who="member", even="unverified silenced"),
    personal("settings.consent", "Say what the company may receive of oneself", may_sign_in_settings),
    personal("settings.data", "Take along all that is kept of oneself", may_sign_in_settings),
    personal("settings.leave", "Close one's account for a while, or for good", may_sign_in_settings),
    write("account.change", "Change one's profile and preferences over the API", may_edit_profile, who="member", never="unverified"),
    write("account.consent", "Say over the API what the company may receive of oneself", may_sign_in_settings, who="member", even="unverified"),
    write("account.tokens", "Revoke tokens of one's own over the API", may_sign_in_settings, who="member", even="unverified"),
)  # fmt: skip
