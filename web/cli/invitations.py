"""`loggia invitations`: links that open accounts, for whoever sets a community up from a terminal."""

from datetime import datetime

import click

from forum.kernel.clock import now
from forum.members import inviting
from forum.members.actors import COMMAND_LINE
from forum.members.inviting import InvitationLine
from web.cli.groups import group_named
from web.cli.opening import as_json, listed, opened

_COLUMNS = ("id", "role", "group", "used", "most", "by", "created_at", "expires_at", "note")


@click.group()
def invitations() -> None:
    """Links that open accounts, for so many people and so long."""


@invitations.command()
@click.option(
    "--role", type=click.Choice(inviting.ROLES), default="member", show_default=True, help="What they become."
)
@click.option("--group", default="", help="The name of the group that they come into.")
@click.option("--count", type=int, default=1, show_default=True, help="For how many people.")
@click.option("--days", type=int, default=7, show_default=True, help="How long it is good.")
@click.option("--note", default="", help="For whom it is; administrators read it.")
def create(role: str, group: str, count: int, days: int, note: str) -> None:
    """Make an invitation, and print its link: it is shown this once."""
    with opened() as (given, db), db.transaction() as session:
        group_id = group_named(session.connection(), group) if group else None
        key = inviting.make(session, COMMAND_LINE, note=note, role=role, group_id=group_id, most=count, days=days)
    click.echo(f"{given.base_url.rstrip('/')}/invitation/{key}")


@invitations.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List them, the newest first."""
    found: list[InvitationLine] = []
    with opened() as (_, db), db.reading() as connection:
        cursor: str | None = ""
        while cursor is not None:
            page = inviting.invitation_list(connection, COMMAND_LINE, cursor=cursor, limit=500)
            found += page.items
            cursor = page.next
    moment = now()
    rows = [[*(getattr(one, name) for name in _COLUMNS), _state(one, moment)] for one in found]
    listed("Invitations", (*_COLUMNS, "state"), rows, as_json=as_json)


def _state(one: InvitationLine, moment: datetime) -> str:
    if one.revoked_at is not None:
        return "withdrawn"
    return "open" if one.is_open(moment) else "over"


@invitations.command()
@click.argument("invitation_id", metavar="ID", type=int)
def withdraw(invitation_id: int) -> None:
    """Take the invitation ID back: nobody comes in with it any more."""
    with opened() as (_, db), db.transaction() as session:
        inviting.revoke(session, COMMAND_LINE, invitation_id=invitation_id)
    click.echo(f"Invitation {invitation_id} is withdrawn.")


COMMANDS = (invitations,)
