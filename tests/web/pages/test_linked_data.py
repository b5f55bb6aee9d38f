"""What pages tell machines of themselves: in the vocabulary's own terms, complete, and never more than the page shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import leaving
from forum.members.tables import Member
from forum.threads import answers, editing, hiding
from forum.threads.tables import Category, Thread
from tests.forum import making as make
from tests.shared import shared_data
from tests.web.pages.conftest import People
from tests.web.pages.visiting import HERE, Site, Visitor, opened_site
from tests.web.pages.vocabulary import lacking, vocabulary
from web.pages.linked_data import block, text_of

HOSTILE = "</script><script>alert(1)</script> & done"


def address(thread: Thread) -> str:
    return f"/t/{thread.id}/{thread.slug}"


def told(visitor: Visitor) -> dict[str, Any]:
    """The nodes of a page's structured data by their types, each once; the block is text that no parser takes for markup."""
    (said,) = visitor.page.xpath("//head/script[@type='application/ld+json']/text()")
    assert not re.search("[<>&\u2028\u2029]", said)
    whole = json.loads(said)
    assert whole.keys() == {"@context", "@graph"}
    assert whole["@context"] == "https://schema.org"
    found = {node["@type"]: node for node in whole["@graph"]}
    assert len(found) == len(whole["@graph"])
    return found


@pytest.fixture(scope="module")
def place(database: Database) -> Category:
    with database.transaction() as session:
        return make.category(session, name="Grinders & mills")


@pytest.fixture(scope="module")
def question(database: Database, people: People, place: Category) -> Thread:
    """With an accepted answer, one by somebody who left, one with a comment, and three that have no words."""
    with database.transaction() as session:
        asked = make.thread(
            session, people.asker, place, title=f"Why {HOSTILE}?", body="It *stops* & blinks.\n\nTwice."
        )
        solved = make.reply(session, asked, people.peer, body="Clean the `<chute>`.")
        commented = make.reply(session, asked, people.staff, body="We send a new one.")
        gone = make.member(session)
        make.reply(session, asked, gone, body="Said by who left.")
        rude = make.reply(session, asked, people.peer, body="Words of a numbat, hidden.")
        taken = make.reply(session, asked, people.peer, body="Words of a numbat, deleted.")
        for body, hidden in (("A remark that stays.", False), ("A numbat's remark, hidden.", True)):
            remark = make.reply(session, asked, people.asker, body=body)
            remark.is_comment, remark.parent_id = True, commented.id
            if hidden:
                hiding.hide_post(session, post_id=remark.id, decision=make.decision(session))
        session.flush()
        answers.accept(session, people.asker, post_id=solved.id)
        hiding.hide_post(session, post_id=rude.id, decision=make.decision(session))
        editing.delete_post(session, people.peer, post_id=taken.id)
        leaving.anonymise(session, session.get_one(Member, gone.member_id))
        return asked


def test_a_question_and_its_answers(site: Site, question: Thread, place: Category, people: People) -> None:
    page = site.anybody().get(address(question))
    found = told(page)
    asked = found["QAPage"]["mainEntity"]
    assert asked["name"] == question.title == f"Why {HOSTILE}?"
    assert asked["text"] == "It stops & blinks.\nTwice."
    assert asked["url"] == HERE + address(question)
    assert asked["author"] == {"@type": "Person", "name": people.asker.name, "url": f"{HERE}/m/{people.asker.handle}"}
    assert asked["acceptedAnswer"]["text"] == "Clean the <chute>."
    said = {answer["text"]: answer for answer in asked["suggestedAnswer"]}
    assert said.keys() == {"We send a new one.", "Said by who left."}
    assert said["Said by who left."]["author"] == {"@type": "Person", "name": "Former member"}
    assert [one["text"] for one in said["We send a new one."]["comment"]] == ["A remark that stays."]
    assert [step.get("item") for step in found["BreadcrumbList"]["itemListElement"]] == [
        f"{HERE}/",
        f"{HERE}/c/{place.slug}",
        None,
    ]
    assert "numbat" not in page.text


