"""Whatever people type into any field, every page shows it as text: no tag, no attribute, no script of theirs."""

import re
from collections.abc import Iterator

import pytest
from lxml import html
from sqlalchemy import update

from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members import accounts
from forum.members.actors import actor_of
from forum.members.tables import Member
from forum.threads import answers
from forum.threads.tables import Category
from moderation import flagging
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.installing import deliver_all
from tests.security.conftest import People
from tests.web.pages.visiting import Site, Visitor
from web.routes import ROUTES

BAIT = "<bait x=1>'\"><bait>{{7*7}}</script><bait onload=bait()>"
PAGES = sorted(
    path
    for handler in ROUTES
    for path in handler.paths
    if "GET" in handler.http_methods and not path.startswith(("/static", "/api", "/health", "/metrics"))
)


@pytest.fixture(scope="module")
def baited(database: Database, people: People) -> dict[str, str]:
    """A community in which every field holds the bait; the names of what its addresses are made of."""
    with database.transaction() as session:
        place = make.category(session)
        session.execute(update(Category).where(Category.id == place.id).values(name=BAIT[:60], description=BAIT))
        author = make.member(session, bio=BAIT)
        session.execute(update(Member).values(name=BAIT[:60], bio=BAIT))
        accounts.edit_profile(session, author, member_id=author.member_id or 0, name=BAIT[:60], bio=BAIT)
        company = make.staff(session, team=BAIT[:60])
        session.execute(update(Member).values(name=BAIT[:60]))
        author, company = actor_of(session, author.member_id), actor_of(session, company.member_id)
        thread = make.thread(session, author, place, title=BAIT, body=BAIT, tags=["bait"])
        idea = make.thread(session, author, place, kind="idea", title=BAIT, body=BAIT)
        post, gone = (make.reply(session, thread, company, body=BAIT * 2) for _ in range(2))
        answers.accept(session, author, post_id=post.id)
        flagging.raise_flag(session, people.peer, post_id=post.id, reason="abuse", note=BAIT)
        for kind, action, key in (("post", "hide-post", gone.id), ("thread", "close-thread", thread.id)):
            decide(session, people.moderator, Ruling(action=action, target_kind=kind, target_id=key, text=BAIT))
        said = Ruling(
            action="idea-status", target_kind="thread", target_id=idea.id, text=BAIT, status="planned", comment=BAIT
        )
        decide(session, company, said)
        article = Article(
            category_id=place.id, thread_id=idea.id, title=BAIT, slug="bait", source=BAIT, html="<p>Bait.</p>", renderer=1,
            state="published", created_at=now(), changed_at=now(), published_at=now(),
        )  # fmt: skip
        session.add(article)
        session.flush()
        named = {"thread_id": thread.id, "idea": idea.id, "post_id": post.id, "article_id": article.id, "number": 1}
    deliver_all(database)
    return {**{name: str(value) for name, value in named.items()}, "handle": author.handle, "slug": "bait"}


def addresses(names: dict[str, str]) -> Iterator[str]:
    """Every page, with what it is about; and the pages that give back what was asked for."""
    for path in PAGES:
        for thread in (names["thread_id"], names["idea"]):
            found = path.replace("{thread_id:str}", thread)
            yield re.sub(r"\{(\w+):\w+\}", lambda part: names.get(part[1], "bait"), found)
    for path in (
        "/search?q=",
        "/ask?title=",
        "/ask?tags=",
        "/login?next=",
        "/transparency?action=",
        "/help?category=",
        "/",
    ):
        yield path + BAIT.replace("<", "%3C").replace(">", "%3E").replace("#", "%23").replace("/", "%2F")
    for tab in ("answers", "questions", "ideas", "badges"):
        yield f"/m/{names['handle']}?tab={tab}"


def test_no_page_holds_a_tag_that_somebody_typed(
    site: Site, people: People, database: Database, baited: dict[str, str]
) -> None:
    with database.transaction() as session:
        admin = make.administrator(session)
        session.execute(update(Member).values(name=BAIT[:60]))
    showing = 0
    readers: list[Visitor] = [site.anybody(), site.as_(people.peer), site.as_(people.staff), site.as_(admin)]
    for address in sorted(set(addresses(baited))):
        for reader in readers:
            answer = reader.client.get(address)
            assert answer.status_code < 500, address
            if answer.text and "html" in answer.headers.get("content-type", ""):
                page = html.fromstring(answer.text)
                assert not page.xpath("//bait | //*[@x='1' or @*[contains(name(), 'onload')]]"), address
                assert "49" not in page.xpath("string(//h1)")
                showing += "bait" in answer.text
    assert showing > 40
