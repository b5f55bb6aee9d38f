"""The help centre as people see it, the reviewers' desk, and articles over the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.tables import Article
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads import answers, editing
from tests.forum import making as make
from tests.installing import deliver_all
from tests.web.calling import Site as Api
from tests.web.calling import calling
from tests.web.pages.visiting import Site
from web.pages.helping import with_contents

BODY = "Look first.\n\n## Is it the valve?\n\nYes.\n\n## Is it *not* the valve?\n\nNo.\n\n## Call us\n\nDo."


class Case:
    """A solved question with its draft, and those who have to do with it."""

    def __init__(self, session: Session) -> None:
        self.asker, self.peer = make.member(session), make.member(session)
        self.reviewer: Actor = make.moderator(session)
        self.place = make.category(session, name="Boilers")
        self.thread = make.thread(session, self.asker, self.place, title="Why does my numbat boiler sing?")
        self.answer = make.reply(session, self.thread, self.peer)
        answers.accept(session, self.asker, post_id=self.answer.id)

    def draft(self, session: Session) -> Article:
        return session.scalars(select(Article).where(Article.thread_id == self.thread.id)).one()


@pytest.fixture
def case(database: Database) -> Case:
    with database.transaction() as session:
        made = Case(session)
    deliver_all(database)
    return made


def published(database: Database, case: Case, title: str = "A boiler that sings", body: str = BODY) -> Article:
    with database.transaction() as session:
        draft = case.draft(session)
        reviewing.publish(session, case.reviewer, article_id=draft.id, title=title, body=body, version=draft.version)
    deliver_all(database)
    return draft


def test_the_front_shows_what_is_published_by_category(site: Site, database: Database, case: Case) -> None:
    article = published(database, case)
    visitor = site.anybody().get("/help")
    assert visitor.has(f'//section[h2[contains(., "Boilers")]]//a[@href="/help/{article.id}/a-boiler-that-sings"]')
    assert visitor.has('//form[@action="/search"]//input[@name="kind"][@value="article"]')
    assert not visitor.has('//a[@href="/help/review"]')
    assert site.as_(case.reviewer).get("/help").has('//a[@href="/help/review"]')


def test_a_category_has_all_of_its_articles_on_pages(site: Site, database: Database, case: Case) -> None:
    article = published(database, case)
    visitor = site.anybody().get(f"/help?category={case.place.slug}")
    assert visitor.words("//main//h1") == "Boilers"
    assert visitor.has(f'//a[@href="/help/{article.id}/a-boiler-that-sings"]')
    visitor.get("/help?category=nowhere", status=404)
    visitor.get(f"/help?category={case.place.slug}&cursor=nonsense", status=422)


def test_an_article_says_where_it_comes_from_and_what_is_in_it(site: Site, database: Database, case: Case) -> None:
    article = published(database, case)
    visitor = site.anybody().get(f"/help/{article.id}/a-boiler-that-sings")
    said = visitor.words()
    assert f"from an answer by {case.peer.name}" in said
    assert visitor.has(f'//main//a[@href="/p/{case.answer.id}"][contains(., "numbat boiler")]')
    assert visitor.page.xpath("//aside//a/@href")[:3] == ["#part-1", "#part-2", "#part-3"]
    assert visitor.words('//aside//a[@href="#part-2"]') == "Is it not the valve?"
    assert visitor.has('//h2[@id="part-3"][text()="Call us"]')
    assert visitor.has(f'//aside//a[starts-with(@href, "/ask?title=A+boiler+that+sings&category={case.place.slug}")]')
    assert visitor.has(f'//link[@rel="canonical"][@href="http://127.0.0.1:8000/help/{article.id}/a-boiler-that-sings"]')
    assert "Withdraw" not in said


def test_one_article_has_one_address(site: Site, database: Database, case: Case) -> None:
    article = published(database, case)
    own = f"/help/{article.id}/a-boiler-that-sings"
    for path in (f"/help/{article.id}", f"/help/{article.id}/another-slug"):
        assert site.anybody().get(path, status=301).leads_to == own
    for path in ("/help/0", "/help/abc", "/help/01", "/help/404404/x", f"/help/{article.id}x/a"):
        site.anybody().get(path, status=404)


def test_drafts_are_the_reviewers_alone(site: Site, database: Database, case: Case) -> None:
    with database.transaction() as session:
        draft = case.draft(session)
    for path in (f"/help/{draft.id}/{draft.slug}", f"/help/{draft.id}"):
        site.anybody().get(path, status=404)
        site.as_(case.asker).get(path, status=404)
    for path in ("/help/review", f"/help/{draft.id}/edit"):
        assert site.anybody().get(path, status=303).leads_to.startswith("/login?next=")
        site.as_(case.asker).get(path, status=403)
    visitor = site.as_(case.reviewer).get(f"/help/{draft.id}/{draft.slug}")
    assert "This is a draft." in visitor.words()
    assert visitor.has('//meta[@name="robots"][@content="noindex"]')
    assert visitor.get("/help/review").has(f'//main//a[@href="/help/{draft.id}/edit"]')


def test_a_reviewer_previews_saves_publishes_and_withdraws(site: Site, database: Database, case: Case) -> None:
    with database.transaction() as session:
        draft = case.draft(session)
    visitor, path = site.as_(case.reviewer), f"/help/{draft.id}/edit"
    assert visitor.get(path).words("//textarea") == " ".join(draft.source.split())
    visitor.send(
        path, status=200, title="A boiler that sings", body="**Look** at the valve first.", version="1", do="preview"
    )
    assert visitor.words('//div[contains(@class, "preview")]/p/strong') == "Look"
    assert visitor.words("//textarea") == "**Look** at the valve first."
    visitor.send(path, title="A boiler that sings", body="**Look** at the valve first.", version="1", do="save")
    assert visitor.leads_to == f"/help/{draft.id}/a-boiler-that-sings"
    assert "The article is saved." in visitor.follow().words('//div[@class="toasts"]')
    site.anybody().get(f"/help/{draft.id}/a-boiler-that-sings", status=404)
    visitor.send(path, title="A boiler that sings", body=BODY, version="2", do="publish")
    assert "Published." in visitor.follow().words('//div[@class="toasts"]')
    assert "Is it the valve?" in site.anybody().get(f"/help/{draft.id}/a-boiler-that-sings").words()
    assert visitor.send(f"/help/{draft.id}/withdraw").leads_to == "/help/review"
    site.anybody().get(f"/help/{draft.id}/a-boiler-that-sings", status=404)
    assert visitor.get("/help/review?state=withdrawn").has(f'//main//a[@href="/help/{draft.id}/edit"]')


def test_what_needs_mending_keeps_what_was_typed(site: Site, database: Database, case: Case) -> None:
    with database.transaction() as session:
        draft = case.draft(session)
    visitor, path = site.as_(case.reviewer), f"/help/{draft.id}/edit"
    visitor.send(path, status=422, title="Four", body="Too short.", version="1", do="publish")
    assert visitor.words('//div[@id="errors"]//h2') == "2 things need mending"
    assert visitor.page.xpath('//input[@id="title"]/@value') == ["Four"]
    visitor.send(path, status=422, title="A boiler that sings", body="x" * 70_000, version="1", do="preview")
    assert "KB long" in visitor.words('//div[@id="errors"]')


def test_two_reviewers_see_both_versions_side_by_side(site: Site, database: Database, case: Case) -> None:
    with database.transaction() as session:
        draft = case.draft(session)
    visitor, path = site.as_(case.reviewer), f"/help/{draft.id}/edit"
    visitor.get(path)
    with database.transaction() as session:
        other = make.staff(session)
        reviewing.edit(
            session, other, article_id=draft.id, title="Theirs came first", body="Their words of the boiler.", version=1
        )
    mine: dict[str, Any] = {"title": "Mine came later", "body": "My words of the boiler.", "do": "save"}
    visitor.send(path, status=409, version="1", **mine)
    assert visitor.words('//textarea[@id="body"]') == "My words of the boiler."
    assert visitor.words('//textarea[@id="their-body"]') == "Their words of the boiler."
    assert visitor.page.xpath('//input[@name="version"]/@value') == ["2"]
    assert "Somebody else changed this article meanwhile" in visitor.words('//div[@id="errors"]')
    visitor.send(path, version="2", **mine)
    assert "My words" in visitor.follow().words()


def test_forms_of_others_are_refused(site: Site, database: Database, case: Case) -> None:
    with database.transaction() as session:
        draft = case.draft(session)
    for do in ("save", "publish", "preview"):
        site.as_(case.asker).send(
            f"/help/{draft.id}/edit",
            status=403,
            title="Mine, all mine",
            body="All of it is mine now.",
            version="1",
            do=do,
        )
    site.as_(case.asker).send(f"/help/{draft.id}/withdraw", status=403)
    with database.transaction() as session:
        assert case.draft(session).state == "draft"


def test_reviewers_hear_when_the_answer_has_moved_on(site: Site, database: Database, case: Case) -> None:
    article = published(database, case)
    path = f"/help/{article.id}/a-boiler-that-sings"
    assert "Compare the two." not in site.as_(case.reviewer).get(path).words()
    with database.transaction() as session:
        editing.edit_post(session, case.peer, post_id=case.answer.id, body="It sings because it is happy.")
    deliver_all(database)
    assert "Compare the two." in site.as_(case.reviewer).get(path).words()
    assert "Compare the two." not in site.anybody().get(path).words()


def test_visitors_pages_are_kept_until_they_change(site: Site, database: Database, case: Case) -> None:
    article = published(database, case)
    own = f"/help/{article.id}/a-boiler-that-sings"
    for path in (own, "/help"):
        assert site.anybody().get(path).answer.headers["cache-control"] == "public, max-age=0, must-revalidate"
        assert "etag" not in site.as_(case.asker).get(path).answer.headers


def test_headings_become_targets_whatever_stands_in_them() -> None:
    html, parts = with_contents("<h2>A &amp; <code>b</code></h2><p>x</p><h3>no</h3><h2>C</h2>")
    assert str(html) == '<h2 id="part-1">A &amp; <code>b</code></h2><p>x</p><h3>no</h3><h2 id="part-2">C</h2>'
    assert [(part.id, str(part.words)) for part in parts] == [("part-1", "A & b"), ("part-2", "C")]


@pytest.fixture(scope="module")
def api(settings: Settings, database: Database) -> Iterator[Api]:
    yield from calling(settings, database)


def test_programs_read_articles(api: Api, database: Database, case: Case) -> None:
    article = published(database, case)
    listed = api.nobody("GET", f"/articles?category={case.place.slug}")
    assert [one["id"] for one in listed["items"]] == [article.id]
    read = api.nobody("GET", f"/articles/{article.id}")
    assert read["url"].endswith(f"/help/{article.id}/a-boiler-that-sings")
    assert (read["body"], read["state"], read["thread"], read["answer"]) == (
        BODY,
        "published",
        case.thread.id,
        case.answer.id,
    )
    assert read["author"] == {"handle": case.peer.handle, "name": case.peer.name}
    assert read["updated_at"].endswith("Z")
    api.nobody("GET", "/articles?state=draft", status=403)
    api.nobody("GET", "/articles/404404", status=404)


def test_programs_publish_and_withdraw_for_reviewers(api: Api, database: Database, case: Case) -> None:
    with database.transaction() as session:
        draft = case.draft(session)
    reviewer, path = api.as_(case.reviewer), f"/articles/{draft.id}"
    api.nobody("GET", path, status=404)
    api.nobody("PATCH", path, {"state": "published"}, status=401)
    api.as_(case.asker)("PATCH", path, {"state": "published"}, status=403)
    api.as_(case.reviewer, "read")("PATCH", path, {"state": "published"}, status=403)
    reviewer("PATCH", path, {"title": "Mine came later", "revision": 99}, status=409)
    reviewer("PATCH", path, {"body": "short"}, status=422)
    reviewer("PATCH", path, {"status": "published"}, status=422)
    live = reviewer("PATCH", path, {"title": "A boiler that sings", "state": "published", "revision": 1})
    assert (live["state"], live["title"], live["published_at"] is not None) == (
        "published",
        "A boiler that sings",
        True,
    )
    again: Any = reviewer("PATCH", path, {"state": "published", "body": BODY})
    assert (again["state"], again["body"]) == ("published", BODY)
    assert api.nobody("GET", path)["title"] == "A boiler that sings"
    assert reviewer("PATCH", path, {"state": "withdrawn"})["state"] == "withdrawn"
    api.nobody("GET", path, status=404)
    assert reviewer("GET", path)["state"] == "withdrawn"


def test_programs_say_that_an_article_solved_it(api: Api, database: Database, case: Case) -> None:
    article = published(database, case)
    for _ in range(2):
        api.nobody("PUT", f"/articles/{article.id}/solved-mine", {"kind": "question"}, status=204)
        api.as_(case.asker)("PUT", f"/threads/{case.thread.id}/solved-mine", {}, status=204)
    api.nobody("PUT", f"/articles/{article.id}/solved-mine", {"kind": "wish"}, status=422)
    api.nobody("PUT", "/articles/404404/solved-mine", {}, status=404)
    with database.transaction() as session:
        reviewing.withdraw(session, case.reviewer, article_id=article.id)
        administrator = make.administrator(session)
    api.as_(case.reviewer)("PUT", f"/articles/{article.id}/solved-mine", {}, status=404)
    api.as_(case.reviewer)("GET", "/deflections", status=403)
    assert api.as_(administrator, "read", "administer")("GET", "/deflections?days=1") == {
        "days": 1, "confirmed": 2, "by_members": 1, "by_visitors": 1, "through_threads": 1, "through_articles": 1,
    }  # fmt: skip
