"""The badge of a partner, reseller or contractor stands wherever that of the company does, as it was worn then."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from forum.events import MemberDeleted
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import affiliations
from forum.members.actors import SYSTEM, actor_of
from forum.members.leaving import anonymise
from forum.members.tables import Affiliation, Member
from forum.threads import editing, replying
from forum.threads.reactions import forget_member
from forum.threads.tables import Post, Thread
from tests.feeds.test_feeds import NS, feed
from tests.forum import making as make
from tests.web import calling
from tests.web.pages.visiting import Site


@pytest.fixture(scope="module")
def api(settings: Settings, database: Database) -> Iterator[calling.Site]:
    yield from calling.calling(settings, database)


@pytest.fixture(scope="module")
def partner(database: Database) -> Actor:
    with database.transaction() as session:
        member = make.member(session, handle="carla", privileges=("post:edit-any",))
        affiliations.declare(session, member, kind="partner", organisation="Mill & Sons")
        affiliations.confirm(session, SYSTEM, handle="carla")
        return actor_of(session, member.member_id)


@pytest.fixture(scope="module")
def thread(database: Database, partner: Actor) -> Thread:
    """A partner's question, and a reseller's reply with their comment, who is bound no more by now."""
    with database.transaction() as session:
        asked = make.thread(session, partner)
        seller = make.member(session)
        affiliations.declare(session, seller, kind="reseller", organisation="Bar Duomo")
        seller = actor_of(session, seller.member_id)
        reply = make.reply(session, asked, seller)
        replying.comment(session, seller, post_id=reply.id, body="I sell that part, too.")
        affiliations.withdraw(session, seller)
        make.reply(session, asked, actor_of(session, seller.member_id))
        return asked


BADGES = "//span[contains(@class,'badge')]"


def test_a_thread_shows_whom_its_authors_were_bound_to(site: Site, thread: Thread) -> None:
    page = site.anybody().get(f"/t/{thread.id}/{thread.slug}")
    heads = [" ".join(head.text_content().split()) for head in page.page.xpath("//article//header")]
    assert "Carla Partner Mill & Sons" in heads[0]
    assert sum("Reseller · declared by themselves Bar Duomo" in head for head in heads[1:]) == 1
    assert len(heads) == 3
    assert "Reseller · declared by themselves Bar Duomo" in page.words("//ul[@class='comments']/li")
    assert not page.has("//article//span[@class='staff']")


def test_in_italian(site: Site, thread: Thread) -> None:
    page = site.anybody().get(f"/t/{thread.id}/{thread.slug}", accept_language="it")
    assert page.words(f"//article//header{BADGES}") == "Partner Rivenditore · dichiarato di persona"


def test_a_program_is_marked_as_one(site: Site, api: calling.Site, database: Database) -> None:
    with database.transaction() as session:
        robot, person = make.member(session, is_bot=True), make.member(session)
        asked = make.thread(session, person)
        reply = make.reply(session, asked, robot)
        replying.comment(session, robot, post_id=reply.id, body="Counted by a program.")
    page = site.anybody().get(f"/t/{asked.id}/{asked.slug}")
    assert [mark.text_content() for mark in page.page.xpath(f"//article{BADGES}")] == ["Program", "Program"]
    posts = api.nobody("GET", f"/threads/{asked.id}/posts")["items"]
    assert [post["author"]["bot"] for post in posts] == [False, True, True]


def test_lists_show_it_beside_who_spoke_last(site: Site, database: Database, partner: Actor) -> None:
    with database.transaction() as session:
        place = make.category(session)
        make.thread(session, partner, place)
    assert "CarlaC" + "Partner" in site.anybody().get(f"/c/{place.slug}").words("//p[@class='last']")


def test_the_history_shows_the_badge_of_whoever_wrote_each_version(
    site: Site, api: calling.Site, database: Database, partner: Actor
) -> None:
    with database.transaction() as session:
        author = make.staff(session, team="Repairs")
        post = make.opening(session, make.thread(session, make.member(session)))
        said = make.reply(session, session.get_one(Thread, post.thread_id), author)
        editing.edit_post(session, partner, post_id=post.id, body=make.BODY + " Please!", comment="A word more.")
        editing.edit_post(session, author, post_id=said.id, body=make.REPLY + " Always.")
    steps = site.anybody().get(f"/p/{post.id}/history").page.xpath("//ol/li//p[@class='quiet']")
    newest, first = (" ".join(step.text_content().split()) for step in steps)
    assert newest.startswith("Carla Partner Mill & Sons as a member with the right to edit")
    assert "Partner" not in first
    versions = api.nobody("GET", f"/posts/{post.id}/revisions")["items"]
    assert [version["author"]["affiliation"] for version in versions] == [
        None, {"kind": "partner", "organisation": "Mill & Sons", "confirmed": True},
    ]  # fmt: skip
    versions = api.nobody("GET", f"/posts/{said.id}/revisions")["items"]
    assert [(one["author"]["company"], one["author"]["team"]) for one in versions] == [(True, "Repairs")] * 2


def test_programs_and_feeds_are_told(site: Site, api: calling.Site, thread: Thread) -> None:
    posts = api.nobody("GET", f"/threads/{thread.id}/posts")["items"]
    assert [(post["author"]["company"], post["author"]["team"]) for post in posts] == [(False, "")] * 4
    assert [(post["author"]["affiliation"] or {}).get("organisation") for post in posts] == [
        "Mill & Sons", "Bar Duomo", "Bar Duomo", None,
    ]  # fmt: skip
    names = feed(site.anybody(), f"/feeds/t/{thread.id}").xpath("a:entry/a:author/a:name/text()", namespaces=NS)
    assert "Carla (Partner, Mill & Sons)" in names
    assert sum("(Reseller, Bar Duomo, declared by themselves)" in name for name in names) == 2
    names = feed(site.anybody(), "/feeds/latest").xpath("a:entry/a:author/a:name/text()", namespaces=NS)
    assert "Carla (Partner, Mill & Sons)" in names


def test_who_left_for_good_is_bound_to_nobody_by_name(database: Database) -> None:
    with database.transaction() as session:
        member = make.member(session)
        affiliations.declare(session, member, kind="contractor", organisation="Mario Rossi")
        post = make.opening(session, make.thread(session, actor_of(session, member.member_id)))
        anonymise(session, session.get_one(Member, member.member_id))
        for _ in range(2):
            forget_member(session, MemberDeleted(member_id=member.member_id or 0))
        kept = session.execute(select(Post.badge_kind, Post.badge_team).where(Post.id == post.id)).one()
        assert tuple(kept) == ("contractor", "")
        assert session.scalars(select(Affiliation.team).where(Affiliation.member_id == member.member_id)).all() == [""]
