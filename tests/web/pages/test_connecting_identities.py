"""Connecting an account elsewhere with one's own, and giving it up: never by an address alone, never the last way in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import Conflict
from forum.kernel.settings import Settings
from forum.members import accounts, arriving, belonging
from forum.members.actors import actor_of
from forum.members.tables import AuditEntry, Identity, IdentityProvider, Member, SignIn
from tests.forum import making as make
from tests.servers import Missing, node, oidc
from tests.web.calling import Site as ApiSite
from tests.web.pages import elsewhere
from tests.web.pages.elsewhere import (
    OURS,
    actor,
    came,
    local,
    new_account,
    signed_in_as,
    way,
)
from tests.web.pages.visiting import Site, Visitor

PAGE = "/settings/identities"
WITH = f"{PAGE}/with/company"
CONFIRM = f"{PAGE}/company/confirm"


provider, site = elsewhere.provider, elsewhere.site


def customer(site: Site, handle: str) -> Actor:
    """A member with a password and a verified address."""
    with site.database.transaction() as session:
        accounts.register(session, handle=handle, mail=f"{handle}@customer.example", password="a long password")
    return actor(site, handle)


def back_from(site: Site, provider: oidc.Provider, browser: Visitor, subject: str, *, status: int = 303) -> Visitor:
    """Press "Connect" and come back."""
    there = browser.get(PAGE).send(WITH).leads_to
    return browser.get(local(provider.sign_in(there, subject)), status=status)


def owner(site: Site, subject: str) -> str | None:
    with site.database.reading() as connection:
        found = select(Member.handle).join(Identity, Identity.member_id == Member.id).where(Identity.subject == subject)
        return connection.scalar(found)


def test_connecting_wants_a_confirmation_and_then_leads_in(site: Site, provider: oidc.Provider) -> None:
    browser = site.as_(customer(site, "amalia"))
    provider.person("amalia-at-work")
    assert "Nothing is connected yet." in browser.get(PAGE).words()
    assert back_from(site, provider, browser, "amalia-at-work").leads_to == CONFIRM
    assert owner(site, "amalia-at-work") is None
    assert "amalia-at-work@elsewhere.example gets into your account @amalia" in browser.follow().words()
    browser.send(CONFIRM)
    assert "amalia-at-work@elsewhere.example" in browser.follow().words()
    assert owner(site, "amalia-at-work") == "amalia"
    assert signed_in_as(came(site, provider, "amalia-at-work")) == "amalia"


def test_a_confirmation_is_good_once_and_for_nobody_else(site: Site, provider: oidc.Provider) -> None:
    mine, theirs = site.as_(customer(site, "bice")), site.as_(customer(site, "bruna"))
    provider.person("bice-at-work")
    back_from(site, provider, mine, "bice-at-work")
    theirs.get(CONFIRM, status=409)
    theirs.get(PAGE).send(CONFIRM, status=409)
    mine.get(CONFIRM).send(CONFIRM)
    mine.get(PAGE).send(CONFIRM, status=409)
    assert owner(site, "bice-at-work") == "bice"


def test_a_return_does_not_connect_in_a_browser_of_somebody_else(site: Site, provider: oidc.Provider) -> None:
    """An attacker who began the connection cannot have a victim's browser finish it, nor the other way round."""
    attacker, victim = site.as_(customer(site, "cesare")), site.as_(customer(site, "clara"))
    provider.person("cesare-at-work")
    back = local(provider.sign_in(attacker.get(PAGE).send(WITH).leads_to, "cesare-at-work"))
    victim.get(PAGE).get(back, status=409)
    assert owner(site, "cesare-at-work") is None
    assert attacker.get(back, status=303).leads_to == CONFIRM


def test_an_address_that_is_not_verified_is_not_connected(site: Site, provider: oidc.Provider) -> None:
    browser = site.as_(customer(site, "delia"))
    provider.person("delia-at-work", email_verified=False)
    page = back_from(site, provider, browser, "delia-at-work", status=409)
    assert "has not verified your mail address" in page.words()
    page.send(CONFIRM, status=409)
    assert owner(site, "delia-at-work") is None


def test_what_belongs_to_another_account_stays_there(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "elsa")
    browser = site.as_(customer(site, "elio"))
    assert "belongs to another account here" in back_from(site, provider, browser, "elsa", status=409).words()
    assert owner(site, "elsa") == "elsa"


