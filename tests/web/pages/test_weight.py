"""How heavy a page is for whoever reads it: bytes on the wire and requests, counted from the site's own answers."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
from lxml import html

from forum.kernel.db import Database
from forum.threads.tables import Category, Thread
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site
from web import assets, demo

MOST_HTML, MOST_CSS, MOST_SCRIPT, MOST_REQUESTS = 20_000, 12_000, 26_000, 10
_ASKED_FOR = (
    "//link[@rel='stylesheet' or @rel='icon' or @rel='preload' or @rel='modulepreload' or @rel='manifest']/@href",
    "//script/@src",
    "//img/@src",
    "//*[local-name()='use']/@href",
)


def said() -> Iterator[str]:
    """What people write: the posts of the demo community, over and over."""
    files = sorted((Path(demo.__file__).parent / "content" / "threads").rglob("*.md"))
    texts = [part.strip() for file in files for part in re.split(r"\+\+\+[^+]*\+\+\+\n", file.read_text("utf-8"))]
    return cycle(text for text in texts if 300 < len(text) < 1_200)


@pytest.fixture(scope="module")
def thread(database: Database, people: People) -> Thread:
    """A question with nineteen replies of usual length, so twenty posts."""
    texts = said()
    with database.transaction() as session:
        opened = make.thread(session, people.asker, body=next(texts), tags=["pressure", "valve"])
        for turn in range(19):
            make.reply(session, opened, people.staff if turn % 7 == 0 else people.peer, body=next(texts))
    return opened


@pytest.fixture(scope="module", params=["thread", "home", "category", "profile"])
def address(request: pytest.FixtureRequest, thread: Thread, people: People, database: Database) -> str:
    with database.transaction() as session:
        place = session.get_one(Category, thread.category_id).slug
    return {
        "thread": f"/t/{thread.id}/{thread.slug}",
        "home": "/",
        "category": f"/c/{place}",
        "profile": f"/m/{people.peer.handle}",
    }[request.param]


def weight(site: Site, path: str) -> int:
    """The bytes of an answer's body as they are sent to a browser that takes gzip."""
    with site.anybody().client.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        sent = b"".join(answer.iter_raw())
        assert answer.status_code == 200
        return len(sent if answer.headers.get("content-encoding") == "gzip" else gzip.compress(sent))


def resources(site: Site, address: str) -> list[str]:
    """What a browser fetches besides the page itself, each once."""
    tree = html.fromstring(site.anybody().get(address).text)
    found = (str(link).partition("#")[0] for path in _ASKED_FOR for link in tree.xpath(path))
    return list(dict.fromkeys(found))


def test_a_page_is_light(site: Site, address: str) -> None:
    assert weight(site, address) <= MOST_HTML


def test_a_page_asks_for_little_and_for_nothing_from_elsewhere(site: Site, address: str) -> None:
    needed = resources(site, address)
    assert 3 <= len(needed) + 1 <= MOST_REQUESTS
    assert all(link.startswith("/static/") for link in needed)
    weigh = partial(weight, site)
    assert sum(map(weigh, [link for link in needed if link.endswith(".css")])) <= MOST_CSS
    assert sum(map(weigh, [link for link in needed if link.endswith(".js")])) <= MOST_SCRIPT


def test_script_was_weighed() -> None:
    if not assets.url("read.js"):
        pytest.skip("the front end is not built: `make run` does it")
    assert len(assets.shelf().files[assets.url("read.js").removeprefix("/static/")].gzipped) <= MOST_SCRIPT
