"""Receipts in words: what somebody did, to what, and what was different afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from forum.kernel.errors import N_, Text
from forum.members.receipts import AuditLine

ACTIONS: Final = {
    "site.change": N_("Changed the settings of the site"),
    "category.create": N_("Made a category"),
    "category.edit": N_("Changed a category"),
    "category.move": N_("Moved a category in the order"),
    "member.create": N_("Opened an account for somebody"),
    "member.promote": N_("Gave a role"),
    "member.role": N_("Changed a role"),
    "member.bot": N_("Said whether an account is a program's"),
    "member.affiliate": N_("Said that somebody belongs to the company"),
    "member.end-affiliation": N_("Said that somebody belongs to the company no longer"),
    "member.joined-staff": N_("Became staff by a proof"),
    "member.left-staff": N_("Is staff no longer, by a proof"),
    "member.second-account": N_("A second account of an employee"),
    "member.verify": N_("Confirmed an address by hand"),
    "member.mail-again": N_("Sent the confirmation mail again"),
    "member.end-sessions": N_("Ended every session of somebody"),
    "member.suspend": N_("Suspended somebody"),
    "member.silence": N_("Silenced somebody"),
    "affiliation.confirm": N_("Confirmed what somebody says they are to the company"),
    "affiliation.end": N_("Ended what somebody is to the company"),
    "group.create": N_("Made a group"),
    "group.edit": N_("Changed a group"),
    "group.delete": N_("Did away with a group"),
    "group.add": N_("Put somebody into a group"),
    "group.remove": N_("Took somebody out of a group"),
    "invitation.make": N_("Made an invitation"),
    "invitation.revoke": N_("Took an invitation back"),
    "invitation.redeem": N_("Came in with an invitation"),
    "provider.create": N_("Added a provider"),
    "provider.edit": N_("Changed a provider"),
    "provider.remove": N_("Took a provider away"),
    "provider.enable": N_("Switched a provider on"),
    "provider.disable": N_("Switched a provider off"),
    "member.groups": N_("Groups followed what a provider says"),
    "identity.connect": N_("Connected an account elsewhere"),
    "identity.disconnect": N_("Disconnected an account elsewhere"),
    "token.create": N_("Made a token for programs"),
    "token.revoke": N_("Revoked a token for programs"),
    "flag.keep": N_("Let a reported post stand"),
    "article.edit": N_("Changed a published article"),
    "article.publish": N_("Published an article"),
    "article.withdraw": N_("Withdrew an article"),
    "connection:connected": N_("Connected a system"),
    "connection:held": N_("Paused a connection"),
    "connection:resumed": N_("Resumed a connection"),
    "connection:secret-changed": N_("Gave a connection a new secret"),
    "connection:rotated": N_("Gave a connection a new secret"),
    "deliveries:replayed": N_("Sent dead deliveries again"),
    "deliveries:retracted": N_("Had everything told anew as it stands"),
    "delivery:replayed": N_("Sent a delivery again"),
    "delivery:let-go": N_("Gave a delivery up"),
    "mail.replay": N_("Sent a mail again"),
    "mails.replay": N_("Sent mails again"),
    "mail.give-up": N_("Gave a mail up"),
    "first-steps.dismiss": N_("Set a first step aside"),
}
"""Actions in words. One that is not here is shown as it is kept; the test of all receipts tells of it."""

KINDS: Final = {
    "member": N_("Person"),
    "group": N_("Group"),
    "category": N_("Category"),
    "site": N_("Site"),
    "invitation": N_("Invitation"),
    "provider": N_("Provider"),
    "article": N_("Article"),
    "mail": N_("A mail"),
    "post": N_("A post"),
    "crm_connection": N_("Connection"),
    "crm_delivery": N_("Delivery"),
}
_ADDRESSES: Final = {
    "member": "/admin/people/{name}",
    "group": "/admin/groups/{key}",
    "category": "/admin/categories/{key}",
    "crm_delivery": "/admin/deliveries/{key}",
}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A privileged action as pages show it. `href` is "" where there is no page of what it was done to."""

    id: int
    at: datetime
    by: str
    is_system: bool
    action: Text | str
    code: str
    kind: Text | str
    subject: str
    href: str
    lines: tuple[str, ...]


def receipt(line: AuditLine) -> Receipt:
    kind, _, key = line.subject.partition(":")
    known = ACTIONS.get(line.action)
    return Receipt(
        id=line.id,
        at=line.at,
        by=line.by,
        is_system=line.voice == "system",
        action=Text(known) if known else line.action,
        code=line.action,
        kind=Text(KINDS[kind]) if kind in KINDS else kind,
        subject=_called(kind, key, line.name),
        href=_address(kind, key, line.name),
        lines=tuple(_lines(line.detail)),
    )


def _called(kind: str, key: str, name: str) -> str:
    if name:
        return f"@{name}" if kind == "member" else name
    return key


def _address(kind: str, key: str, name: str) -> str:
    if kind == "member" and not name:
        return ""
    return _ADDRESSES.get(kind, "").format(key=key, name=name)


def _lines(detail: Mapping[str, Any]) -> list[str]:
    """One line for each thing that is told; of a change, what was and what is."""
    before, after = detail.get("before"), detail.get("after")
    told = {name: value for name, value in detail.items() if name not in ("before", "after")}
    lines = [f"{name}: {_spelled(value)}" for name, value in told.items() if value not in ("", None, [], {})]
    if not isinstance(before, dict) or not isinstance(after, dict):
        return lines
    changed = [name for name in after if before.get(name) != after[name]]
    return [*(f"{name}: {_spelled(before.get(name))} → {_spelled(after[name])}" for name in changed), *lines]


def _spelled(value: Any) -> str:
    if value in ("", None, [], {}):
        return "–"
    if isinstance(value, bool):
        return "+" if value else "–"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_spelled(said)}" for name, said in value.items())
    return ", ".join(map(_spelled, value)) if isinstance(value, list) else str(value)