def test_members_are_told_nothing_of_it_and_nor_is_who_may_read_hidden_words(
    site: Site, question: Thread, people: People
) -> None:
    for reader in (people.peer, people.moderator):
        page = site.as_(reader).get(address(question))
        assert "ld+json" not in page.text
        assert not page.has("//meta[starts-with(@property, 'og:')]")


@pytest.mark.parametrize("kind", ["discussion", "idea", "announcement"])
def test_other_threads_are_posts_of_a_forum(site: Site, database: Database, people: People, kind: str) -> None:
    with database.transaction() as session:
        opened = make.thread(session, people.staff, kind=kind, title="What about this?")
        make.reply(session, opened, people.peer, body="Yes, please.")
    found = told(site.anybody().get(address(opened)))
    assert found.keys() == {"DiscussionForumPosting", "BreadcrumbList"}
    said = found["DiscussionForumPosting"]
    assert (said["headline"], said["commentCount"]) == ("What about this?", 1)
    assert [one["text"] for one in said["comment"]] == ["Yes, please."]
    _check(found)


def test_a_later_page_names_its_thread_and_has_its_own_answers(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
        for turn in range(22):
            make.reply(session, asked, people.peer, body=f"Answer number {turn}.")
    page = site.anybody().get(f"{address(asked)}?page=2&sort=oldest")
    asked_there = told(page)["QAPage"]["mainEntity"]
    assert "text" not in asked_there
    assert asked_there["url"] == HERE + address(asked)
    assert [one["text"] for one in asked_there["suggestedAnswer"]] == ["Answer number 20.", "Answer number 21."]
    assert page.page.xpath("//link[@rel='canonical']/@href") == [f"{HERE}{address(asked)}?page=2"]


def test_places_articles_people_and_the_site(site: Site, database: Database, question: Thread, place: Category) -> None:
    with database.transaction() as session:
        article = Article(
            category_id=place.id, state="published", title="Clean it", slug="clean-it", source="x", html="<p>Do <em>so</em>.</p>",
            renderer=1, created_at=now(), changed_at=now(), published_at=now(),
        )  # fmt: skip
        session.add(article)
        tagged = make.thread(session, place=place, tags=["chute"])
        session.flush()
        known = make.member(session, bio_html="<p>Grinds &amp; brews.</p>")
        make.reply(session, tagged, known)
        shy = make.member(session, is_unlisted=True)
        make.reply(session, tagged, shy)
    visitor = site.anybody()
    pages = {
        "/": {"WebSite"},
        f"/c/{place.slug}": {"BreadcrumbList"},
        "/tags/chute": {"BreadcrumbList"},
        f"/help?category={place.slug}": {"BreadcrumbList"},
        f"/help/{article.id}/clean-it": {"TechArticle", "BreadcrumbList"},
        f"/m/{known.handle}": {"ProfilePage"},
        address(question): {"QAPage", "BreadcrumbList"},
    }
    found = {path: told(visitor.get(path)) for path in pages}
    assert {path: nodes.keys() for path, nodes in found.items()} == pages
    assert found[f"/m/{known.handle}"]["ProfilePage"]["mainEntity"]["description"] == "Grinds & brews."
    assert found[f"/help/{article.id}/clean-it"]["TechArticle"]["author"]["@type"] == "Organization"
    assert "ld+json" not in visitor.get(f"/m/{shy.handle}").text
    for nodes in found.values():
        _check(nodes)


def _check(found: dict[str, Any]) -> None:
    for node in found.values():
        assert not list(lacking(node))
        assert not list(vocabulary().faults(node))


def test_italian_pages_name_their_places_in_italian(site: Site, question: Thread) -> None:
    page = site.anybody().get(address(question), accept_language="it")
    assert told(page)["BreadcrumbList"]["itemListElement"][0]["name"] == "Domande"
    assert page.page.xpath("//meta[@property='og:locale']/@content") == ["it_IT"]
    assert page.page.xpath("//meta[@property='og:locale:alternate']/@content") == ["en_GB"]


def test_it_takes_no_select_more(settings: Settings, database: Database, question: Thread) -> None:
    with opened_site(settings, database) as afresh:
        afresh.anybody().get("/about")  # what categories are called is read once
        with afresh.counting() as selects:
            told(afresh.anybody().get(address(question)))
    assert len([one for one in selects if "PRAGMA" not in one]) <= 6


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a <em>b</em></p>\n<p>c</p>\n", "a b\nc"),
        ("<p>1 &lt; 2 &amp; 3</p>", "1 < 2 & 3"),
        ('<p><img src="/x" alt="y"></p>', ""),
        ("<p>" + "long " * 2_000 + "</p>", "long " * 1_999 + "long"),
    ],
)
def test_a_post_without_its_markup(source: str, text: str) -> None:
    assert text_of(source) == text


