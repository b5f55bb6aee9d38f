"""Settings: the profile, the password, sessions, tokens."""

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import accounts, signing_in, tokens
from forum.members.actors import actor_of, actor_signed_in
from forum.members.tables import Member
from tests.web.pages.conftest import People
from tests.web.pages.visiting import FROM_HERE, Site, Visitor

PASSWORD, NEW = "a sentence is good", "another sentence is better"
_numbers = iter(range(1_000))


@pytest.fixture
def marta(database: Database) -> Actor:
    with database.transaction() as session:
        handle = f"marta{next(_numbers)}"
        member = accounts.register(session, handle=handle, mail=f"{handle}@post.example", password=PASSWORD)
        session.flush()
        return actor_of(session, member.id)


@pytest.fixture
def browser(site: Site, marta: Actor) -> Visitor:
    return site.as_(marta)


def is_signed_in(database: Database, visitor: Visitor) -> bool:
    with database.reading() as connection:
        return actor_signed_in(connection, visitor.client.cookies["session"]) is not None


@pytest.mark.parametrize("path", ["/settings", "/settings/security", "/settings/tokens"])
def test_settings_are_one_s_own(site: Site, path: str) -> None:
    assert site.anybody().get(path, status=303).leads_to == f"/login?next={path}"


@pytest.mark.parametrize("path", ["/settings/profile", "/settings/password", "/settings/tokens"])
def test_visitors_change_nothing(site: Site, path: str) -> None:
    answer = site.anybody().client.post(path, data={"name": "x"}, headers=FROM_HERE)
    assert answer.status_code in (303, 403, 422)
    assert "login" in answer.headers.get("location", "login")


def test_the_profile_is_saved(database: Database, browser: Visitor, marta: Actor) -> None:
    browser.send("/settings/profile", name="Marta Oliveira", bio="Two *levers*.")
    browser.send("/settings/language", locale="it")
    page = browser.get("/settings")
    assert page.page.get("lang") == "it"
    assert page.page.xpath("//input[@id='name']/@value") == ["Marta Oliveira"]
    assert page.page.xpath("//textarea[@id='bio']")[0].text.strip() == "Two *levers*."
    with database.transaction() as session:
        assert session.get_one(Member, marta.member_id).bio_html == "<p>Two <em>levers</em>.</p>\n"


def test_a_form_that_needs_mending_keeps_what_was_typed(browser: Visitor) -> None:
    page = browser.send("/settings/profile", status=422, name="x", bio="Kept <all> the same", locale="")
    assert page.words("//*[@id='name-error']") == "Use 2 to 60 characters."
    assert page.page.xpath("//textarea[@id='bio']")[0].text.strip() == "Kept <all> the same"
    browser.send("/settings/profile", status=422, name="Marta", bio="x" * 2_001, locale="")


# Password and sessions


def test_a_new_password_signs_out_every_other_browser(
    site: Site, database: Database, browser: Visitor, marta: Actor
) -> None:
    other, before = site.as_(marta), browser.client.cookies["session"]
    browser.send("/settings/password", current=PASSWORD, new=NEW)
    assert "Every other device is signed out" in browser.get("/settings/security").text
    assert browser.client.cookies["session"] != before
    assert not is_signed_in(database, other)
    assert other.get("/settings", status=303).leads_to.startswith("/login")
    with database.reading() as connection:
        assert signing_in.member_by_password(connection, login=marta.handle, password=NEW) == marta.member_id


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong sentence", NEW, "current"), (PASSWORD, "too-brief", "new"), ("", NEW, "current")],
)
def test_a_password_that_will_not_do(browser: Visitor, current: str, new: str, field: str) -> None:
    page = browser.send("/settings/password", status=422, current=current, new=new)
    assert page.has(f"//*[@id='{field}-error']")
    assert new not in page.text
    assert not page.page.xpath("//input[@type='password']/@value")


