"""`loggia members`: make people, give them roles, list them."""

import secrets

import click
from sqlalchemy import and_, func, select

from forum.members import belonging, managing
from forum.members.actors import COMMAND_LINE
from forum.members.finding import member_of
from forum.members.tables import Affiliation, MailAddress, Member
from moderation.decisions import Ruling, decide
from web.cli.opening import as_json, listed, opened

_ADDRESS = (
    select(func.min(MailAddress.address))
    .where(MailAddress.member_id == Member.id, MailAddress.verified_at.is_not(None))
    .scalar_subquery()
)


@click.group()
def members() -> None:
    """Make people, give them roles, list them."""


@members.command()
@click.argument("handle")
@click.argument("mail")
@click.option("--name", default="", help="The name that is shown; the handle unless given.")
@click.option("--password", default=None, help="Made and printed unless given.")
@click.option("--role", type=click.Choice(managing.ROLES), default="member", help="What they may from the start.")
@click.option("--team", default="", help="Makes them staff: the team, shown on every post.")
def create(handle: str, mail: str, name: str, password: str | None, role: str, team: str) -> None:
    """Open an account for HANDLE with the address MAIL."""
    made = None if password else secrets.token_urlsafe(12)
    with opened() as (given, db), db.transaction() as session:
        member = managing.create(
            session, COMMAND_LINE, handle=handle, mail=mail, name=name, password=password or made or "", role=role,
            staff_domains=given.staff_domains,
        )  # fmt: skip
        if team:
            managing.affiliate(session, COMMAND_LINE, member_id=member.id, team=team, title="")
        is_staff = belonging.is_staff(session, member.id)
    click.echo(f"{handle} can sign in now{', and belongs to the company' if is_staff else ''}.")
    if made:
        click.echo(f"The password is {made}")
    if role == "administrator" and not is_staff:
        click.echo(f"To speak for the company: loggia members promote {handle} staff --team TEAM")


@members.command()
@click.argument("handle")
@click.argument("role", type=click.Choice(managing.PLACES))
@click.option("--team", default="", help="For staff: the team, shown on every post.")
@click.option("--title", default="", help="For staff: what they are there.")
def promote(handle: str, role: str, team: str, title: str) -> None:
    """Give HANDLE a ROLE. "staff" makes an employee; "member" takes every role away."""
    with opened() as (_, db), db.transaction() as session:
        managing.promote(session, COMMAND_LINE, handle=handle, place=role, team=team, title=title)
    click.echo(f"{handle} is {role} now. If that is new, they are signed out everywhere.")


@members.command()
@click.argument("handle")
@click.option("--no", "is_person", is_flag=True, help="It is a person's after all.")
def bot(handle: str, is_person: bool) -> None:
    """Mark HANDLE as the account of a program, beside everything it wrote."""
    with opened() as (_, db), db.transaction() as session:
        key = managing.id_of(session, COMMAND_LINE, handle)
        managing.mark_bot(session, COMMAND_LINE, member_id=key, is_bot=not is_person)
    click.echo(f"{handle} is {'a person' if is_person else 'a program'}.")


@members.command()
@click.argument("handle")
@click.option("--days", type=click.IntRange(1, 36_500), default=7, show_default=True, help="For how long.")
@click.option("--rule", default="1", show_default=True, help="The number of the rule that this goes by.")
@click.option("--reason", default="abuse", show_default=True, help="The code of the reason.")
@click.option("--text", required=True, help="Why, in words for this person; kept in the public log.")
@click.option("--end", is_flag=True, help="End a suspension instead.")
def suspend(handle: str, days: int, rule: str, reason: str, text: str, end: bool) -> None:
    """Suspend HANDLE: a decision, kept in the public log."""
    with opened() as (_, db), db.transaction() as session:
        person = member_of(session, handle)
        ruling = Ruling(
            action="unsuspend" if end else "suspend", target_kind="member", target_id=person.id, rule=rule,
            reason_code=reason, text=text, days=0 if end else days,
        )  # fmt: skip
        number = decide(session, COMMAND_LINE, ruling).number
    done = "may come in again" if end else f"is suspended for {days} days"
    click.echo(f"{handle} {done}. Number {number} of the public log says so.")


@members.command("list")
@click.option("--role", type=click.Choice(managing.PLACES), default=None)
@as_json
def list_(role: str | None, as_json: bool) -> None:
    """List who is here, with the address that they showed to be theirs."""
    wanted = (
        select(Member.handle, Member.name, Member.role, Affiliation.team, Member.points, _ADDRESS)
        .outerjoin(
            Affiliation,
            and_(Affiliation.member_id == Member.id, Affiliation.kind == "staff", Affiliation.until.is_(None)),
        )
        .where(Member.deleted_at.is_(None), Member.is_imported.is_(False))
        .order_by(Member.handle_key)
    )
    if role == "staff":
        wanted = wanted.where(Affiliation.team.is_not(None))
    elif role is not None:
        wanted = wanted.where(Member.role == role)
    with opened() as (_, db), db.reading() as connection:
        rows = [tuple(row) for row in connection.execute(wanted)]
    listed("Members", ("handle", "name", "role", "team", "points", "mail"), rows, as_json=as_json)


COMMANDS = (members,)
