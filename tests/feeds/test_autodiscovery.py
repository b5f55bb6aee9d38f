"""Pages say which feed follows them, and how to search here."""

from __future__ import annotations

from forum.kernel.db import Database
from tests.forum import making as make
from tests.web.pages.visiting import Site


def test_every_page_names_its_feed(site: Site, database: Database) -> None:
    with database.transaction() as session:
        place = make.category(session)
        thread = make.thread(session, place=place, tags=["c++"])
    pages = {
        "/": "/feeds/latest",
        f"/c/{place.slug}": f"/feeds/c/{place.slug}",
        "/tags/c++": "/feeds/tags/c++",
        f"/t/{thread.id}/{thread.slug}": f"/feeds/t/{thread.id}",
        "/transparency": "/feeds/transparency",
        "/help": "/feeds/help",
    }
    for path, feed in pages.items():
        visitor = site.anybody().get(path)
        assert visitor.page.xpath('//link[@rel="alternate"][@type="application/atom+xml"]/@href') == [feed]
        assert visitor.has('//link[@rel="search"][@href="/opensearch.xml"]')
        visitor.get(feed)