def test_nothing_in_it_ends_the_element() -> None:
    said = block(
        [{"@type": "Thing", "name": "</SCRIPT><!--]]>\u2028\u2029&amp;", "at": datetime(2026, 1, 2, tzinfo=UTC)}]
    )
    assert not set("<>&\u2028\u2029") & set(said)
    (node,) = json.loads(said)["@graph"]
    assert node["name"] == "</SCRIPT><!--]]>\u2028\u2029&amp;"
    assert node["at"] == "2026-01-02T00:00:00Z"


def _examples() -> Iterator[dict[str, Any]]:
    text = (shared_data("data/schema-org") / "examples-question-answer-forum.txt").read_text("utf-8")
    for found in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL):
        yield json.loads(found)


def test_the_yardstick_takes_the_vocabularys_own_examples_and_finds_what_is_wrong() -> None:
    for example in _examples():
        assert not [one for one in vocabulary().faults(example) if "does not take" not in one], example
    wrong = {
        "@type": "Question",
        "answerCount": "three",
        "urlTemplate": "x",
        "acceptedAnswer": {"@type": "Person", "nmae": "x"},
        "author": {"@type": "Persona"},
    }
    assert len(list(vocabulary().faults(wrong))) == 6
    assert list(lacking({"@type": "Answer", "text": "x"})) == [
        f"Answer.{one}" for one in ("author", "datePublished", "upvoteCount", "url")
    ]


def test_what_is_said_in_open_graph(site: Site, question: Thread) -> None:
    page = site.anybody().get(f"{address(question)}?sort=votes")
    said = {one.get("property") or one.get("name"): one.get("content") for one in page.page.xpath("//meta[@content]")}
    assert said["og:type"] == "article"
    assert said["og:title"] == question.title
    assert said["og:description"].startswith("It stops & blinks.")
    assert said["og:url"] == HERE + address(question) == page.page.xpath("string(//link[@rel='canonical']/@href)")
    assert said["og:site_name"] == "Loggia"
    assert said["og:locale"] == "en_GB"
    assert said["og:image"].startswith(f"{HERE}/static/share.")
    assert said["twitter:card"] == "summary_large_image"
    picture = site.anybody().get(said["og:image"].removeprefix(HERE)).answer
    assert picture.headers["content-type"] == "image/png"
    assert picture.content[16:24] == (1200).to_bytes(4) + (630).to_bytes(4)
    front = site.anybody().get("/")
    assert front.page.xpath("//meta[@property='og:title']/@content") == ["Questions and answers"]
    assert not site.anybody().get("/search?q=x").has("//meta[@property]")


def test_lists_have_one_address_and_far_pages_are_left_alone(
    site: Site, database: Database, place: Category, question: Thread
) -> None:
    for path in (
        "/?sort=top",
        f"/c/{place.slug}?sort=newest",
        f"/c/{place.slug}?kind=question",
        "/ideas?sort=new",
        "/transparency?rule=1",
    ):
        page = site.anybody().get(path)
        assert page.page.xpath("//link[@rel='canonical']/@href") == [HERE + path.partition("?")[0]], path
        assert not page.has("//meta[@name='robots']"), path
    with database.transaction() as session:
        empty = make.category(session)
        for _ in range(21):
            make.thread(session, place=place)
    for path in (f"/c/{empty.slug}", "/tags?q=zzz"):
        assert site.anybody().get(path).page.xpath("//meta[@name='robots']/@content") == ["noindex, follow"], path
    far = site.anybody().get(f"/c/{place.slug}").page.xpath("string(//nav[@class='pager']/a[@rel='next']/@href)")
    assert site.anybody().get(far).page.xpath("//meta[@name='robots']/@content") == ["noindex, follow"]
