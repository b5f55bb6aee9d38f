"""Counting anew: what was stored wrongly is mended, what was right stays, votes of imports are counted in."""

from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from forum.threads import answers, editing, hiding, official, ranking, recounting, voting
from forum.threads.tables import ImportedVotes, Post, Tag, Thread
from tests.forum import making

POST = ("up", "down", "staff_up", "staff_down", "rank", "accepted_at", "official_at")
THREAD = ("post_count", "reply_count", "score", "last_activity_at", "solved_at", "official_at")


def a_busy_community(session: Session) -> list[Post | Thread | Tag]:
    asker, employee = making.member(session), making.staff(session)
    opened = making.thread(session, asker, tags=["motor", "water"])
    author = making.member(session)
    posts = [making.reply(session, opened, author) for _ in range(4)]
    first = making.opening(session, opened)
    for _ in range(3):
        voter = making.member(session, privileges=("vote:down",))
        voting.vote(session, voter, post_id=first.id, value=1)
        voting.vote(session, voter, post_id=posts[0].id, value=-1)
    voting.vote(session, employee, post_id=posts[0].id, value=1)
    answers.accept(session, asker, post_id=posts[0].id)
    answers.accept(session, asker, post_id=posts[1].id)
    official.mark(session, employee, post_id=posts[0].id)
    editing.delete_post(session, author, post_id=posts[2].id)
    hiding.hide_post(session, post_id=posts[3].id, decision=making.decision(session))
    hidden = making.thread(session, tags=["water"])
    hiding.hide_thread(session, thread_id=hidden.id, decision=making.decision(session))
    session.flush()
    return [opened, hidden, first, *posts, *session.query(Tag).order_by(Tag.id)]


def stored(things: list[Post | Thread | Tag]) -> list[tuple[object, ...]]:
    fields = {Post: POST, Thread: THREAD, Tag: ("thread_count",)}
    return [tuple(getattr(thing, name) for name in fields[type(thing)]) for thing in things]


def test_what_the_verbs_stored_is_right(session: Session) -> None:
    things = a_busy_community(session)
    before = stored(things)
    assert recounting.rebuild(session) == 0
    assert ranking.rebuild(session) == 0
    assert stored(things) == before


def test_wrong_numbers_are_mended(session: Session) -> None:
    things = a_busy_community(session)
    before = stored(things)
    wrong = {"up": 9, "staff_down": 9, "rank": 0.5, "accepted_at": None, "official_at": None}
    session.execute(update(Post).values(wrong))
    session.execute(update(Thread).values(post_count=1, reply_count=9, score=9, solved_at=None, official_at=None))
    session.execute(update(Tag).values(thread_count=9))
    session.expire_all()
    assert recounting.rebuild(session) == len(things) + 1  # and the opening post of the hidden thread
    assert stored(things) == before
    assert recounting.rebuild(session) == 0


def test_votes_of_an_import_are_counted_in(session: Session) -> None:
    opened = making.thread(session)
    first = making.opening(session, opened)
    voting.vote(session, making.member(session), post_id=first.id, value=1)
    for day, up, down in ((1, 5, 1), (2, 2, 0)):
        session.add(ImportedVotes(post_id=first.id, day=date(2020, 1, day), up=up, down=down))
    session.flush()
    assert recounting.rebuild(session) == 2
    assert (first.up, first.down, opened.score, first.rank) == (8, 1, 7, ranking.wilson(8, 1))
    voter = making.member(session)
    voting.vote(session, voter, post_id=first.id, value=1)
    voting.vote(session, voter, post_id=first.id, value=0)
    assert recounting.rebuild(session) == 0


def test_a_wrong_rank_alone_is_mended(session: Session) -> None:
    post = making.reply(session, making.thread(session))
    session.execute(update(Post).where(Post.id == post.id).values(rank=3.0))
    assert (ranking.rebuild(session), ranking.rebuild(session)) == (1, 0)
