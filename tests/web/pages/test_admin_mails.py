"""Mails that could not be sent, as administrators meet them: on their first page, on their own page, over the API and in a terminal."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members import tokens
from forum.members.tables import AuditEntry, MailDelivery
from tests.forum import making as make
from tests.installing import SECRET_KEY
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site
from web.cli.mail import mail


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(autouse=True)
def none_yet(database: Database) -> None:
    with database.transaction() as session:
        for table in (MailDelivery, AuditEntry):
            session.execute(delete(table))


def parked(database: Database, of: Actor, count: int = 1) -> list[int]:
    with database.transaction() as session:
        rows = [
            MailDelivery(
                kind="password", member_id=of.member_id, address="somebody@post.example", cause=f"test {number}",
                state="parked", attempt=12, not_before=now(), created_at=now(), settled_at=now(),
                reason="The mail server answered 552: full",
            )
            for number in range(count)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def states(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(MailDelivery.state).order_by(MailDelivery.id)).scalars())


def test_the_first_page_says_so_and_the_list_lets_one_decide(
    site: Site, administrator: Actor, people: People, database: Database
) -> None:
    browser = site.as_(administrator)
    assert "could not be sent" not in browser.get("/admin").words()
    first, second = parked(database, people.asker, 2)
    assert "2 mails could not be sent." in browser.get("/admin").words()
    listed = browser.get("/admin/mails")
    assert "s…y@post.example" in listed.words("//tbody")
    assert "The mail server answered 552: full" in listed.words("//tbody")
    assert "somebody@post.example" not in listed.text
    browser.send(f"/admin/mails/{first}/replay").follow()
    assert "It will be sent again" in browser.words("//body")
    browser.send(f"/admin/mails/{second}/give-up").follow()
    assert "Nothing waits for you." in browser.words()
    assert states(database) == ["waiting", "done"]
    browser.send(f"/admin/mails/{second}/give-up", status=409)
    browser.send("/admin/mails/999999/replay", status=404)
    with database.reading() as connection:
        told = connection.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars().all()
    assert list(told) == ["mail.replay", "mail.give-up"]
    assert "Gave a mail up" in browser.get("/admin/audit").words()


def test_all_are_sent_again_at_once_in_italian_too(
    site: Site, administrator: Actor, people: People, database: Database
) -> None:
    parked(database, people.asker, 3)
    browser = site.as_(administrator)
    listed = browser.get("/admin/mails", accept_language="it")
    assert "Il server di posta ha risposto 552: full" in listed.words("//tbody")
    assert "Invia di nuovo quello che serve ancora" in listed.words()
    browser.send("/admin/mails/replay").follow()
    assert set(states(database)) == {"waiting"}


def test_nobody_else_sees_them(site: Site, people: People) -> None:
    site.as_(people.moderator).get("/admin/mails", status=403)
    site.anybody().get("/admin/mails", status=303)


def test_the_api_tells_and_does_the_same(site: Site, administrator: Actor, people: People, database: Database) -> None:
    first, second = parked(database, people.asker, 2)
    with database.transaction() as session:
        token = tokens.create(session, administrator, name="A test", scopes=["read", "write", "administer"])
    client, headers = site.anybody().client, {"authorization": f"Bearer {token}"}
    (newest, _) = client.get("/api/v1/mails", headers=headers).json()["items"]
    assert {key: newest[key] for key in ("id", "kind", "to", "member", "attempt", "too_old")} == {
        "id": second, "kind": "password", "to": "s…y@post.example", "member": people.asker.handle, "attempt": 12, "too_old": False,
    }  # fmt: skip
    assert client.post(f"/api/v1/mails/{first}/replay", headers=headers).json() == {"id": first, "state": "waiting"}
    assert client.post(f"/api/v1/mails/{second}/give-up", headers=headers).json() == {"id": second, "state": "done"}
    assert client.post(f"/api/v1/mails/{second}/replay", headers=headers).status_code == 409
    assert client.get("/api/v1/mails", headers=headers).json() == {"items": [], "next": None}


def test_an_operator_does_it_from_a_terminal(
    people: People, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("DATABASE_URL", database_url), ("SECRET_KEY", SECRET_KEY), ("BASE_URL", "http://127.0.0.1:8000"),
    ):  # fmt: skip
        monkeypatch.setenv(f"LOGGIA_{name}", value)
    first, second, _ = parked(database, people.asker, 3)

    def said(*arguments: str) -> str:
        return CliRunner().invoke(mail, arguments, catch_exceptions=False).output

    assert "loggia mail replay" in said("status")
    assert [row["mail"] for row in json.loads(said("status", "--json"))][-1] == first
    assert said("replay", str(first)) == "1 will be sent again.\n"
    assert said("give-up", str(second)) == "1 given up.\n"
    assert said("replay", "--dead") == "1 will be sent again.\n"
    assert states(database) == ["waiting", "done", "waiting"]
    assert CliRunner().invoke(mail, ["replay"]).exit_code == 2
