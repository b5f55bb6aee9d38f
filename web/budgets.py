"""What a handler spends from itself, beside the budget that every request is counted against."""

from __future__ import annotations

import hashlib

from forum.kernel.errors import N_, TooMany
from forum.members.signing_in import login_key
from web.edge.buckets import Rule
from web.installation import AnyConnection, installation_of


def spend_on_account(request: AnyConnection, login: str) -> None:
    """Count a try to sign in to one account, so that many addresses together cannot try passwords faster than one.

    Raises:
        TooMany: it was tried too often, rightly or wrongly.
    """
    rule = installation_of(request).limits.account
    if rule is not None:
        # Hashed: the store of buckets is no list of who tried to sign in.
        _spend(request, rule, hashlib.sha256(login_key(login).encode()).hexdigest())


def _spend(request: AnyConnection, rule: Rule, key: str) -> None:
    result = installation_of(request).buckets.take(key, rule)
    if not result.allowed:
        text = N_("Somebody tried to sign in to this account too often. Wait a while, then try again.")
        raise TooMany(text, retry_after=result.retry_seconds)
