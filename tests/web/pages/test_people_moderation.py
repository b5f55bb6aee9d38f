"""Reporting, the review queue and deciding, as people do it in a browser."""

from typing import Any

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.threads.tables import Post, Thread
from moderation import flagging
from moderation.tables import Decision, Flag
from tests.forum import making as make
from tests.installing import deliver_all
from tests.moderation.deciding import WHY, decided
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor

CANARY = "The street and number of my neighbour"
DECISION: dict[str, Any] = {"do": "hide-post", "rule": "4", "reason": "personal-data", "text": WHY}


@pytest.fixture
def post(database: Database, people: People) -> Post:
    with database.transaction() as session:
        return make.reply(session, make.thread(session, people.asker), people.peer, body=f"{CANARY} is here.")


@pytest.fixture
def reported(database: Database, post: Post) -> Post:
    with database.transaction() as session:
        flagging.raise_flag(session, make.member(session), post_id=post.id, reason="personal-data", note="Look <here>")
    return post


@pytest.fixture
def moderator(site: Site, people: People) -> Visitor:
    return site.as_(people.moderator)


def hidden(database: Database, post: Post) -> bool:
    with database.reading() as connection:
        return connection.execute(select(Post.hidden_at).where(Post.id == post.id)).scalar_one() is not None


def newest(database: Database) -> Decision:
    with database.transaction() as session:
        return session.scalars(select(Decision).order_by(Decision.number.desc()).limit(1)).one()


# Reporting


def test_a_member_reports_a_post_once(site: Site, database: Database, people: People, post: Post) -> None:
    visitor = site.as_(people.asker)
    assert CANARY in visitor.get(f"/p/{post.id}/report").words("//blockquote")
    assert visitor.send(f"/p/{post.id}/report", reason="spam", note="A shop window").leads_to == f"/p/{post.id}"
    with database.transaction() as session:
        flag = session.scalars(select(Flag).where(Flag.post_id == post.id)).one()
        assert (flag.reason, flag.note, flag.member_id) == ("spam", "A shop window", people.asker.member_id)
    page = visitor.get(f"/p/{post.id}/report")
    assert "It waits in the review queue" in page.words()
    assert "Reported. A moderator will look at it." in page.text
    assert not page.has("//main//form")


def test_the_reporter_learns_what_came_of_it(site: Site, database: Database, people: People, post: Post) -> None:
    visitor = site.as_(people.asker)
    visitor.send(f"/p/{post.id}/report", reason="spam")
    with database.transaction() as session:
        flagging.keep(session, people.moderator, post_id=post.id)
    assert "let it stand" in visitor.get(f"/p/{post.id}/report").words()


def test_a_report_wants_a_reason(site: Site, people: People, post: Post) -> None:
    page = site.as_(people.asker).send(f"/p/{post.id}/report", status=422, note="Kept")
    assert "Choose what is wrong" in page.words("//*[@id='errors']")
    assert page.page.xpath("//textarea")[0].text.strip() == "Kept"


def test_nobody_reports_their_own_words_or_unknown_ones(site: Site, people: People, post: Post) -> None:
    site.as_(people.peer).get(f"/p/{post.id}/report", status=403)
    site.as_(people.asker).get("/p/999999/report", status=404)
    assert "login" in site.anybody().get(f"/p/{post.id}/report", status=303).leads_to


# The queue


def test_the_queue_is_for_moderators(site: Site, people: People, post: Post) -> None:
    for visitor in (site.as_(people.peer), site.as_(people.staff)):
        for path in ("/moderation", f"/moderation/posts/{post.id}", f"/moderation/threads/{post.thread_id}"):
            visitor.get(path, status=403)
        visitor.send(f"/moderation/posts/{post.id}", status=403, **DECISION)
    assert site.anybody().get("/moderation", status=303).leads_to == "/login?next=/moderation"


def test_a_reported_post_is_laid_out_with_all_there_is_to_know(
    moderator: Visitor, people: People, reported: Post
) -> None:
    page = moderator.get(f"/moderation/posts/{reported.id}")
    assert CANARY in page.words("//blockquote")
    assert "Personal data, “Look <here>”" in page.words("//main//dl")
    assert f"by {people.peer.name}" in page.words("//*[@class='meta']")
    assert f"Reply by {people.peer.name}" in page.words("//nav[@aria-label='What waits']")
    assert page.page.xpath("//input[@name='do']/@value") == ["keep", "hide-post"]


def test_keeping_closes_the_reports_and_logs_nothing(moderator: Visitor, database: Database, reported: Post) -> None:
    with database.reading() as connection:
        before = connection.execute(select(Decision.number)).all()
    assert moderator.send(f"/moderation/posts/{reported.id}", do="keep").leads_to == "/moderation"
    assert not hidden(database, reported)
    with database.reading() as connection:
        assert connection.execute(select(Decision.number)).all() == before
    page = moderator.send(f"/moderation/posts/{reported.id}", status=422, do="keep")
    assert "no open report" in page.words("//*[@id='errors']")


