"""What was removed as illegal or harmful is not even its author's to read again, whichever way they ask for it."""

import pytest

from forum.kernel.db import Database
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.security.conftest import People
from tests.web.pages.visiting import Site, Visitor

FROM_THE_SAME = {"sec-fetch-site": "same-origin"}
WORDS = "Open unlocker-malware.example to get it."
OTHERS = ("/p/{post}/history", "/p/{post}/edit", "/p/{post}/delete", "/notifications", "/m/{handle}?tab=answers")
OVER_THE_API = ("/api/v1/posts/{post}", "/api/v1/posts/{post}/revisions", "/api/v1/threads/{thread}",
    "/api/v1/threads/{thread}/posts", "/api/v1/search?q=unlocker", "/search?q=unlocker")  # fmt: skip


@pytest.fixture(params=("illegal", "malware", "abuse"))
def reason(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def told(visitor: Visitor, address: str) -> bool:
    return "unlocker-malware" in visitor.client.get(address).text


def test_its_author_reads_it_only_where_the_reason_allows(
    site: Site, people: People, database: Database, reason: str
) -> None:
    with database.transaction() as session:
        thread = make.thread(session, people.asker)
        post = make.reply(session, thread, people.peer, body=WORDS)
        why = Ruling(
            action="hide-post",
            target_kind="post",
            target_id=post.id,
            rule="5",
            reason_code=reason,
            text="It harms people.",
        )
        decide(session, people.moderator, why)
    author, moderator, asker = site.as_(people.peer), site.as_(people.moderator), site.as_(people.asker)
    page = f"/t/{thread.id}/{thread.slug}"
    for way in (page, *OTHERS, *OVER_THE_API):
        address = way.format(post=post.id, thread=thread.id, handle=people.peer.handle)
        assert not told(asker, address), address
        if reason != "abuse":
            assert not told(author, address), address
    for address in (page, f"/api/v1/posts/{post.id}", f"/api/v1/threads/{thread.id}/posts"):
        assert told(author, address) == (reason == "abuse"), address
        assert told(moderator, address), address
    changed = author.client.patch(
        f"/api/v1/posts/{post.id}",
        json={"body": "Something else."},
        headers={"x-csrf-token": author._token()} | FROM_THE_SAME,
    )
    assert changed.status_code == (200 if reason == "abuse" else 404), changed.text