def test_an_employees_identity_on_a_customers_account_is_refused_and_reported(
    site: Site, provider: oidc.Provider
) -> None:
    new_account(site, provider, "flora", groups=["employees"])
    browser = site.as_(customer(site, "fausta"))
    back_from(site, provider, browser, "flora", status=409)
    fausta, flora = actor(site, "fausta").member_id, actor(site, "flora").member_id
    with site.database.reading() as connection:
        told = select(AuditEntry.detail).where(
            AuditEntry.action == belonging.SECOND_ACCOUNT, AuditEntry.subject == f"member:{fausta}"
        )
        assert connection.scalar(told) == {"employee": flora, "why": "same identity"}


def test_an_address_of_the_company_is_not_added_to_a_customers_account_this_way(
    site: Site, provider: oidc.Provider
) -> None:
    browser = site.as_(customer(site, "gaia"))
    provider.person("gaia-at-work", email=f"gaia@{OURS}")
    page = back_from(site, provider, browser, "gaia-at-work", status=409)
    assert "An address of the company cannot be added to a customer’s account." in page.words()
    assert not actor(site, "gaia").is_staff
    with site.database.transaction() as session:
        administrator = session.scalars(select(Member).where(Member.handle == "gaia")).one()
        administrator.role = "administrator"
    words = site.as_(actor(site, "gaia")).get("/admin").words("//*[@id='second-accounts']")
    assert "@gaia" in words
    assert "An address of the company on a customer’s account." in words


def test_the_last_way_in_cannot_be_given_up(site: Site, provider: oidc.Provider) -> None:
    browser = new_account(site, provider, "hilde")
    [form] = browser.get(PAGE).page.xpath("//form[contains(@action, 'disconnect')]/@action")
    page = browser.send(form, status=409)
    assert "This is the only way into your account." in page.words()
    provider.person("hilde-two")
    back_from(site, provider, browser, "hilde-two")
    browser.follow().send(CONFIRM)
    browser.get(PAGE).send(form)
    assert owner(site, "hilde") is None
    assert "Disconnected." in browser.follow().text
    assert owner(site, "hilde-two") == "hilde"


def test_one_at_a_provider_that_is_switched_off_is_no_way_in(site: Site, provider: oidc.Provider) -> None:
    browser = new_account(site, provider, "ilda")
    with site.database.transaction() as session:
        ilda = actor_of(session, actor(site, "ilda").member_id)
        first = session.scalars(select(IdentityProvider)).one()
        other = IdentityProvider(
            slug="off", name="Off", issuer="https://off.example", client_id="x", is_enabled=False,
            created_at=first.created_at,
        )  # fmt: skip
        session.add(other)
        session.flush()
        held = session.scalars(select(Identity).where(Identity.member_id == ilda.member_id)).one()
        session.add(
            Identity(
                member_id=ilda.member_id or 0, provider_id=other.id, issuer="https://off.example", subject="ilda",
                linked_at=first.created_at,
            )
        )  # fmt: skip
        number = held.id
    browser.get(PAGE).send(f"{PAGE}/{number}/disconnect", status=409)
    assert "switched off by an administrator" in browser.words()


def test_programs_read_ones_own_connections(site: Site, provider: oidc.Provider, settings: Settings) -> None:
    new_account(site, provider, "pia")
    api = ApiSite(settings, site.database)
    [shape] = api.as_(actor(site, "pia"), "read")("GET", "/me/identities")["items"]
    api.nobody("GET", "/me/identities", status=401)
    api.close()
    assert (shape["provider"], shape["issuer"], shape["subject"]) == ("company", provider.issuer, "pia")
    assert shape["address"] == "pia@elsewhere.example"


def test_administrators_disconnect_by_page_and_program(site: Site, provider: oidc.Provider, settings: Settings) -> None:
    first, second = new_account(site, provider, "quinta"), new_account(site, provider, "rosa")
    with site.database.transaction() as session:
        boss = make.administrator(session)
    page = site.as_(boss).get("/admin/people/quinta")
    [form] = page.page.xpath("//*[@id='identities']//form/@action")
    page.send(form)
    assert "Disconnected, and signed out everywhere." in page.follow().text
    api = ApiSite(settings, site.database)
    program = api.as_(boss, "read", "write", "administer")
    [shape] = program("GET", "/people/rosa/identities")["items"]
    program("DELETE", f"/people/rosa/identities/{shape['id']}", status=204)
    program("DELETE", f"/people/rosa/identities/{shape['id']}", status=404)
    assert program("GET", "/claims")["items"] == []
    api.close()
    assert (owner(site, "quinta"), owner(site, "rosa")) == (None, None)
    assert (signed_in_as(first), signed_in_as(second)) == ("", "")


