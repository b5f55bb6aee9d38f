"""Identity providers in the administration: added, changed, tested, switched, and never showing their secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import providers
from forum.members.tables import AuditEntry, IdentityProvider
from tests.forum import making as make
from tests.servers import Missing, node
from tests.web.calling import Site as ApiSite
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site

SECRET = "a secret that nobody sees again"
FORM: dict[str, Any] = {
    "name": "Partner login", "slug": "partners", "issuer": "https://id.partner.example", "client_id": "loggia",
    "secret": SECRET, "scopes": "openid email", "opens_accounts": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(autouse=True)
def empty(database: Database) -> None:
    with database.transaction() as session:
        session.execute(delete(IdentityProvider))


def kept(database: Database) -> IdentityProvider:
    with database.transaction() as session:
        return session.scalars(select(IdentityProvider)).one()


def added(site: Site, administrator: Actor, **changed: str) -> Any:
    return site.as_(administrator).get("/admin/providers/new").send("/admin/providers/new", **(FORM | changed))


def actions(database: Database) -> list[str]:
    with database.reading() as connection:
        entries = select(AuditEntry.action).where(AuditEntry.action.startswith("provider.")).order_by(AuditEntry.id)
        return list(connection.scalars(entries))


def test_a_provider_is_added_and_its_button_stands_on_the_door(
    site: Site, administrator: Actor, database: Database, settings: Settings
) -> None:
    assert site.as_(administrator).get("/admin/providers").has("//div[@class='empty']//a[@href='/admin/providers/new']")
    page = added(site, administrator).follow()
    assert page.has("//input[@id='redirect' and contains(@value, '/login/with/partners/callback')]")
    row = kept(database)
    assert SECRET not in row.sealed_secret
    with database.reading() as connection:
        assert providers.trusted(connection, settings, slug="partners").secret == SECRET
    door = site.anybody().get("/login")
    assert "Continue with Partner login" in door.words()
    assert "https://id.partner.example" in door.answer.headers["content-security-policy"]
    assert actions(database)[-1] == "provider.create"


def test_the_secret_is_nowhere_to_be_read(
    site: Site, administrator: Actor, database: Database, settings: Settings
) -> None:
    added(site, administrator)
    browser, number = site.as_(administrator), kept(database).id
    for path in ("/admin/providers", f"/admin/providers/{number}", "/admin"):
        assert SECRET not in browser.get(path).text
    assert "It is never shown" in browser.get(f"/admin/providers/{number}").words()
    refused = browser.send(f"/admin/providers/{number}", status=422, **(FORM | {"issuer": "ftp://nowhere"}))
    assert SECRET not in refused.text
    with database.reading() as connection:
        told = list(connection.scalars(select(AuditEntry.detail).where(AuditEntry.action.startswith("provider."))))
    assert SECRET not in str(told)
    api = ApiSite(settings, database)
    [shape] = api.as_(administrator, "read", "write", "administer")("GET", "/providers")["items"]
    api.close()
    assert shape["has_secret"] is True
    assert "secret" not in shape
    assert shape["slug"] == "partners"


def test_changing_without_a_secret_keeps_the_one_that_is_there(
    site: Site, administrator: Actor, database: Database, settings: Settings
) -> None:
    added(site, administrator)
    browser, number = site.as_(administrator), kept(database).id
    browser.get(f"/admin/providers/{number}")
    browser.send(f"/admin/providers/{number}", **(FORM | {"secret": "", "name": "Partners", "group_claim": "groups"}))
    with database.reading() as connection:
        found = providers.trusted(connection, settings, slug="partners")
    assert (found.name, found.group_claim, found.secret) == ("Partners", "groups", SECRET)
    browser.get(f"/admin/providers/{number}")
    browser.send(f"/admin/providers/{number}", **(FORM | {"secret": "another"}))
    with database.reading() as connection:
        assert providers.trusted(connection, settings, slug="partners").secret == "another"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "http://id.partner.example"),
        ("issuer", "https://user:word@id.partner.example"),
        ("issuer", "https://id.partner.example?x=1"),
        ("issuer", "javascript:alert(1)"),
        ("issuer", "https://"),
        ("slug", "company"),
        ("slug", "Partners!"),
        ("slug", "-x"),
        ("scopes", "email"),
        ("scopes", 'openid "x"'),
        ("name", ""),
        ("client_id", ""),
        ("staff_group", "employees"),
    ],
)
def test_what_needs_mending_is_said_where_it_is(
    site: Site, administrator: Actor, database: Database, field: str, value: str
) -> None:
    browser = site.as_(administrator).get("/admin/providers/new")
    browser.send("/admin/providers/new", status=422, **(FORM | {field: value}))
    wrong = "group_claim" if field == "staff_group" else field
    assert browser.has(f"//*[@id='{wrong}' and @aria-invalid='true']")
    with database.reading() as connection:
        assert connection.scalar(select(IdentityProvider.id)) is None


def test_two_providers_cannot_share_a_short_name(site: Site, administrator: Actor) -> None:
    added(site, administrator)
    browser = site.as_(administrator).get("/admin/providers/new")
    assert browser.send("/admin/providers/new", status=422, **FORM).has("//*[@id='slug' and @aria-invalid='true']")


def test_switched_off_it_is_no_door_and_its_callback_is_nowhere(
    site: Site, administrator: Actor, database: Database
) -> None:
    added(site, administrator)
    browser, number = site.as_(administrator).get("/admin/providers"), kept(database).id
    browser.send(f"/admin/providers/{number}/switch", on="0")
    visitor = site.anybody().get("/login")
    assert "Partner login" not in visitor.words()
    visitor.send("/login/with/partners", status=404)
    site.anybody().get("/login/with/partners/callback?state=x&code=y", status=404)
    browser.get("/admin/providers").send(f"/admin/providers/{number}/switch", on="1")
    assert "Partner login" in site.anybody().get("/login").words()
    assert actions(database)[-2:] == ["provider.disable", "provider.enable"]


def test_a_test_says_whether_the_provider_answers_and_what_is_in_the_way(
    site: Site, administrator: Actor, database: Database
) -> None:
    added(site, administrator, issuer="http://127.0.0.1:9")
    browser, number = site.as_(administrator), kept(database).id
    browser.get(f"/admin/providers/{number}").send(f"/admin/providers/{number}/test", status=200)
    words = browser.words()
    assert "leads into a private network" in words
    assert "127.0.0.1:9" in browser.words("//main//div[contains(@class, 'banner')]")


def test_a_secret_sealed_under_another_key_is_asked_for_again(
    site: Site, administrator: Actor, database: Database
) -> None:
    added(site, administrator)
    with database.transaction() as session:
        session.scalars(select(IdentityProvider)).one().sealed_secret = "1:AAAA"
    browser, number = site.as_(administrator), kept(database).id
    browser.get(f"/admin/providers/{number}").send(f"/admin/providers/{number}/test", status=200)
    assert "cannot be opened any more" in browser.words()


def test_the_pages_are_sound(site: Site, administrator: Actor, database: Database, tmp_path: Path) -> None:
    browser = site.as_(administrator)
    pages = {"empty": browser.get("/admin/providers").text, "new": browser.get("/admin/providers/new").text}
    pages["wrong"] = browser.send("/admin/providers/new", status=422, **(FORM | {"slug": "!"})).text
    added(site, administrator, issuer="http://127.0.0.1:9")
    number = kept(database).id
    pages |= {"list": browser.get("/admin/providers").text, "one": browser.get(f"/admin/providers/{number}").text}
    pages["tested"] = browser.send(f"/admin/providers/{number}/test", status=200).text
    for name, text in pages.items():
        (tmp_path / f"{name}.html").write_text(text)
    try:
        assert node.html_findings(tmp_path) == ""
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("who", ["asker", "staff", "moderator"])
def test_only_administrators_come_here(
    site: Site, people: People, settings: Settings, database: Database, who: str
) -> None:
    actor: Actor = getattr(people, who)
    browser = site.as_(actor)
    for path in ("/admin/providers", "/admin/providers/new"):
        browser.get(path, status=403)
    browser.send("/admin/providers/new", status=403, **FORM)
    api = ApiSite(settings, database)
    api.as_(actor, "read")("GET", "/providers", status=403)
    assert api.as_(actor, "read")("GET", "/me/identities") == {"items": [], "next": None}
    api.close()
    with database.reading() as connection:
        assert connection.scalar(select(IdentityProvider.id)) is None
