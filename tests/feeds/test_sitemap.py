"""The sitemap, and the other small documents by which machines find their way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.robotparser import RobotFileParser

import pytest
from lxml import etree

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import site
from forum.members.actors import SYSTEM
from forum.threads import hiding
from forum.threads.places import recount_categories
from tests.forum import making as make
from tests.installing import settings_for
from tests.shared import shared_data
from tests.web.pages.visiting import HERE, Site, opened_site
from web.feeds import finding

NS = {"s": finding.SITEMAP}


@pytest.fixture
def afresh(settings: Settings, database: Database) -> Iterator[Site]:
    """A site that has kept no page yet."""
    with opened_site(settings, database) as opened:
        yield opened


def locations(site: Site, path: str, schema: str) -> list[str]:
    """What a part of the sitemap names, checked against the schema of sitemaps.org."""
    visitor = site.anybody().get(path)
    assert visitor.answer.headers["content-type"].startswith("application/xml")
    root = etree.fromstring(visitor.answer.content)
    etree.XMLSchema(etree.parse(shared_data("data/sitemap-xsd") / schema)).assertValid(root)
    return [str(found) for found in root.xpath("//s:loc/text()", namespaces=NS)]


def test_every_address_of_the_sitemap_is_one_that_everybody_may_open(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        inner = make.category(session, audience=2, openers=2)
        secret = make.thread(session, make.staff(session), inner, title="Secret of the staff alone")
        hidden = make.thread(session, title="Hidden from everybody's eyes")
        hiding.hide_thread(session, thread_id=hidden.id, decision=make.decision(session))
        shown = make.thread(session, tags=["c++"])
        article = Article(
            category_id=shown.category_id, state="published", title="An article", slug="an-article", source="x", html="<p>x</p>", renderer=1,
            created_at=now(), changed_at=now(), published_at=now(),
        )  # fmt: skip
        session.add(article)
        session.flush()
    parts = locations(afresh, "/sitemap.xml", "siteindex.xsd")
    assert parts[:2] == [f"{HERE}/sitemap.xml?part=places", f"{HERE}/sitemap.xml?part=articles"]
    found = [one for part in parts for one in locations(afresh, part.removeprefix(HERE), "sitemap.xsd")]
    assert len(set(found)) == len(found)
    assert f"{HERE}/t/{shown.id}/{shown.slug}" in found
    assert f"{HERE}/help/{article.id}/an-article" in found
    assert f"{HERE}/tags/c++" in found
    assert not [one for one in found if f"/t/{secret.id}/" in one or f"/t/{hidden.id}/" in one or inner.slug in one]
    for address in found:
        afresh.anybody().get(address.removeprefix(HERE))


def test_threads_come_in_shares_that_never_move(
    afresh: Site, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SHARE", 3)
    with database.transaction() as session:
        place, author = make.category(session), make.member(session)
        made = [make.thread(session, author, place) for _ in range(8)]
    parts = [part for part in locations(afresh, "/sitemap.xml", "siteindex.xsd") if "part=threads" in part]
    found = [one for part in parts for one in locations(afresh, part.removeprefix(HERE), "sitemap.xsd")]
    assert {f"{HERE}/t/{thread.id}/{thread.slug}" for thread in made} <= set(found)
    assert all(len(locations(afresh, part.removeprefix(HERE), "sitemap.xsd")) <= 3 for part in parts)
    own = f"/sitemap.xml?part=threads&page={made[0].id // 3}"
    assert f"{HERE}/t/{made[0].id}/{made[0].slug}" in locations(afresh, own, "sitemap.xsd")


@pytest.mark.parametrize("path", ["?part=threads&page=999999", "?part=odd", "?part=threads&page=-1"])
def test_what_is_no_part_is_no_page(afresh: Site, path: str) -> None:
    status = 404 if "999999" in path else 422
    afresh.anybody().get(f"/sitemap.xml{path}", status=status)


def test_crawlers_are_told_what_to_leave_alone(afresh: Site) -> None:
    lines = afresh.anybody().get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    for private in ("/search", "/login", "/settings", "/admin", "/moderation", "/api/", "/ask"):
        assert f"Disallow: {private}" in lines
    assert f"Sitemap: {HERE}/sitemap.xml" in lines
    assert "Disallow: /" not in lines


def test_browsers_learn_how_to_search_here(afresh: Site) -> None:
    visitor = afresh.anybody().get("/opensearch.xml")
    assert visitor.answer.headers["content-type"].startswith("application/opensearchdescription+xml")
    root = etree.fromstring(visitor.answer.content)
    spec = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    assert root.findtext("o:ShortName", namespaces=spec) == "Loggia"
    assert (
        root.xpath("string(o:Url[@type='text/html']/@template)", namespaces=spec) == f"{HERE}/search?q={{searchTerms}}"
    )
    assert "Cerca" in afresh.anybody().get("/opensearch.xml", accept_language="it").text


def test_language_models_learn_where_things_are(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        place = make.category(session, description="About boilers")
        inner = make.category(session, audience=2, openers=2)
    visitor = afresh.anybody().get("/llms.txt")
    assert visitor.text.startswith("# Loggia\n\n> ")
    assert f"- [{place.name}]({HERE}/c/{place.slug}): About boilers" in visitor.text
    assert inner.slug not in visitor.text
    for known in ("/help", "/api/openapi.json", "/feeds/latest", "/feeds/help", "/transparency"):
        assert f"({HERE}{known})" in visitor.text
        afresh.anybody().get(known)
    assert "Licence" not in visitor.text


def test_who_runs_the_site_says_whether_language_models_may_read(fresh_database: Database, tmp_path: Path) -> None:
    own = settings_for(fresh_database.url.render_as_string(hide_password=False), tmp_path)
    with opened_site(own, fresh_database) as afresh:
        with fresh_database.transaction() as session:
            site.change(session, SYSTEM, {"licence": "CC BY-SA 4.0", "description": "All about kettles."})
        afresh.app.site.state["loggia"].sites.forget()
        assert "Licence of what people write here: CC BY-SA 4.0" in afresh.anybody().get("/llms.txt").text
        assert "GPTBot" not in afresh.anybody().get("/robots.txt").text
        with fresh_database.transaction() as session:
            site.change(session, SYSTEM, {"models": "refused"})
        afresh.app.site.state["loggia"].sites.forget()
        afresh.anybody().get("/llms.txt", status=404)
        told = afresh.anybody().get("/robots.txt").text
        rules = RobotFileParser()
        rules.parse(told.splitlines())
        assert not rules.can_fetch("GPTBot", f"{HERE}/")
        assert rules.can_fetch("Googlebot", f"{HERE}/")
        assert not rules.can_fetch("Googlebot", f"{HERE}/settings")


def test_a_place_with_nothing_in_it_is_not_in_the_sitemap(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        empty, used = make.category(session), make.category(session)
        make.thread(session, place=used)
    recount_categories(database)
    found = locations(afresh, "/sitemap.xml?part=places", "sitemap.xsd")
    assert f"{HERE}/c/{used.slug}" in found
    assert f"{HERE}/c/{empty.slug}" not in found
