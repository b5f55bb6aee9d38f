"""The ledger as people see it: cause and post, totals that add up, and never who voted."""

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import Invalid, NotFound
from forum.threads import voting
from forum.threads.tables import Thread
from reputation.pages import LedgerPage, ledger_page
from reputation.tables import LedgerEntry
from tests.forum import making as make
from tests.moderation.deciding import decided
from tests.reputation.test_settling import settle


def read(session: Session, reader: Actor, of: Actor, **changes: object) -> LedgerPage:
    session.flush()
    return ledger_page(session.connection(), reader, handle=of.handle, **changes)  # type: ignore[arg-type]


@pytest.fixture
def peer(session: Session) -> Actor:
    """Somebody with five movements, one of them an inverse."""
    peer, voter = make.member(session), make.member(session)
    for _ in range(3):
        voting.vote(session, voter, post_id=make.reply(session, make.thread(session), peer).id, value=1)
    settle(session)
    last = make.reply(session, make.thread(session), peer)
    for value in (1, 0):
        voting.vote(session, voter, post_id=last.id, value=value)
        settle(session)
    return peer


def test_each_line_says_what_the_total_was_after_it(session: Session, peer: Actor) -> None:
    page = read(session, ANONYMOUS, peer)
    assert [(line.points, line.total, line.is_inverse) for line in page.lines.items] == [
        (-10, 30, True), (10, 40, False), (10, 30, False), (10, 20, False), (10, 10, False),
    ]  # fmt: skip
    assert (page.total, page.lines.next) == (30, None)


def test_totals_add_up_across_pages(session: Session, peer: Actor) -> None:
    seen: list[int] = []
    cursor = ""
    for _ in range(3):
        page = read(session, ANONYMOUS, peer, cursor=cursor, limit=2)
        seen += [line.total for line in page.lines.items]
        cursor = page.lines.next or ""
    assert (seen, cursor) == ([30, 40, 30, 20, 10], "")


def test_nothing_tells_who_voted(session: Session, peer: Actor) -> None:
    causes = session.scalars(select(LedgerEntry.cause)).all()
    voters = {int(cause.rpartition(":")[2]) for cause in causes}
    said = msgspec.to_builtins(read(session, peer, peer))
    assert not voters & {value for line in said["lines"]["items"] for name, value in line.items() if "member" in name}
    assert "cause" not in said["lines"]["items"][0]


def test_where_somebody_voted_down_is_theirs_to_know(session: Session) -> None:
    critic = make.member(session, privileges=("vote:down",))
    reply = make.reply(session, make.thread(session))
    voting.vote(session, critic, post_id=reply.id, value=-1)
    settle(session)
    (own,) = read(session, critic, critic).lines.items
    assert (own.post_id, own.thread_title) == (reply.id, make.TITLE)
    for reader in (ANONYMOUS, make.member(session), make.moderator(session), make.administrator(session)):
        seen = read(session, reader, critic)
        assert (seen.lines.items, seen.apart) == ((), -1)


def test_votes_down_leave_no_gap_in_the_totals_that_others_see(session: Session, peer: Actor) -> None:
    critic = make.member(session, privileges=("vote:down",))
    for value in (1, -1, 1):
        post = make.reply(session, make.thread(session), critic)
        voting.vote(session, peer, post_id=post.id, value=1)
        settle(session)
        other = make.reply(session, make.thread(session))
        voting.vote(session, critic, post_id=other.id, value=value)
        settle(session)
    own, seen = read(session, critic, critic), read(session, peer, critic)
    assert [(line.points, line.total) for line in own.lines.items] == [(10, 29), (-1, 19), (10, 20), (10, 10)]
    assert [(line.points, line.total) for line in seen.lines.items] == [(10, 30), (10, 20), (10, 10)]
    assert (own.total, own.apart, seen.total, seen.apart) == (29, 0, 29, -1)
    older = read(session, peer, critic, cursor=read(session, peer, critic, limit=1).lines.next, limit=1)
    assert [(line.points, line.total) for line in older.lines.items] == [(10, 20)]


@pytest.mark.parametrize("action", ["hide-post", "hide-thread"])
def test_what_is_hidden_is_not_named_to_others(session: Session, action: str) -> None:
    peer = make.member(session)
    thread = make.thread(session, title="A canary that nobody may read here")
    reply = make.reply(session, thread, peer)
    voting.vote(session, make.member(session), post_id=reply.id, value=1)
    settle(session)
    decided(session, make.moderator(session), action, reply if action == "hide-post" else thread)
    settle(session)
    for reader in (ANONYMOUS, make.member(session), make.staff(session)):
        lines = read(session, reader, peer).lines.items
        assert [(line.points, line.post_id, line.thread_title) for line in lines] == [(-10, None, ""), (10, None, "")]
    own = peer if action == "hide-post" else make.moderator(session)
    assert {line.post_id for line in read(session, own, peer).lines.items} == {reply.id}


def test_what_the_house_keeps_to_itself_is_not_named(session: Session) -> None:
    house = make.category(session, audience=1)
    peer = make.member(session)
    thread: Thread = make.thread(session, place=house)
    voting.vote(session, make.member(session), post_id=make.reply(session, thread, peer).id, value=1)
    settle(session)
    assert [line.thread_title for line in read(session, ANONYMOUS, peer).lines.items] == [""]
    assert [line.thread_title for line in read(session, make.member(session), peer).lines.items] == [make.TITLE]


def test_nobody_has_this_handle(session: Session) -> None:
    with pytest.raises(NotFound):
        ledger_page(session.connection(), ANONYMOUS, handle="nobody-here")


def test_a_cursor_of_ones_own_making_is_refused(session: Session, peer: Actor) -> None:
    with pytest.raises(Invalid):
        read(session, ANONYMOUS, peer, cursor="abc")
