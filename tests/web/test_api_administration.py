"""The administration over the API, for tokens of scope administer."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.tables import Group, Invitation
from tests.forum import making as make
from tests.web.calling import Caller, Site, calling

ALL = ("read", "write", "moderate", "administer")


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture
def caller(site: Site, administrator: Actor) -> Caller:
    return site.as_(administrator, *ALL)


@pytest.fixture
def somebody(database: Database) -> Actor:
    with database.transaction() as session:
        return make.member(session)


def test_people_are_found_and_changed(caller: Caller, somebody: Actor) -> None:
    path = f"/people/{somebody.handle}"
    assert [one["handle"] for one in caller("GET", f"/people?q={somebody.handle}")["items"]] == [somebody.handle]
    changed = caller("PATCH", path, {"role": "moderator", "team": "Service", "title": "Lead"})
    assert (changed["role"], changed["team"]) == ("moderator", "Service")
    assert caller("PATCH", path, {"role": "member", "team": ""})["team"] == ""
    assert caller("GET", path)["role"] == "member"
    caller("PATCH", path, {"points": 7}, status=422)
    assert [caller("PATCH", path, {"bot": is_bot})["bot"] for is_bot in (True, False, False)] == [True, False, False]
    caller("GET", "/people/nobody-here", status=404)
    told = caller("GET", f"/receipts?about={somebody.handle}&limit=2")
    assert [one["action"] for one in told["items"]] == ["member.bot", "member.bot"]
    assert told["next"]


def test_the_own_role_stays(caller: Caller, administrator: Actor) -> None:
    caller("PATCH", f"/people/{administrator.handle}", {"role": "member"}, status=409)


def test_groups_are_made_filled_and_gone(caller: Caller, somebody: Actor, database: Database) -> None:
    made = [caller("POST", "/groups", {"name": "Bench"}, status=201, idempotency_key="bench") for _ in range(2)]
    assert made[0] == made[1]
    path = f"/groups/{made[0]['id']}"
    caller("PUT", f"{path}/people/{somebody.handle}", status=204)
    assert [one["people"] for one in caller("GET", "/groups")["items"] if one["name"] == "Bench"] == [1]
    assert caller("PATCH", path, {"description": "They know"})["description"] == "They know"
    caller("DELETE", f"{path}/people/{somebody.handle}", status=204)
    caller("DELETE", path, status=204)
    caller("PATCH", path, {"name": "Other"}, status=404)
    caller("POST", "/groups", {"name": "B", "kind": "claim"}, status=422)


def test_the_link_of_an_invitation_is_told_once(caller: Caller, database: Database) -> None:
    new = {"note": "Friends", "most": 3}
    first, again = (caller("POST", "/invitations", new, status=201, idempotency_key="friends") for _ in range(2))
    assert first["link"].startswith("http://127.0.0.1:8000/invitation/")
    assert again == first | {"link": None}
    assert caller("GET", "/invitations")["items"][0] == again
    caller("DELETE", f"/invitations/{first['id']}", status=204)
    caller("DELETE", f"/invitations/{first['id']}", status=404)
    caller("POST", "/invitations", {"most": 0}, status=422)


def test_only_administrators_with_that_scope(
    site: Site, administrator: Actor, somebody: Actor, database: Database
) -> None:
    with database.transaction() as session:
        moderator = make.moderator(session)
        before = session.scalar(select(func.count(Group.id))), session.scalar(select(func.count(Invitation.id)))
    for program in (site.as_(moderator, *ALL), site.as_(administrator, "read", "write", "moderate")):
        for path in ("/people", f"/people/{somebody.handle}", "/groups", "/invitations", "/receipts"):
            program("GET", path, status=403)
        program("PATCH", f"/people/{somebody.handle}", {"role": "administrator"}, status=403)
        program("POST", "/groups", {"name": "Mine"}, status=403)
        program("POST", "/invitations", {"role": "administrator"}, status=403)
    with database.transaction() as session:
        assert before == (
            session.scalar(select(func.count(Group.id))),
            session.scalar(select(func.count(Invitation.id))),
        )
