"""Feeds: well formed, their ids stable, with what everybody may read and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads import editing, hiding
from forum.threads.tables import Thread
from moderation.decisions import Ruling, decide
from moderation.pages import log_head
from tests.forum import making as make
from tests.installing import settings_for
from tests.web.pages.visiting import HERE, Site, Visitor, opened_site
from web.feeds.atom import Entry, Feed, atom, clean

NS = {"a": "http://www.w3.org/2005/Atom", "log": "urn:loggia:log", "xml": "http://www.w3.org/XML/1998/namespace"}


def feed(visitor: Visitor, path: str) -> Any:
    """The feed at a path, checked for what RFC 4287 wants of every feed and entry."""
    visitor.get(path)
    assert visitor.answer.headers["content-type"].startswith("application/atom+xml")
    root = etree.fromstring(visitor.answer.content)
    assert root.tag == "{http://www.w3.org/2005/Atom}feed"
    for node in [root, *root.findall("a:entry", NS)]:
        for needed in ("id", "title", "updated"):
            assert len(node.findall(f"a:{needed}", NS)) == 1, needed
    assert root.xpath("string(a:link[@rel='self']/@href)", namespaces=NS) == HERE + path
    for entry in root.findall("a:entry", NS):
        assert entry.findtext("a:author/a:name", namespaces=NS)
        assert entry.find("a:content", NS).get("type") == "html"
        assert entry.xpath("string(a:link/@href)", namespaces=NS).startswith(HERE)
    ids = root.xpath("a:entry/a:id/text()", namespaces=NS)
    assert len(set(ids)) == len(ids)
    return root


def titles(root: Any) -> list[str]:
    return list(root.xpath("a:entry/a:title/text()", namespaces=NS))


def ids(root: Any) -> list[str]:
    return list(root.xpath("a:entry/a:id/text()", namespaces=NS))


def test_what_is_new_is_in_the_feeds_of_all_its_category_and_its_tags(site: Site, database: Database) -> None:
    with database.transaction() as session:
        place = make.category(session, name="Boilers & <pumps>")
        thread = make.thread(session, place=place, title="Is a < b & c > d?", tags=["dik-dik"], locale="it")
    for path in ("/feeds/latest", f"/feeds/c/{place.slug}", "/feeds/tags/dik-dik"):
        root = feed(site.anybody(), path)
        assert "Is a < b & c > d?" in titles(root), path
    (entry,) = root.findall("a:entry", NS)
    assert entry.get(f"{{{NS['xml']}}}lang") == "it"
    assert make.BODY in entry.findtext("a:content", namespaces=NS)
    assert entry.xpath("string(a:link/@href)", namespaces=NS) == f"{HERE}/t/{thread.id}/{thread.slug}"
    assert entry.xpath("string(a:category/@label)", namespaces=NS) == "Boilers & <pumps>"


def test_ids_stay_when_everything_else_changes(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, place = make.member(session), make.category(session)
        thread = make.thread(session, author, place)
        reply = make.reply(session, thread, author)
    paths = (f"/feeds/c/{place.slug}", f"/feeds/t/{thread.id}")
    before = [ids(feed(site.anybody(), path)) for path in paths]
    with database.transaction() as session:
        editing.edit_thread(session, author, thread_id=thread.id, title="Another title altogether")
        editing.edit_post(session, author, post_id=reply.id, body="Another answer altogether.")
    other = Site(site_settings(site), database)
    try:
        assert [ids(feed(other.anybody(), path)) for path in paths] == before
    finally:
        other.close()


def site_settings(site: Site) -> Settings:
    settings: Settings = site.app.site.state["loggia"].settings
    return settings


@pytest.fixture
def afresh(settings: Settings, database: Database) -> Iterator[Site]:
    """A site that has kept no page yet."""
    with opened_site(settings, database) as opened:
        yield opened


def test_nothing_that_is_not_everybodys_is_in_a_feed(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        staff, moderator = make.staff(session), make.moderator(session)
        inner, members = make.category(session, audience=2, openers=2), make.category(session, audience=1)
        place = make.category(session)
        secret = make.thread(session, staff, inner, title="Secret of the bandicoots", tags=["bandicoot"])
        semi = make.thread(
            session, make.member(session), members, title="Members talk of bandicoots", tags=["bandicoot"]
        )
        hidden = make.thread(session, place=place, title="Hidden bandicoots", tags=["bandicoot"])
        hiding.hide_thread(session, thread_id=hidden.id, decision=make.decision(session))
        shown = make.thread(session, place=place, title="A thread on bandicoots", tags=["bandicoot"])
        author = make.member(session)
        rude = make.reply(session, shown, author, body="Rude words of a numbat.")
        hiding.hide_post(session, post_id=rude.id, decision=make.decision(session))
        taken = make.reply(session, shown, author, body="Words that the numbat took back.")
        editing.delete_post(session, author, post_id=taken.id)
        make.reply(session, shown, author, body="What everybody may read.")
    for visitor in (afresh.anybody(), afresh.as_(moderator), afresh.as_(staff)):
        assert titles(feed(visitor, "/feeds/tags/bandicoot")) == ["A thread on bandicoots"]
        for path in (f"/feeds/c/{inner.slug}", f"/feeds/c/{members.slug}", "/feeds/c/nowhere", "/feeds/tags/nothing"):
            visitor.get(path, status=404)
        for thread in (secret, semi, hidden):
            visitor.get(f"/feeds/t/{thread.id}", status=404)
        assert "bandicoots" in visitor.get("/feeds/latest").text
        assert "Secret" not in visitor.text
        root = feed(visitor, f"/feeds/t/{shown.id}")
        assert len(ids(root)) == 2
        assert "numbat" not in visitor.text


def test_a_threads_feed_has_its_posts_the_newest_first(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        peer = make.member(session)
        thread = make.thread(session)
        reply = make.reply(session, thread, peer, body="See [here](/t/1) for more.")
    root = feed(afresh.anybody(), f"/feeds/t/{thread.id}")
    assert titles(root) == [f"{peer.name} on “{make.TITLE}”", make.TITLE]
    assert root.xpath("string(a:entry[1]/a:link/@href)", namespaces=NS) == f"{HERE}/p/{reply.id}"
    assert root.get(f"{{{NS['xml']}}}base") == HERE + "/"
    assert 'href="/t/1"' in root.xpath("string(a:entry[1]/a:content)", namespaces=NS)
    for path in ("/feeds/t/0", "/feeds/t/abc", "/feeds/t/404404"):
        afresh.anybody().get(path, status=404)


def test_the_public_logs_feed_brings_every_link_and_a_checkpoint(fresh_database: Database, tmp_path: Path) -> None:
    site = Site(settings_for(fresh_database.url.render_as_string(hide_password=False), tmp_path), fresh_database)
    with fresh_database.transaction() as session:
        moderator = make.moderator(session)
        thread = make.thread(session)
        for word in ("first", "second"):
            reply = make.reply(session, thread, body="Words that will be removed.")
            text = f"The {word} reason, <plainly>."
            decide(
                session,
                moderator,
                Ruling(
                    action="hide-post", target_kind="post", target_id=reply.id, rule="1", reason_code="abuse", text=text
                ),
            )
    root = feed(site.anybody(), "/feeds/transparency")
    with fresh_database.reading() as connection:
        head = log_head(connection)
    point = root.find("log:checkpoint", NS)
    assert (point.get("number"), point.get("sha256")) == (str(head.number), head.hash)
    assert head.hash in root.findtext("a:subtitle", namespaces=NS)
    links = root.xpath("a:entry/log:entry", namespaces=NS)
    newest, before = links[:2]
    assert newest.get("previous") == before.get("sha256")
    content = root.xpath("string(a:entry[1]/a:content)", namespaces=NS)
    assert "The second reason, &lt;plainly&gt;." in content
    assert newest.get("sha256") in content
    assert len(ids(root)) == 2
    site.close()


def test_a_feed_is_kept_and_not_sent_twice(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        make.thread(session)
    visitor = afresh.anybody().get("/feeds/latest")
    etag = visitor.answer.headers["etag"]
    assert visitor.get("/feeds/latest", status=304, if_none_match=etag).text == ""


def test_a_feed_speaks_the_readers_language(afresh: Site, database: Database) -> None:
    root = feed(afresh.anybody(), "/feeds/latest")
    assert root.findtext("a:title", namespaces=NS) == "Latest · Loggia"
    italian = etree.fromstring(afresh.anybody().get("/feeds/latest", accept_language="it").answer.content)
    assert italian.get(f"{{{NS['xml']}}}lang") == "it"


def test_no_character_makes_a_feed_ill_formed() -> None:
    from datetime import UTC, datetime

    odd = "".join(map(chr, range(0x20))) + "\ufffe\uffff\ud800 ]]> \U0001f600 \u2028"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    entry = Entry(
        id="tag:x,2026-01-01:thread/1", title=odd, address="http://x/", published=at, updated=at, html=f"<p>{odd}"
    )
    made = atom(Feed(title=odd, address="http://x/f", page="http://x/", base="http://x", locale="en", entries=(entry,)))
    root = etree.fromstring(made)
    assert clean(odd).endswith("]]> \U0001f600 \u2028")
    assert root.xpath("string(a:entry/a:title)", namespaces=NS).endswith("]]> \U0001f600 \u2028")
    empty = atom(Feed(title="", address="http://x/f", page="http://x/", base="http://x", locale="en", entries=()))
    assert etree.fromstring(empty).findtext("a:updated", namespaces=NS) == "1970-01-01T00:00:00Z"


def test_every_list_that_has_its_own_order_or_kind_has_a_feed(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        staff, peer, place = make.staff(session), make.member(session), make.category(session)
        open_one = make.thread(session, place=place, title="Nobody answered the quokka")
        answered = make.thread(session, place=place, title="Somebody answered the quokka")
        reply = make.reply(session, answered, peer, body="Give it a leaf.")
        idea = make.thread(session, place=place, kind="idea", title="More quokkas in the garden")
        told = make.thread(session, staff, place, kind="announcement", title="The quokkas have come to stay")
        inner = make.category(session, audience=1)
        kept = make.reply(
            session, make.thread(session, place=inner, title="A talk among members only"), peer, body="Not for all."
        )
        session.get_one(Thread, answered.id).score = 7
    feeds = {
        path: feed(afresh.anybody(), path)
        for path in ("/feeds/unanswered", "/feeds/top", "/feeds/ideas", "/feeds/announcements")
    }
    assert open_one.title in titles(feeds["/feeds/unanswered"])
    assert answered.title not in titles(feeds["/feeds/unanswered"])
    assert titles(feeds["/feeds/top"])[0] == answered.title
    assert idea.title in titles(feeds["/feeds/ideas"])
    assert titles(feeds["/feeds/announcements"]) == [told.title]
    mine = feed(afresh.anybody(), f"/feeds/m/{peer.handle}")
    assert titles(mine) == [answered.title]
    assert mine.xpath("string(a:entry/a:link/@href)", namespaces=NS) == f"{HERE}/p/{reply.id}"
    for path in ("/", "/?sort=unanswered", "/?sort=top", "/ideas", "/help", f"/m/{peer.handle}", f"/c/{place.slug}"):
        (own,) = afresh.anybody().get(path).page.xpath("//link[@type='application/atom+xml']/@href")
        page = feed(afresh.anybody(), own).xpath("string(a:link[@rel='alternate']/@href)", namespaces=NS)
        assert page == HERE + path
    assert "Not for all" not in afresh.as_(staff).get(f"/feeds/m/{peer.handle}").text, kept


def test_who_does_not_want_their_answers_gathered_has_no_feed_of_them(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        shy = make.member(session, hides_activity=True)
        make.reply(session, make.thread(session), shy)
    for visitor in (afresh.anybody(), afresh.as_(shy)):
        visitor.get(f"/feeds/m/{shy.handle}", status=404)
    assert afresh.anybody().get(f"/m/{shy.handle}").has("//link[@type='application/atom+xml'][@href='/feeds/latest']")


def test_articles_have_a_feed(afresh: Site, database: Database) -> None:
    with database.transaction() as session:
        for title, audience, state in (
            ("Feed the quokka", 0, "published"),
            ("Inner quokka", 2, "published"),
            ("Draft", 0, "draft"),
        ):
            place = make.category(session, audience=audience, openers=max(1, audience))
            session.add(
                Article(
                    category_id=place.id, state=state, title=title, slug="x", source="x", html="<p>A <em>leaf</em>.</p>", renderer=1,
                    created_at=now(), changed_at=now(), published_at=now(),
                )
            )  # fmt: skip
    root = feed(afresh.anybody(), "/feeds/help")
    assert titles(root) == ["Feed the quokka"]
    assert root.xpath("string(a:entry/a:content)", namespaces=NS) == "<p>A <em>leaf</em>.</p>"
