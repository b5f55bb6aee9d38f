"""What a provider says of somebody, read with care: any of it may be missing, too long, or of another shape."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from forum.kernel.errors import Invalid
from forum.members.keys import checked_address, checked_name

MOST_GROUPS: Final = 2_000
LONGEST_GROUP: Final = 120


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at a provider. Issuer and subject are who it is; all else may change from one sign-in to the next.

    `address` is theirs only if `address_is_verified`. `nickname` is what a handle may be made of.
    """

    issuer: str
    subject: str
    address: str = ""
    address_is_verified: bool = False
    name: str = ""
    nickname: str = ""
    groups: tuple[str, ...] = ()
    team: str = ""
    title: str = ""


def read(claims: dict[str, Any], *, issuer: str, subject: str, group_claim: str) -> Said:
    """The claims as we use them."""
    address = _address(claims.get("email"))
    return Said(
        issuer=issuer,
        subject=subject,
        address=address,
        address_is_verified=bool(address) and _is_true(claims.get("email_verified")),
        name=_name(claims, "name") or _name(claims, "given_name", "family_name"),
        nickname=_first(claims, "preferred_username", "nickname") or address.partition("@")[0],
        groups=_groups(claims, group_claim),
        team=_first(claims, "team", "department")[:60],
        title=_first(claims, "title", "job_title")[:80],
    )


def _is_true(value: object) -> bool:
    """Some providers spell it as a text. Whatever else one says, 1 among it, is not that it looked."""
    return value is True or value == "true"


def _address(value: object) -> str:
    try:
        return checked_address(value) if isinstance(value, str) else ""
    except Invalid:
        return ""


def _name(claims: dict[str, Any], *names: str) -> str:
    try:
        return checked_name(" ".join(_line(claims.get(name)) for name in names)[:60])
    except Invalid:
        return ""


def _first(claims: dict[str, Any], *names: str) -> str:
    return next(filter(None, (_line(claims.get(name)) for name in names)), "")


def _line(value: object) -> str:
    """A text on one line, of letters that can be seen."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value[:500]).split())


def _groups(claims: dict[str, Any], group_claim: str) -> tuple[str, ...]:
    """The groups in the claim of this name, or, where it has dots, further inside ("realm_access.roles")."""
    if not group_claim:
        return ()
    found: object = claims.get(group_claim)
    if found is None:
        found = claims
        for part in group_claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list):
        return ()
    named = [group for group in listed[:MOST_GROUPS] if isinstance(group, str) and 0 < len(group) <= LONGEST_GROUP]
    return tuple(dict.fromkeys(named))
