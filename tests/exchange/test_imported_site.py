"""A site with a real community in it: every kind of page shows what was imported, and counts what the database holds."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from lxml import html as parser
from sqlalchemy import Select, func, select

from forum.exchange.stackexchange.importing import import_dump
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.tables import Member
from forum.search.tables import SearchDocument
from forum.threads.tables import Attribution, Post, Tag, Thread
from tests.exchange.dumps import real_dump
from tests.exchange.test_importing_real_dumps import everything
from web.app import create_app
from web.cli import loggia
from web.cli.importing import rebuild_all, silent

HERE = "http://127.0.0.1:8000"
# As the dump's own description counts them, but for one comment, which hangs on the text of a tag.
QUESTIONS, ANSWERS, COMMENTS = 1_042, 1_496, 1_829 - 1
FEED, MAP = "{http://www.w3.org/2005/Atom}", "{http://www.sitemaps.org/schemas/sitemap/0.9}"
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

_P, _T, _M = Post.__table__.c, Thread.__table__.c, Member.__table__.c
_IS_ANSWER = (~_P.is_comment, _P.number > 1, _P.deleted_at.is_(None), _P.hidden_at.is_(None))


@dataclass
class Site:
    """The imported community, as a visitor reads it."""

    client: TestClient[Any]
    database: Database
    dump: Path

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def page(self, path: str) -> Any:
        return parser.fromstring(self.get(path).encode())

    def api(self, path: str) -> Any:
        self.get(f"/api/v1{path}")
        return self.client.get(f"/api/v1{path}").json()

    def rows(self, statement: Select[Any]) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(statement).all())

    def one(self, statement: Select[Any]) -> Any:
        return self.rows(statement.limit(1))[0]


@pytest.fixture(scope="module")
def site(database: Database, settings: Settings) -> Iterator[Site]:
    dump = real_dump("se-cardano")
    variables = {"LOGGIA_DATABASE_URL": settings.database_url, "LOGGIA_VAR_DIR": str(settings.var_dir)}
    variables |= {"LOGGIA_SECRET_KEY": settings.secret_key, "LOGGIA_LOG_LEVEL": "warning"}
    done = CliRunner(env=variables).invoke(loggia, ["import", "stackexchange", str(dump)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    app = create_app(settings)
    yield Site(TestClient(app, base_url=HERE), database, dump)
    app.site.state["loggia"].db.dispose()


def addresses(site: Site) -> list[str]:
    """One of each kind of page, each where most is on it."""
    asked = site.one(select(_T.id, _T.slug).order_by(_T.reply_count.desc(), _T.id))
    discussed = site.one(select(_P.thread_id).where(_P.is_comment).group_by(_P.thread_id).order_by(func.count().desc()))
    solved = site.one(select(_T.id, _T.slug).where(_T.solved_at.is_not(None)).order_by(_T.score.desc()))
    closed = site.one(select(_T.id, _T.slug).where(_T.closed_before_import))
    tag = site.one(select(Tag.__table__.c.name_key).order_by(Tag.__table__.c.thread_count.desc()))
    handle = site.one(select(_M.handle).order_by(_M.points.desc()))[0]
    answer, remark = (
        site.one(select(_P.id).where(_P.is_comment.is_(said), _P.number > 1))[0] for said in (False, True)
    )
    category = re.search(r'href="(/c/[^"/?]+)"', site.get("/"))
    assert category is not None
    place = category[1]
    thread = f"/t/{asked.id}/{asked.slug}"
    lists = [f"{at}?sort={sort}" for at in ("/", place, f"/tags/{tag[0]}") for sort in ("latest", "unanswered", "top")]
    profile = [f"/m/{handle}?tab={tab}" for tab in ("reputation", "answers", "questions", "ideas", "badges")]
    api = [f"/threads?sort={sort}" for sort in ("latest", "top")] + [
        f"/threads?state={s}" for s in ("open", "solved", "closed")
    ]
    api += [f"/threads?tag={tag[0]}", f"/threads?category={place[3:]}&limit=100", f"/threads/{asked.id}"]
    api += [f"/threads/{asked.id}/posts", f"/posts/{answer}", f"/posts/{answer}/revisions", f"/members/{handle}"]
    api += [f"/members/{handle}/{more}" for more in ("reputation", "badges")]
    api += ["/search?q=wallet", "/similar?title=wallet is empty after restore", "/articles", "/moderation/log"]
    feeds = ["latest", place[1:], f"tags/{tag[0]}", f"t/{asked.id}", "transparency"]
    return [
        *lists, place, thread, f"{thread}?sort=oldest", f"{thread}?sort=newest", f"{thread}?sort=votes",
        f"/t/{discussed[0]}", f"/t/{solved.id}/{solved.slug}", f"/t/{closed.id}/{closed.slug}", f"{thread}/history",
        f"/p/{answer}", f"/p/{remark}", f"/p/{answer}/history", *profile, "/tags", "/tags?q=pl", "/search",
        "/search?q=wallet", "/search?q=stake+pool&page=2", "/search?q=tag:plutus", "/search?q=zzzqqq", "/help", "/ideas",
        "/ideas/roadmap", "/ask", "/ask?title=Where+is+my+wallet", "/login", "/register", "/transparency", "/about",
        "/privacy", "/sitemap.xml", "/sitemap.xml?part=places", "/robots.txt", "/opensearch.xml", "/llms.txt",
        *(f"/feeds/{feed}" for feed in feeds), "/api/openapi.json", *(f"/api/v1{path}" for path in api),
    ]  # fmt: skip


def test_every_kind_of_page_answers(site: Site) -> None:
    found = {path: site.client.get(path).status_code for path in addresses(site)}
    assert {path: status for path, status in found.items() if status != 200} == {}


def test_a_thread_shows_where_its_posts_come_from(site: Site) -> None:
    """The author, the licence and the way back stand with each post, comments included."""
    of = Attribution.__table__.c
    thread = site.one(
        select(_T.id, _T.slug, _T.title).where(_T.reply_count.between(2, 8), _T.solved_at.is_not(None)).order_by(_T.id)
    )
    text = site.get(f"/t/{thread.id}/{thread.slug}")
    page = parser.fromstring(text.encode())
    assert thread.title in page.text_content()
    posts = site.rows(
        select(of.url, of.author_name, of.licence, _P.html).join_from(Post.__table__, Attribution.__table__)
        .where(_P.thread_id == thread.id)
    )  # fmt: skip
    assert len(posts) >= 3
    links = {link.get("href") for link in page.iter("a")}
    for post in posts:
        assert post.url in links
        assert post.author_name in page.text_content()
        assert post.html in text
    assert page.text_content().count("CC BY-SA 4.0") == len(posts)


def test_every_thread_shows_all_of_its_words(site: Site, amount: Callable[[int, int], int]) -> None:
    threads = site.rows(select(_T.id, _T.slug, _T.title, _T.reply_count).order_by(_T.id))
    assert len(threads) == QUESTIONS
    for thread in random.Random(7).sample(threads, amount(40, QUESTIONS)):
        page = site.page(f"/t/{thread.id}/{thread.slug}")
        assert page.find(".//h1").text_content() == thread.title
        said = page.get_element_by_id("answers").text_content()
        assert int(said.split()[0].replace(",", "")) == thread.reply_count
        assert len(page.findall(".//article")) == min(thread.reply_count, 20) + 1


def test_search_finds_threads_by_their_titles(site: Site, amount: Callable[[int, int], int]) -> None:
    threads = site.rows(select(_T.id, _T.title).order_by(_T.id))
    missed = []
    for thread in random.Random(11).sample(threads, amount(40, QUESTIONS)):
        words = " ".join(re.findall(r"\w+", thread.title))
        found = site.client.get("/api/v1/search", params={"q": words, "limit": "20"}).json()["items"]
        if thread.id not in [one["id"] for one in found]:
            missed.append(thread.title)
    assert missed == []


def test_the_counts_are_those_of_the_database(site: Site) -> None:
    counted = {
        "threads": site.one(select(func.count()).select_from(Thread))[0],
        "answers": site.one(select(func.count()).select_from(Post).where(*_IS_ANSWER))[0],
        "comments": site.one(select(func.count()).select_from(Post).where(_P.is_comment))[0],
    }
    assert counted == {"threads": QUESTIONS, "answers": ANSWERS, "comments": COMMENTS}
    waiting = site.one(select(func.count()).select_from(Thread).where(_T.solved_at.is_(None), _T.closed_at.is_(None)))[
        0
    ]
    assert f"{waiting:,} questions are waiting" in site.page("/").text_content()
    listed = _all(site, "/threads?limit=100")
    assert len({one["id"] for one in listed}) == QUESTIONS
    assert sum(one["replies"] for one in listed) == ANSWERS
    assert sum(one["solved"] for one in listed) == 459
    mapped = ET.fromstring(site.get("/sitemap.xml?part=threads&page=0"))
    assert len(mapped.findall(f"{MAP}url")) == QUESTIONS


def _all(site: Site, path: str) -> list[Any]:
    items: list[Any] = []
    following: str | None = ""
    while following is not None:
        read = site.api(f"{path}&cursor={following}")
        items, following = [*items, *read["items"]], read["next"]
    return items


def test_tags_and_members_count_what_is_theirs(site: Site) -> None:
    tags = {one.text_content(): one.getnext().text_content() for one in site.page("/tags").find_class("tag")}
    listed = Counter(tag for one in _all(site, "/threads?limit=100") for tag in one["tags"])
    assert {name: int(said.split()[0].replace(",", "")) for name, said in tags.items()} == {
        name: listed[name] for name in tags
    }
    busiest = site.one(
        select(_M.id, _M.handle).join_from(Post.__table__, Member.__table__, _M.id == _P.author_id).where(*_IS_ANSWER)
        .group_by(_M.id, _M.handle).order_by(func.count().desc())
    )  # fmt: skip
    written = site.one(select(func.count()).select_from(Post).where(*_IS_ANSWER, _P.author_id == busiest.id))[0]
    member = site.api(f"/members/{busiest.handle}")
    assert (member["answers"], member["imported"]) == (written, True)
    ledger = _all(site, f"/members/{busiest.handle}/reputation?limit=100")
    assert sum(line["points"] for line in ledger) == member["points"] > 0


def test_feeds_carry_the_newest(site: Site) -> None:
    feed = ET.fromstring(site.get("/feeds/latest"))
    titles = [entry.findtext(f"{FEED}title") for entry in feed.findall(f"{FEED}entry")]
    newest = site.rows(select(_T.title).order_by(_T.last_activity_at.desc(), _T.id.desc()).limit(len(titles)))
    assert len(titles) >= 10
    assert titles == [row.title for row in newest]


def test_importing_it_again_changes_nothing(site: Site) -> None:
    found = SearchDocument.__table__
    indexed = select(*(column for column in found.c if column.key not in ("id", "changed_at"))).order_by(
        found.c.kind, found.c.local_id
    )
    before, documents = everything(site.database), site.rows(indexed)
    again = import_dump(site.database, site.dump, workers=0)
    rebuild_all(site.database, silent())
    after = everything(site.database)
    assert +again.added == Counter()
    assert {name for name in before if before[name] != after[name]} <= {
        SearchDocument.__tablename__
    }  # made anew, with the time of it
    assert site.rows(indexed) == documents
