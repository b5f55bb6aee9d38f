"""Signing in at a real identity provider, from the button to the account and back."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from forum.kernel.clock import now
from forum.members import accounts
from forum.members.tables import AuditEntry, Group, GroupMember, Identity, MailAddress, Member
from tests.servers import oidc
from tests.web.pages import elsewhere
from tests.web.pages.elsewhere import (
    CALLBACK,
    OURS,
    actor,
    came,
    local,
    new_account,
    signed_in_as,
    way,
)
from tests.web.pages.visiting import Site, Visitor

provider, site = elsewhere.provider, elsewhere.site


def test_somebody_new_chooses_a_handle_and_is_in(site: Site, provider: oidc.Provider) -> None:
    provider.person(
        "Ànna.Bianchi", email="anna.bianchi@elsewhere.example", preferred_username="Ànna Bianchi", name="Anna Bianchi"
    )
    browser = site.anybody()
    browser.get("/login")
    assert "Continue with Company Desk" in browser.words()
    browser = came(site, provider, "Ànna.Bianchi", browser=browser, to="/tags")
    assert browser.leads_to == "/register/with/company"
    browser.follow()
    assert browser.page.xpath("//input[@name='handle']/@value") == ["anna-bianchi"]
    browser.send("/register/with/company", handle="anna", name="Anna B.")
    assert browser.leads_to == "/tags"
    assert signed_in_as(browser) == "anna"
    with site.database.reading() as connection:
        held = connection.execute(
            select(MailAddress.address, MailAddress.verified_at)
            .join(Member, Member.id == MailAddress.member_id)
            .where(Member.handle == "anna")
        ).one()
    assert held.address == "anna.bianchi@elsewhere.example"
    assert held.verified_at is not None
    again = came(site, provider, "Ànna.Bianchi", to="/ideas")
    assert again.leads_to == "/ideas"
    assert signed_in_as(again) == "anna"


def test_a_return_is_good_once_and_in_one_browser(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "berta")
    browser, other = site.anybody(), site.anybody()
    back = local(provider.sign_in(way(site, browser), "berta"))
    other.get("/login")
    assert "another browser" in other.get(back, status=409).words()
    assert signed_in_as(other) == ""
    browser.get(back, status=303)
    assert signed_in_as(browser) == "berta"
    again = site.anybody().get(back, status=409)
    assert signed_in_as(again) == ""
    assert "another browser" in browser.get(back, status=409).words()


def test_the_page_after_a_failed_return_does_not_hold_the_code(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "benno")
    back = local(provider.sign_in(way(site, site.anybody()), "benno"))
    code = parse_qs(urlsplit(back).query)["code"][0]
    other = site.anybody().get("/login").get(back, status=409)
    assert code not in other.text


def test_a_code_of_another_sign_in_is_not_taken(site: Site, provider: oidc.Provider) -> None:
    """Whoever injects their own code into somebody's return fails, because the code was asked for with another verifier."""
    provider.person("mallory")
    victim = site.anybody()
    mine = parse_qs(urlsplit(provider.sign_in(way(site, victim), provider.person("victim"))).query)
    theirs = parse_qs(urlsplit(provider.sign_in(way(site, site.anybody()), "mallory")).query)
    state, code, issuer = mine["state"][0], theirs["code"][0], mine["iss"][0]
    page = victim.get(f"/login/with/company/callback?state={state}&code={code}&iss={issuer}", status=403)
    assert "does not prove who you are" in page.words()


@pytest.mark.parametrize("issuer", ["", "&iss=https://attacker.example"])
def test_an_answer_that_another_gave_or_that_does_not_say_who_gave_it_is_refused(
    site: Site, provider: oidc.Provider, issuer: str
) -> None:
    new_account(site, provider, f"carlo{len(issuer)}")
    browser = site.anybody()
    found = parse_qs(urlsplit(provider.sign_in(way(site, browser), f"carlo{len(issuer)}")).query)
    back = f"/login/with/company/callback?state={found['state'][0]}&code={found['code'][0]}{issuer}"
    browser.get(back, status=403)
    assert signed_in_as(browser) == ""


