"""People, groups and invitations from the command line: the same verbs as the pages, and receipts that say where they came from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, Gone, Invalid, NotFound
from forum.kernel.settings import Settings
from forum.members import affiliations, inviting
from forum.members.actors import actor_of
from forum.members.keys import address_key
from forum.members.tables import AuditEntry, MailAddress, Member
from tests.forum import making as make
from web.cli import loggia
from web.migrations import NoSuchRevision

Run = Callable[..., str]


@pytest.fixture
def run(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `loggia` with these words; returns what it printed."""
    monkeypatch.setenv("LOGGIA_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOGGIA_SECRET_KEY", "s" * 32)
    monkeypatch.setenv("LOGGIA_STAFF_DOMAINS", "company.example")

    def call(*words: str) -> str:
        done = CliRunner().invoke(loggia, words, catch_exceptions=True, standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return done.output

    return call


def read(run: Run, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*words, "--json"))
    return found


def receipts(database: Database, beginning: str) -> list[tuple[str, str]]:
    with database.transaction() as session:
        found = select(AuditEntry.action, AuditEntry.voice).where(AuditEntry.action.startswith(beginning))
        return [(row.action, row.voice) for row in session.execute(found.order_by(AuditEntry.id))]


def test_groups(run: Run, database: Database) -> None:
    before = len(receipts(database, "group."))
    with database.transaction() as session:
        anna, ben = make.member(session), make.member(session)
    run("groups", "create", "Early birds", "--description", "Who tries things first.")
    run("groups", "create", "Regulars", "--kind", "trust", "--level", "2")
    run("groups", "add", "early BIRDS", anna.handle, ben.handle)
    run("groups", "remove", "Early birds", ben.handle)
    assert [one["handle"] for one in read(run, "groups", "people", "Early birds")] == [anna.handle]
    assert [(one["name"], one["kind"], one["people"]) for one in read(run, "groups", "list")][:2] == [
        ("Early birds", "manual", 1), ("Regulars", "trust", 0),
    ]  # fmt: skip
    for refusal, words in (
        (NotFound, ("add", "Nobody's", anna.handle)),
        (NotFound, ("add", "Early birds", ben.handle, "nobody-at-all")),
        (Conflict, ("add", "Regulars", anna.handle)),
        (Invalid, ("create", "early birds")),
    ):
        with pytest.raises(refusal):
            run("groups", *words)
    assert len(read(run, "groups", "people", "Early birds")) == 1
    for name in ("Early birds", "Regulars"):
        run("groups", "delete", name)
    assert {"Early birds", "Regulars"}.isdisjoint(one["name"] for one in read(run, "groups", "list"))
    done = ["create", "create", "add", "add", "remove", "delete", "delete"]
    assert receipts(database, "group.")[before:] == [(f"group.{one}", "command line") for one in done]


def test_invitations(run: Run, database: Database) -> None:
    run("groups", "create", "Testers")
    words = ("--role", "moderator", "--group", "testers", "--count", "2", "--days", "3", "--note", "For two")
    link = run("invitations", "create", *words).strip()
    assert link.startswith("http://127.0.0.1:8000/invitation/")
    (one,) = read(run, "invitations", "list")
    assert (one["role"], one["group"], one["most"], one["note"], one["state"]) == (
        "moderator", "Testers", 2, "For two", "open",
    )  # fmt: skip
    with database.reading() as connection:
        assert inviting.look(connection, key=link.rpartition("/")[2]).id == one["id"]
    run("invitations", "withdraw", str(one["id"]))
    assert [line["state"] for line in read(run, "invitations", "list")] == ["withdrawn"]
    with database.reading() as connection, pytest.raises(Gone):
        inviting.look(connection, key=link.rpartition("/")[2])
    for refusal, wrong in (
        (NotFound, ("withdraw", str(one["id"]))),
        (NotFound, ("create", "--group", "Nobody's")),
        (Invalid, ("create", "--count", "0")),
    ):
        with pytest.raises(refusal):
            run("invitations", *wrong)
    made = [("invitation.make", "command line"), ("invitation.revoke", "command line")]
    assert receipts(database, "invitation.") == made


def test_whom_the_list_of_staff_names(run: Run, database: Database) -> None:
    """Whoever has an address of the company belongs to it; who is only bound to it does not."""
    said = run("members", "create", "olga", "olga@company.example", "--password", "a sentence is good")
    assert said == "olga can sign in now, and belongs to the company.\n"
    with database.transaction() as session:
        bound = make.member(session, handle="pietro")
        affiliations.declare(session, actor_of(session, bound.member_id), kind="partner", organisation="Mill & Sons")
    assert "olga" in [one["handle"] for one in read(run, "members", "list", "--role", "staff")]
    assert "pietro" not in [one["handle"] for one in read(run, "members", "list", "--role", "staff")]
    assert [one["team"] for one in read(run, "members", "list") if one["handle"] == "pietro"] == [None]
    run("members", "promote", "olga", "moderator")
    with database.transaction() as session:
        assert session.scalar(select(Member.role).where(Member.handle == "olga")) == "moderator"


def test_the_list_names_everybody_once_with_the_address_that_is_theirs(run: Run, database: Database) -> None:
    with database.transaction() as session:
        ella = make.member(session, handle="ella")
        for address, verified in (("ella@home.example", now()), ("not-hers@home.example", None)):
            key = address_key(address)
            session.add(
                MailAddress(
                    member_id=ella.member_id or 0,
                    address=address,
                    address_key=key,
                    verified_at=verified,
                    created_at=now(),
                )
            )
    assert [one["mail"] for one in read(run, "members", "list") if one["handle"] == "ella"] == ["ella@home.example"]


def test_a_mail_that_is_not_there_is_named(run: Run) -> None:
    with pytest.raises(NotFound, match="There is no mail with the number 999"):
        run("mail", "replay", "999")


@pytest.mark.parametrize("revision", ["9999", ""])
def test_the_database_goes_back_only_to_what_there_was(run: Run, revision: str) -> None:
    with pytest.raises(NoSuchRevision, match="there is no earlier one called"):
        run("db", "downgrade", revision)


def test_an_administrator_speaks_for_the_company_only_as_staff(run: Run, database: Database) -> None:
    words = ("--role", "administrator", "--password", "a sentence is good")
    said = run("members", "create", "ada", "ada@elsewhere.example", *words)
    assert said.splitlines()[1] == "To speak for the company: loggia members promote ada staff --team TEAM"
    assert "belongs to the company" in run(
        "members", "create", "bea", "bea@elsewhere.example", "--team", "Care", *words
    )
    with database.transaction() as session:
        ids = {one.handle: one.id for one in session.scalars(select(Member).where(Member.handle.in_(("ada", "bea"))))}
        ada, bea = actor_of(session, ids["ada"]), actor_of(session, ids["bea"])
    assert (ada.can("administer"), ada.can("post:official"), ada.can("idea:decide")) == (True, False, False)
    assert (bea.can("post:official"), bea.team, bea.voice) == (True, "Care", "staff-administrator")
    assert "To speak" not in run("members", "promote", "ada", "staff", "--team", "Care")


def test_a_program_is_marked_and_a_person_again(run: Run, database: Database) -> None:
    with database.transaction() as session:
        relay = make.member(session, handle="relay-bot")
    for words, said, is_bot in ((("relay-bot",), "a program", True), (("relay-bot", "--no"), "a person", False)):
        assert run("members", "bot", *words) == f"relay-bot is {said}.\n"
        with database.transaction() as session:
            assert actor_of(session, relay.member_id).is_bot == is_bot