def test_one_sees_where_one_is_signed_in_and_ends_it(
    site: Site, database: Database, browser: Visitor, marta: Actor
) -> None:
    other = site.as_(marta)
    page = browser.get("/settings/security")
    assert len(page.page.xpath("//section[@id='browsers']/ul/li")) == 2
    assert page.words("//section[@id='browsers']//*[contains(@class, 'badge')]") == "This browser"
    (form,) = page.page.xpath("//section[@id='browsers']/ul//form/@action")
    browser.send(form)
    assert not is_signed_in(database, other)
    assert is_signed_in(database, browser)
    browser.send(form, status=404)


def test_nobody_ends_the_session_of_another(
    site: Site, database: Database, browser: Visitor, marta: Actor, people: People
) -> None:
    site.as_(marta)
    (form,) = browser.get("/settings/security").page.xpath("//section[@id='browsers']/ul//form/@action")
    site.as_(people.peer).send(form, status=404)


def test_signing_out_everywhere(site: Site, database: Database, browser: Visitor, marta: Actor) -> None:
    other = site.as_(marta)
    browser.get("/settings/security")
    browser.send("/logout/everywhere")
    assert not is_signed_in(database, other)
    assert browser.get("/settings", status=303).leads_to.startswith("/login")


def test_the_address_is_shown_to_its_owner_alone(site: Site, browser: Visitor, marta: Actor, people: People) -> None:
    assert "@post.example" in browser.get("/settings/security").text
    assert "@post.example" not in site.as_(people.moderator).get(f"/m/{marta.handle}").text


# Tokens


def test_a_token_is_shown_once(database: Database, browser: Visitor, marta: Actor) -> None:
    page = browser.send("/settings/tokens", status=200, name="Backup", scopes="read")
    (token,) = page.page.xpath("//*[contains(@class, 'banner')]//code/text()")
    assert page.answer.headers["cache-control"] == "no-store"
    with database.reading() as connection:
        assert tokens.member_by_token(connection, token) == (marta.member_id, ["read"])
    page = browser.get("/settings/tokens")
    assert token not in page.text
    assert page.words("//table//td[1]") == "Read"
    (form,) = page.page.xpath("//table//form/@action")
    browser.send(form)
    with database.reading() as connection:
        assert tokens.member_by_token(connection, token) is None
    assert "locked out" in browser.get("/settings/tokens").text


def test_a_token_without_name_or_scope_is_refused_with_words(browser: Visitor) -> None:
    page = browser.send("/settings/tokens", status=422, name="", scopes="read")
    assert page.has("//*[@id='name-error']")
    page = browser.send("/settings/tokens", status=422, name="Kept")
    assert page.page.xpath("//input[@id='name']/@value") == ["Kept"]
    assert "Choose at least one of the scopes" in page.words()


def test_stronger_scopes_are_offered_to_those_who_have_the_right(site: Site, browser: Visitor, people: People) -> None:
    offered = "//fieldset[@id='scopes']//input/@value"
    assert browser.get("/settings/tokens").page.xpath(offered) == ["read", "write"]
    assert site.as_(people.moderator).get("/settings/tokens").page.xpath(offered) == ["read", "write", "moderate"]


def test_no_token_reaches_a_form_not_even_to_make_a_stronger_one(site: Site, database: Database, marta: Actor) -> None:
    with database.transaction() as session:
        made = [tokens.create(session, marta, name="x", scopes=scopes) for scopes in (["read"], ["read", "write"])]
    for token in made:
        headers = {"authorization": f"Bearer {token}", **FROM_HERE}
        for path in ("/settings/tokens", "/settings/profile", "/settings/password"):
            data = {"name": "Marta", "scopes": "administer", "current": PASSWORD, "new": NEW}
            answer = site.anybody().client.post(path, data=data, headers=headers)
            assert answer.status_code == 403, path
            assert "loggia_" not in answer.text
    with database.transaction() as session:
        assert session.scalars(select(Member.name).where(Member.id == marta.member_id)).one() == marta.name


def test_every_page_of_the_settings_takes_few_selects(site: Site, browser: Visitor) -> None:
    browser.get("/settings")
    for path in ("/settings", "/settings/security", "/settings/tokens"):
        with site.counting() as selects:
            browser.get(path)
        assert len(selects) <= 6
