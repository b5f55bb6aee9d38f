"""What a handler spends from itself, beside the budget that every request is counted against."""

from __future__ import annotations

import hashlib

from forum.kernel.errors import N_, TooMany
from forum.members.signing_in import login_key
from web.edge.buckets import Rule
from web.edge.limits import network_of
from web.edge.visit import visit_of
from web.installation import AnyConnection, installation_of

_TRIES = N_("Somebody tried to sign in to this account too often. Wait a while, then try again.")
_MAILS = N_("Too many mails were asked for just now. Wait a while, then try again.")


def spend_on_account(request: AnyConnection, login: str) -> None:
    """Count a try to sign in to one account, so that many addresses together cannot try passwords faster than one.

    Raises:
        TooMany: it was tried too often, rightly or wrongly.
    """
    rule = installation_of(request).limits.account
    if rule is not None:
        # Hashed: the store of buckets is no list of who tried to sign in.
        _spend(request, rule, hashlib.sha256(login_key(login).encode()).hexdigest())


def spend_on_mail(request: AnyConnection) -> None:
    """Count a request that may have us send a mail to an address that somebody typed: by where it comes from, and over all.

    How many one address gets is counted where mails are queued (`forum.members.mailing`).

    Raises:
        TooMany: it was asked for too often. That depends on nobody's having an account.
    """
    limits = installation_of(request).limits
    if limits.mail is not None:
        _spend(request, limits.mail, network_of(visit_of(request).client), _MAILS)
    if limits.mails is not None:
        _spend(request, limits.mails, "all", _MAILS)


def _spend(request: AnyConnection, rule: Rule, key: str, text: str = _TRIES) -> None:
    result = installation_of(request).buckets.take(key, rule)
    if not result.allowed:
        raise TooMany(text, retry_after=result.retry_seconds)
