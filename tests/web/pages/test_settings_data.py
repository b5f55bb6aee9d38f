"""Settings: what was shared and may be; the archive of one's data; leaving for a while and for good."""

import zipfile
from io import BytesIO

import pytest
from litestar.testing import TestClient
from sqlalchemy import delete, select

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import accounts, mailed_keys, signing_in
from forum.members.actors import actor_of
from forum.members.tables import Credential, MailAddress, MailDelivery, Member
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.test_settings_pictures import files, picture
from tests.web.pages.visiting import HERE, Site, Visitor
from web.app import create_app
from web.edge.buckets import Rule
from web.edge.limits import Limits

PASSWORD = "a sentence is good"
_numbers = iter(range(1_000))


@pytest.fixture
def marta(database: Database) -> Actor:
    with database.transaction() as session:
        handle = f"leaver{next(_numbers)}"
        member = accounts.register(session, handle=handle, mail=f"{handle}@post.example", password=PASSWORD)
        session.flush()
        return actor_of(session, member.id)


@pytest.fixture
def browser(site: Site, marta: Actor, people: People) -> Visitor:
    return site.as_(marta)


def row(database: Database, actor: Actor) -> Member:
    with database.transaction() as session:
        found = session.get_one(Member, actor.member_id)
        session.expunge(found)
        return found


def test_consent_is_a_switch_for_each_purpose(browser: Visitor) -> None:
    page = browser.get("/settings/consent")
    assert page.page.xpath("//main//input[@type='checkbox']/@name") == ["cases", "ideas"]
    assert not page.has("//main//input[@checked]")
    assert "Nothing of yours was shared" in page.words()
    browser.send("/settings/consent", ideas="1")
    page = browser.follow()
    assert page.page.xpath("//main//input[@checked]/@name") == ["ideas"]
    assert "You agreed on" in page.words()
    browser.send("/settings/consent")
    page = browser.follow()
    assert not page.has("//main//input[@checked]")
    assert "You took your word back on" in page.words()


def test_who_speaks_for_the_company_is_told_so(site: Site, people: People) -> None:
    assert "its systems name you in any case" in site.as_(people.staff).get("/settings/consent").words()


def test_the_archive_holds_what_one_wrote_and_no_secret(
    site: Site, database: Database, browser: Visitor, marta: Actor
) -> None:
    with database.transaction() as session:
        make.thread(session, marta, body="Canary marmalade, as it was written.")
    page = browser.send("/settings/data/export", status=200)
    assert page.answer.headers["content-type"] == "application/zip"
    assert page.answer.headers["cache-control"] == "no-store"
    assert f"loggia-{marta.handle}-" in page.answer.headers["content-disposition"]
    with zipfile.ZipFile(BytesIO(page.answer.content)) as archive:
        assert archive.testzip() is None
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Canary marmalade" in text
    assert b"argon2" not in text
    browser.get("/settings/data/export", status=405)


def test_an_account_is_closed_for_a_while_with_its_password(browser: Visitor, database: Database, marta: Actor) -> None:
    page = browser.send("/settings/data/deactivate", status=422, password="not this one at all")
    assert page.has("//input[@id='password'][@aria-invalid='true']")
    assert not page.has("//input[@type='password'][@value]")
    browser.send("/settings/data/deactivate", password=PASSWORD)
    assert row(database, marta).deactivated_at is not None
    assert browser.get("/settings", status=303).leads_to.startswith("/login")


def test_an_account_is_deleted_for_good_with_its_name_typed(
    browser: Visitor, database: Database, settings: Settings, marta: Actor
) -> None:
    before = files(settings)
    browser.upload("/settings/picture", picture((9, 99, 9)), field="picture")
    assert files(settings) > before
    page = browser.send("/settings/data/delete", status=422, handle="somebody", gone_password=PASSWORD)
    assert page.page.xpath("//input[@id='handle']/@value") == ["somebody"]
    page = browser.send("/settings/data/delete", status=422, handle=marta.handle, gone_password="wrong, and long")
    assert page.has("//input[@id='gone_password'][@aria-invalid='true']")
    browser.send("/settings/data/delete", handle=f"@{marta.handle.upper()}", gone_password=PASSWORD)
    gone = row(database, marta)
    assert (gone.deleted_at is not None, gone.avatar, gone.handle != marta.handle) == (True, "", True)
    assert files(settings) == before
    assert browser.get("/settings", status=303).leads_to.startswith("/login")
    assert browser.client.get(f"/m/{marta.handle}").status_code == 404


