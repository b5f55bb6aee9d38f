"""People who come to a site from a real identity provider; two fixtures that a module takes over by name, and the steps they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import providers
from forum.members.actors import actor_of
from forum.members.tables import Group, IdentityProvider, Member
from tests.installing import settings_for
from tests.servers import Missing, oidc
from tests.web.pages.visiting import HERE, Site, Visitor

CALLBACK = f"{HERE}/login/with/company/callback"
OURS = "company.example"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[oidc.Provider]:
    try:
        with oidc.running(tmp_path_factory.mktemp("provider"), CALLBACK) as running:
            yield running
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def site(
    database_url: str, database: Database, provider: oidc.Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    settings = settings_for(
        database_url, tmp_path_factory.mktemp("var"), oidc_issuer=provider.issuer, oidc_client_id=oidc.CLIENT,
        oidc_client_secret=oidc.SECRET, staff_domains=OURS,
    )  # fmt: skip
    with database.transaction() as session:
        providers.follow_environment(session, settings)
        first = session.scalars(select(IdentityProvider)).one()
        first.name, first.group_claim, first.staff_group = "Company Desk", "groups", "employees"
        first.scopes = "openid email profile groups"
        session.add(Group(name="Key customers", name_key="key customers", kind="claim", claim="key-customers"))
    opened = Site(settings, database)
    yield opened
    opened.close()


def way(site: Site, browser: Visitor, *, to: str = "/") -> str:
    """Press the button; returns where the browser is led."""
    browser.get("/login")
    return browser.send("/login/with/company", next=to).leads_to


def local(address: str) -> str:
    return address.removeprefix(HERE)


def came(
    site: Site, provider: oidc.Provider, subject: str, *, browser: Visitor | None = None, to: str = "/"
) -> Visitor:
    """Somebody who signs in at the provider and has come back."""
    browser = browser or site.anybody()
    return browser.get(local(provider.sign_in(way(site, browser, to=to), subject)), status=303)


def new_account(site: Site, provider: oidc.Provider, subject: str, **claims: Any) -> Visitor:
    provider.person(subject, **claims)
    browser = came(site, provider, subject).follow()
    return browser.send("/register/with/company", handle=subject, name=subject.title())


def actor(site: Site, handle: str) -> Actor:
    with site.database.reading() as connection:
        member_id = connection.scalar(select(Member.id).where(Member.handle == handle))
        return actor_of(connection, member_id)


def signed_in_as(browser: Visitor) -> str:
    """The handle that the settings show; "" for nobody."""
    answer = browser.client.get("/settings")
    if answer.status_code != 200:
        return ""
    browser._at(answer, 200)
    found = browser.page.xpath("//a[starts-with(@href, '/m/')]/@href")
    return str(found[0]).removeprefix("/m/")