def test_removing_is_logged_and_can_be_undone_by_somebody(
    site: Site, moderator: Visitor, database: Database, people: People, reported: Post
) -> None:
    assert moderator.send(f"/moderation/posts/{reported.id}", **DECISION).leads_to == "/moderation"
    assert hidden(database, reported)
    entry = newest(database)
    assert (entry.action, entry.rule, entry.reason_code, entry.role) == ("hide-post", "4", "personal-data", "moderator")
    assert "It stands in the public log" in moderator.get("/moderation").text

    page = moderator.get(f"/moderation/posts/{reported.id}")
    assert page.page.xpath("//input[@name='do']/@value") == ["restore-post"]
    assert page.has(f"//a[@href='/transparency/{entry.number}']")
    moderator.send(
        f"/moderation/posts/{reported.id}", do="restore-post", rule="0", reason="reconsidered", text="It was no street."
    )
    assert not hidden(database, reported)
    assert newest(database).about_number == entry.number


def test_a_decision_that_lacks_something_keeps_what_was_typed(
    moderator: Visitor, database: Database, reported: Post
) -> None:
    page = moderator.send(f"/moderation/posts/{reported.id}", status=422, **{**DECISION, "text": "No.", "rule": ""})
    assert page.page.xpath("//select[@id='reason']/option[@selected]/@value") == ["personal-data"]
    assert page.page.xpath("//input[@name='do'][@checked]/@value") == ["hide-post"]
    assert page.page.xpath("//textarea[@id='text']")[0].text.strip() == "No."
    assert page.has("//*[@id='text-error']")
    assert page.has("//*[@id='rule-error']")
    assert not hidden(database, reported)
    moderator.send(f"/moderation/posts/{reported.id}", status=422, **{**DECISION, "do": "idea-status"})
    moderator.send(f"/moderation/posts/{reported.id}", status=422, **{**DECISION, "do": "hide-thread"})


def test_a_thread_as_a_whole(moderator: Visitor, database: Database, post: Post) -> None:
    path = f"/moderation/threads/{post.thread_id}"
    assert moderator.get(path).page.xpath("//input[@name='do']/@value") == ["close-thread", "hide-thread"]
    for do, then in (
        ("close-thread", "reopen-thread"),
        ("reopen-thread", "close-thread"),
        ("hide-thread", "restore-thread"),
    ):
        moderator.send(path, **{**DECISION, "do": do})
        assert newest(database).action == do
        assert then in moderator.get(path).page.xpath("//input[@name='do']/@value")


# Who may not decide


def test_staff_see_why_they_cannot_remove_criticism(site: Site, database: Database, reported: Post) -> None:
    with database.transaction() as session:
        session.get_one(Thread, reported.thread_id).is_critical = True
        staff = make.staff(session, role="moderator")
    visitor = site.as_(staff)
    page = visitor.get(f"/moderation/posts/{reported.id}")
    assert "marked critical" in page.words("//main")
    page = visitor.send(f"/moderation/posts/{reported.id}", status=403, **{**DECISION, "rule": "1", "reason": "abuse"})
    assert "concerns the company itself" in page.words("//main")
    assert not hidden(database, reported)


def test_nobody_brings_back_their_own_words(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        author = make.moderator(session)
        post = make.reply(session, make.thread(session), author)
        decided(session, people.moderator, "hide-post", post)
    page = site.as_(author).get(f"/moderation/posts/{post.id}")
    assert "Somebody else must decide" in page.words("//main")
    assert not page.has("//main//input[@name='do']")


# What the author sees, and nobody else


def test_hidden_words_are_their_author_s_and_the_moderators_alone(
    site: Site, database: Database, people: People, reported: Post
) -> None:
    with database.transaction() as session:
        entry = decided(session, people.moderator, "hide-post", reported)
    deliver_all(database)
    surfaces = (
        f"/t/{reported.thread_id}/{make.TITLE.lower().replace(' ', '-')}",
        f"/m/{people.peer.handle}",
        f"/m/{people.peer.handle}?tab=answers",
        "/transparency",
        f"/transparency/{entry.number}",
        "/notifications",
        "/about",
        f"/api/v1/members/{people.peer.handle}",
        f"/api/v1/members/{people.peer.handle}/reputation",
        "/api/v1/moderation/log",
        "/api/v1/notifications",
    )
    strangers: list[Actor | None] = [None, people.asker, people.staff]
    for actor in strangers:
        visitor = site.as_(actor) if actor else site.anybody()
        for path in surfaces:
            answer = visitor.client.get(path)
            assert answer.status_code in (200, 303, 401), path
            assert CANARY not in answer.text, (actor, path)
    for path in (f"/p/{reported.id}/report", f"/moderation/posts/{reported.id}"):
        assert CANARY not in site.as_(people.asker).client.get(path).text

    author = site.as_(people.peer)
    page = author.client.get(surfaces[0]).text
    assert CANARY in page
    assert WHY in page
    assert f"/transparency/{entry.number}" in page
    assert "was hidden by a decision" in author.get("/notifications").words()
    assert "Hidden" in author.get(f"/m/{people.peer.handle}?tab=answers").words("//table")
    assert CANARY in site.as_(people.moderator).get(f"/moderation/posts/{reported.id}").text


def test_moderators_find_the_way_from_a_thread(site: Site, moderator: Visitor, people: People, post: Post) -> None:
    path = site.anybody().get(f"/t/{post.thread_id}", status=301).leads_to
    page = moderator.get(path)
    assert page.has(f"//a[@href='/moderation/posts/{post.id}']")
    assert page.has(f"//a[@href='/moderation/threads/{post.thread_id}']")
    assert "/moderation/" not in site.as_(people.asker).get(path).text