def test_who_came_by_a_provider_leaves_by_signing_in_there_once_more(site: Site, provider: oidc.Provider) -> None:
    browser = new_account(site, provider, "sofia", email_verified=False)
    with site.database.transaction() as session:
        session.execute(update(SignIn).values(created_at=now() - timedelta(hours=1)))
    page = browser.get("/settings/data")
    assert page.page.xpath("//form[@action='/login/with/company']/input[@name='next']/@value") == ["/settings/data"] * 2
    browser.send("/settings/data/delete", status=422, handle="sofia")
    there = browser.send("/login/with/company", next="/settings/data").leads_to
    assert browser.get(local(provider.sign_in(there, "sofia")), status=303).leads_to == "/settings/data"
    assert browser.follow().has("//form[@action='/settings/data/deactivate']")
    browser.send("/settings/data/delete", handle="sofia")
    assert owner(site, "sofia") is None


def test_somebody_elses_connection_is_not_there(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "jole")
    with site.database.reading() as connection:
        number = connection.scalar(select(Identity.id).where(Identity.subject == "jole"))
    browser = site.as_(customer(site, "jacopo")).get(PAGE)
    browser.send(f"{PAGE}/{number}/disconnect", status=404)
    assert owner(site, "jole") == "jole"


def test_the_pages_on_the_way_are_sound(site: Site, provider: oidc.Provider, tmp_path: Path) -> None:
    provider.person("olga")
    provider.person("otto")
    new = came(site, provider, "olga").follow()
    own = back_from(site, provider, site.as_(customer(site, "oscar")), "otto")
    visits = {
        "login": site.anybody().get("/login"),
        "again": site.anybody().get("/login").get("/login/with/company/callback?state=x", status=409),
        "new": new,
        "wrong": new.send("/register/with/company", handle="!", status=422),
        "confirm": own.follow(),
    }
    texts = {name: visit.text for name, visit in visits.items()} | {"list": own.get(PAGE).text}
    texts["connected"] = own.get(CONFIRM).send(CONFIRM).follow().text
    for name, text in texts.items():
        (tmp_path / f"{name}.html").write_text(text)
    try:
        assert node.html_findings(tmp_path) == ""
    except Missing as reason:
        pytest.skip(str(reason))


def test_of_two_returns_at_once_one_comes_in(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "karin")
    with site.database.reading() as connection:
        provider_id = connection.scalar(select(IdentityProvider.id).where(IdentityProvider.is_enabled)) or 0
    for _ in range(5):
        address = way(site, browser := site.anybody())
        state = parse_qs(urlsplit(address).query)["state"][0]
        hashed = arriving.browser_hash(b"form:" + str(browser.client.cookies["form"]).encode())
        together = Barrier(4)

        def take(_turn: int, state: str = state, browser: str = hashed, gate: Barrier = together) -> int:
            gate.wait()
            try:
                with site.database.transaction() as session:
                    arriving.returned(session, provider_id=provider_id, state=state, browser=browser)
            except Conflict:
                return 0
            return 1

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(take, range(4))) == 1


def test_of_two_accounts_opened_at_once_one_is_made(site: Site, provider: oidc.Provider) -> None:
    provider.person("ludo")
    first, second = came(site, provider, "ludo"), came(site, provider, "ludo")
    first.follow().send("/register/with/company", handle="ludo")
    second.follow().send("/register/with/company", handle="ludo-again", status=409)
    first.get("/ask").send("/register/with/company", handle="ludo-thrice", status=409)
    with site.database.reading() as connection:
        held = select(func.count()).select_from(Identity).where(Identity.subject == "ludo")
        assert connection.scalar(held) == 1
        assert connection.scalar(select(Member.id).where(Member.handle.in_(["ludo-again", "ludo-thrice"]))) is None


def test_a_handle_that_cannot_be_had_comes_back_with_what_was_typed(site: Site, provider: oidc.Provider) -> None:
    customer(site, "taken")
    provider.person("mina", preferred_username="taken")
    browser = came(site, provider, "mina").follow()
    assert browser.page.xpath("//input[@name='handle']/@value") == ["taken2"]
    for handle, sentence in (
        ("taken", "Somebody has this name already"),
        ("admin", "kept for the house"),
        ("!", "Use 2 to 30"),
    ):
        assert sentence in browser.send("/register/with/company", handle=handle, name="Mina", status=422).words()
    browser.send("/register/with/company", handle="mina", name="Mina")
    assert signed_in_as(browser) == "mina"


def test_the_form_needs_its_token_and_its_browser(site: Site, provider: oidc.Provider) -> None:
    provider.person("nora")
    browser = came(site, provider, "nora").follow()
    stranger = site.anybody().get("/login")
    stranger.send("/register/with/company", handle="nora", status=409)
    browser.csrf = stranger.csrf
    browser.send("/register/with/company", handle="nora", status=403)
    browser.send("/login/with/company", status=403)
    assert owner(site, "nora") is None