def test_who_has_no_password_asks_for_a_link(browser: Visitor, database: Database, marta: Actor) -> None:
    for _ in range(2):
        browser.send("/settings/data/key")
    with database.reading() as connection:
        asked = select(MailDelivery.kind).where(
            MailDelivery.member_id == marta.member_id, MailDelivery.kind == "delete"
        )
        assert connection.execute(asked).scalars().all() == ["delete"]


def test_a_mailed_link_deletes_the_picture_too(
    site: Site, browser: Visitor, database: Database, settings: Settings, marta: Actor
) -> None:
    before = files(settings)
    browser.upload("/settings/picture", picture((9, 9, 99)), field="picture")
    assert files(settings) > before
    with database.transaction() as session:
        mailed_keys.keep(
            session, member_id=marta.member_id or 0, purpose="delete", address="x@post.example", key="the-key",
            asked_at=now(),
        )  # fmt: skip
    site.anybody().get("/mailed/delete/the-key").send("/mailed/delete/the-key", handle=marta.handle)
    assert row(database, marta).deleted_at is not None
    assert files(settings) == before


def test_who_has_no_password_is_asked_to_come_in_once_more(browser: Visitor, database: Database, marta: Actor) -> None:
    with database.transaction() as session:
        session.execute(delete(Credential).where(Credential.member_id == marta.member_id))
    for path in ("/settings/data", "/settings/security"):
        assert not browser.get(path).has("//input[@type='password']")
        assert "You have no password here" in browser.words()
    assert not browser.has("//form[@action='/settings/address']")
    assert "Sign in once more first" in browser.send("/settings/data/deactivate", status=422).words()
    assert browser.get("/settings/data").has("//form[@action='/settings/data/key']")
    with database.transaction() as session:
        session.execute(delete(MailAddress).where(MailAddress.member_id == marta.member_id))
    assert not browser.get("/settings/data").has("//form[@action='/settings/data/key']")
    assert "no confirmed address" in browser.send("/settings/data/key", status=422).words()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/settings/password", {"current": "wrong and long", "new": "another sentence"}),
        ("/settings/address", {"mail": "new@post.example", "password": "wrong and long"}),
        ("/settings/data/deactivate", {"password": "wrong and long"}),
        ("/settings/data/delete", {"handle": "x", "gone_password": "wrong and long"}),
    ],
)
def test_a_stolen_session_cannot_try_passwords_faster_than_the_door(
    settings: Settings, database: Database, marta: Actor, path: str, form: dict[str, str]
) -> None:
    limits = Limits(reading=None, writing=None, signing_in=None, account=Rule("account", 2, 3_600))
    app = create_app(settings, limits=limits)
    with database.transaction() as session:
        cookie = signing_in.sign_in(session, member_id=marta.member_id or 0)
    visitor = Visitor(TestClient(app, base_url=HERE))
    visitor.client.cookies.set("session", cookie)
    visitor.get("/settings/data")
    for status in (422, 422, 429):
        visitor.send(path, status=status, **form)
    app.site.state["loggia"].db.dispose()


def test_the_only_administrator_cannot_leave(site: Site, database: Database) -> None:
    with database.transaction() as session:
        member = accounts.register(session, handle="onlychief", mail="onlychief@post.example", password=PASSWORD)
        member.role = "administrator"
        session.flush()
        chief = actor_of(session, member.id)
    page = site.as_(chief).send("/settings/data/deactivate", status=422, password=PASSWORD)
    assert "You are the only administrator here." in page.words()
