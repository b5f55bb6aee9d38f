"""Settings: tokens have an end, and are nobody else's."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import tokens
from forum.members.tables import ApiToken, Member
from tests.forum import making as make
from tests.web.pages.visiting import HERE, Site, Visitor


@pytest.fixture
def marta(database: Database) -> Actor:
    with database.transaction() as session:
        return make.member(session)


def made(page: Visitor) -> str:
    return str(re.findall(r"<code>(loggia_[\w-]+)</code>", page.text)[0])


def status(site: Site, token: str, path: str = "/api/v1/me") -> int:
    answer = site.anybody().client.get(HERE + path, headers={"authorization": f"Bearer {token}"})
    return int(answer.status_code)


def test_a_token_ends_when_its_time_is_over(site: Site, database: Database, marta: Actor) -> None:
    browser = site.as_(marta)
    token = made(browser.send("/settings/tokens", status=200, name="Backup", scopes="read", days="30"))
    assert status(site, token) == 200
    with database.reading() as connection:
        expires_at = connection.execute(
            select(ApiToken.expires_at).where(ApiToken.member_id == marta.member_id)
        ).scalar_one()
        assert expires_at is not None
        with clock.at(expires_at - timedelta(seconds=1)):
            assert tokens.member_by_token(connection, token) is not None
        with clock.at(expires_at):
            assert tokens.member_by_token(connection, token) is None
    with database.transaction() as session:
        session.execute(update(ApiToken).where(ApiToken.member_id == marta.member_id).values(expires_at=clock.now()))
    assert status(site, token) == 401
    assert "its time is over" in browser.get("/settings/tokens").text


def test_a_wrong_end_keeps_what_was_typed(site: Site, marta: Actor) -> None:
    page = site.as_(marta).send("/settings/tokens", status=422, name="Kept", scopes="write", days="31")
    assert page.page.xpath("//input[@id='name']/@value") == ["Kept"]
    assert page.page.xpath("//input[@name='scopes'][@checked]/@value") == ["write"]
    assert page.has("//select[@id='days'][@aria-invalid='true']")


def test_revoking_another_s_token_finds_nothing_and_leaves_it_alive(
    site: Site, database: Database, marta: Actor
) -> None:
    token = made(site.as_(marta).send("/settings/tokens", status=200, name="Mine", scopes="read"))
    with database.transaction() as session:
        attackers = [make.member(session), make.moderator(session), make.administrator(session)]
        token_id = session.scalars(select(ApiToken.id).where(ApiToken.member_id == marta.member_id)).one()
    for attacker in attackers:
        site.as_(attacker).send(f"/settings/tokens/{token_id}/revoke", status=404)
    assert status(site, token) == 200


def test_a_token_has_no_more_than_its_owner_has_now(site: Site, database: Database) -> None:
    with database.transaction() as session:
        chief = make.administrator(session)
    every = {"name": "All", "scopes": "administer"}
    token = made(site.as_(chief).send("/settings/tokens", status=200, **every))
    assert status(site, token, "/api/v1/crm/connections") in (200, 403)
    with database.transaction() as session:
        session.execute(update(Member).where(Member.id == chief.member_id).values(role="member"))
    assert status(site, token, "/api/v1/crm/connections") == 403