def test_who_turns_back_at_the_provider_is_told_so(site: Site, provider: oidc.Provider) -> None:
    browser = site.anybody()
    state = parse_qs(urlsplit(way(site, browser)).query)["state"][0]
    page = browser.get(f"/login/with/company/callback?state={state}&error=access_denied", status=409)
    assert "You did not sign in at Company Desk." in page.words()


def test_what_the_button_asks_for(site: Site, provider: oidc.Provider) -> None:
    asked = parse_qs(urlsplit(way(site, site.anybody())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [CALLBACK]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    assert len({asked[name][0] for name in ("state", "nonce", "code_challenge")}) == 3


def test_pages_whose_buttons_lead_out_say_so_to_the_browser_and_others_do_not(
    site: Site, provider: oidc.Provider
) -> None:
    for path, leads in (("/login", True), ("/register", True), ("/", False), ("/about", False)):
        policy = site.anybody().get(path).answer.headers["content-security-policy"]
        assert (f"form-action 'self' {provider.issuer};" in policy) == leads, path


def test_groups_follow_what_the_provider_says(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "dora", groups=["key-customers", "unknown here"])
    dora = actor(site, "dora").member_id or 0

    def groups() -> list[str]:
        with site.database.reading() as connection:
            mine = (
                select(Group.name)
                .join(GroupMember, GroupMember.group_id == Group.id)
                .where(GroupMember.member_id == dora)
            )
            return list(connection.scalars(mine))

    assert groups() == ["Key customers"]
    for claimed, expected in (([], []), ("key-customers", ["Key customers"]), (None, [])):
        provider.person("dora", groups=claimed)
        came(site, provider, "dora")
        assert groups() == expected


def test_a_group_given_by_hand_is_not_taken_by_a_claim(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "dario")
    dario = actor(site, "dario").member_id or 0
    with site.database.transaction() as session:
        group = session.scalars(select(Group).where(Group.claim == "key-customers")).one()
        session.add(GroupMember(group_id=group.id, member_id=dario, since=now(), source="manual"))
    came(site, provider, "dario")
    with site.database.reading() as connection:
        assert (
            connection.scalar(select(func.count()).select_from(GroupMember).where(GroupMember.member_id == dario)) == 1
        )


def test_staff_is_gained_and_lost_with_the_claim_and_sessions_are_renewed(site: Site, provider: oidc.Provider) -> None:
    first = new_account(site, provider, "emma")
    assert not actor(site, "emma").is_staff
    provider.person("emma", groups=["employees"], department="Service", job_title="Engineer")
    second = came(site, provider, "emma")
    emma = actor(site, "emma")
    assert (emma.is_staff, emma.team, emma.title) == (True, "Service", "Engineer")
    assert signed_in_as(first) == ""
    assert signed_in_as(second) == "emma"
    provider.person("emma", groups=["others"])
    third = came(site, provider, "emma")
    assert not actor(site, "emma").is_staff
    assert signed_in_as(second) == ""
    assert signed_in_as(third) == "emma"


def test_a_verified_address_of_the_company_makes_staff_at_once(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "fabio", email=f"fabio@{OURS}")
    assert actor(site, "fabio").is_staff
    new_account(site, provider, "furio", email=f"furio@{OURS}", email_verified=False)
    assert not actor(site, "furio").is_staff
    new_account(site, provider, "fulvio", email=f"fulvio@attacker-{OURS}")
    assert not actor(site, "fulvio").is_staff


def test_a_second_account_of_an_employee_is_refused_and_the_administrators_hear_of_it(
    site: Site, provider: oidc.Provider
) -> None:
    new_account(site, provider, "gina", email=f"gina@{OURS}")
    provider.person("gina-at-home", email=f"gina+shop@{OURS}")
    page = came_to_nothing(site, provider, "gina-at-home")
    assert "has one account" in page.words()
    gina = actor(site, "gina").member_id
    with site.database.reading() as connection:
        told = connection.execute(
            select(AuditEntry.subject).where(AuditEntry.action == "member.second-account")
        ).scalars()
        assert f"member:{gina}" in list(told)


def came_to_nothing(site: Site, provider: oidc.Provider, subject: str, *, status: int = 409) -> Visitor:
    browser = site.anybody()
    return browser.get(local(provider.sign_in(way(site, browser), subject)), status=status)


def test_an_account_is_not_taken_over_by_its_address(site: Site, provider: oidc.Provider) -> None:
    with site.database.transaction() as session:
        accounts.register(session, handle="hanna", mail="hanna@elsewhere.example", password="a long password")
        held = session.scalars(select(MailAddress).where(MailAddress.address == "hanna@elsewhere.example")).one()
        held.verified_at = held.created_at
    provider.person("hanna")
    page = came_to_nothing(site, provider, "hanna")
    assert "Sign in to it, then connect Company Desk in your settings." in page.words()
    assert signed_in_as(page) == ""
    with site.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(Identity).where(Identity.subject == "hanna")) == 0


def test_an_address_that_is_not_verified_tells_nothing_of_who_has_it(site: Site, provider: oidc.Provider) -> None:
    with site.database.transaction() as session:
        accounts.register(session, handle="irma", mail="irma@elsewhere.example", password="a long password")
        held = session.scalars(select(MailAddress).where(MailAddress.address == "irma@elsewhere.example")).one()
        held.verified_at = held.created_at
    provider.person("somebody", email="irma@elsewhere.example", email_verified=False)
    browser = came(site, provider, "somebody")
    assert browser.leads_to == "/register/with/company"
    assert "irma@" not in browser.follow().text
    browser.send("/register/with/company", handle="somebody")
    assert signed_in_as(browser) == "somebody"
    with site.database.reading() as connection:
        owners = connection.scalars(
            select(Member.handle)
            .join(MailAddress, MailAddress.member_id == Member.id)
            .where(MailAddress.address == "irma@elsewhere.example")
        )
        assert list(owners) == ["irma"]


def test_who_is_suspended_is_held_here_too(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "ivo")
    with site.database.transaction() as session:
        member = session.scalars(select(Member).where(Member.handle == "ivo")).one()
        member.suspended_until = now() + timedelta(days=3)
    came(site, provider, "ivo")
    held = actor(site, "ivo")
    assert held.suspended
    assert not held.privileges


def test_who_had_closed_their_account_is_back_with_it_and_who_is_deleted_is_not(
    site: Site, provider: oidc.Provider
) -> None:
    new_account(site, provider, "ines")
    with site.database.transaction() as session:
        session.scalars(select(Member).where(Member.handle == "ines")).one().deactivated_at = now()
    browser = came(site, provider, "ines")
    assert signed_in_as(browser) == "ines"
    with site.database.transaction() as session:
        session.scalars(select(Member).where(Member.handle == "ines")).one().deleted_at = now()
    page = came_to_nothing(site, provider, "ines")
    assert "This account was deleted." in page.words()
    assert signed_in_as(page) == ""


def test_keys_that_were_rotated_are_fetched_again(site: Site, provider: oidc.Provider) -> None:
    new_account(site, provider, "jana")
    provider.stop()
    provider.rotate_keys()
    provider.start()
    assert signed_in_as(came(site, provider, "jana")) == "jana"


def test_while_the_provider_is_away_sessions_go_on_and_the_page_says_so(site: Site, provider: oidc.Provider) -> None:
    inside = new_account(site, provider, "karla")
    with site.database.transaction() as session:
        accounts.register(session, handle="keeper", mail="keeper@elsewhere.example", password="a long password")
    under_way = site.anybody()
    back = local(provider.sign_in(way(site, under_way), "karla"))
    provider.stop()
    try:
        page = under_way.get(back, status=503)
        assert (
            "Company Desk cannot be reached right now. Sign in another way, or try again in a minute." in page.words()
        )
        site.app.site.state["loggia"].directory.forget()
        browser = site.anybody().get("/login")
        assert "cannot be reached right now" in browser.send("/login/with/company", status=503).words()
        assert signed_in_as(inside) == "karla"
        browser.send("/login", login="keeper", password="a long password")
        assert signed_in_as(browser) == "keeper"
    finally:
        provider.start()
    site.app.site.state["loggia"].directory.forget()
    assert signed_in_as(came(site, provider, "karla")) == "karla"
