"""Many who decide at once: numbers without a gap, a chain without a fork, and no dead end."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from forum.kernel.db import Database
from forum.kernel.errors import Conflict
from forum.members.actors import actor_of
from forum.threads.tables import Post
from moderation.decisions import decide, redact
from moderation.tables import Decision
from moderation.verifying import verify
from tests.forum import making as make
from tests.moderation.deciding import ruling

AT_ONCE = 20


def test_twenty_at_once_leave_no_gap(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        moderators = [make.moderator(session).member_id for _ in range(AT_ONCE)]
        administrator = make.administrator(session).member_id
        thread = make.thread(session)
        posts = [make.reply(session, thread if n % 2 else make.thread(session)).id for n in range(AT_ONCE)]

    def decides(n: int) -> int:
        with fresh_database.transaction() as session:
            post = session.get_one(Post, posts[n])
            return decide(session, actor_of(session, moderators[n]), ruling("hide-post", post)).number

    def redacts(number: int) -> int:
        with fresh_database.transaction() as session:
            return redact(session, actor_of(session, administrator), number=number, text="It named a person.").number

    with ThreadPoolExecutor(AT_ONCE) as pool:
        numbers = list(pool.map(decides, range(AT_ONCE)))
        numbers += pool.map(redacts, range(1, 6))
    assert sorted(numbers) == list(range(1, AT_ONCE + 6))
    with fresh_database.reading() as connection:
        states = [finding.state for finding in verify(connection)]
    assert states == ["redacted"] * 5 + ["sound"] * AT_ONCE


def test_of_several_who_decide_on_one_post_one_does(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        moderators = [make.moderator(session).member_id for _ in range(8)]
        post_id = make.reply(session, make.thread(session)).id

    def decides(member_id: int | None) -> int:
        try:
            with fresh_database.transaction() as session:
                post = session.get_one(Post, post_id)
                return decide(session, actor_of(session, member_id), ruling("hide-post", post)).number
        except Conflict:
            return 0

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(decides, moderators))
    assert sorted(numbers) == [0] * 7 + [1]
    with fresh_database.reading() as connection:
        assert connection.execute(select(Decision.number)).scalars().all() == [1]
        assert all(finding.is_sound for finding in verify(connection))
