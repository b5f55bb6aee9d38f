"""Short words under a post, and questions that cannot wait."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.errors import Conflict, NotAllowed
from forum.threads import answers, asking, editing, hiding, replying
from forum.threads.tables import Post
from tests.forum import making

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_comment_stands_under_its_post_and_answers_nothing(session: Session) -> None:
    asker = making.member(session)
    thread = making.thread(session, asker)
    comment = replying.comment(
        session, making.member(session), post_id=making.opening(session, thread).id, body="Since when?"
    )

    assert (comment.is_comment, comment.parent_id) == (True, making.opening(session, thread).id)
    assert thread.reply_count == 0
    with pytest.raises(Conflict):
        answers.accept(session, asker, post_id=comment.id)


def test_a_comment_on_a_comment_joins_its_row(session: Session) -> None:
    reply = making.reply(session, making.thread(session))
    first = replying.comment(session, making.member(session), post_id=reply.id, body="Which key?")
    second = replying.comment(session, making.member(session), post_id=first.id, body="The short one.")
    assert second.parent_id == reply.id


def test_nobody_comments_on_what_is_out_of_sight(session: Session) -> None:
    author = making.member(session)
    reply = making.reply(session, making.thread(session), author)
    hiding.hide_post(session, post_id=reply.id, decision=making.decision(session))
    with pytest.raises(Conflict):
        replying.comment(session, author, post_id=reply.id, body="But why?")


def test_an_edited_comment_stays_one(session: Session) -> None:
    author = making.member(session)
    post = making.opening(session, making.thread(session))
    comment = replying.comment(session, author, post_id=post.id, body="Since wen?")
    edited = editing.edit_post(session, author, post_id=comment.id, body="Since when?")
    assert (edited.is_comment, edited.source) == (True, "Since when?")


@pytest.mark.parametrize("say", ["reply", "comment"])
def test_an_urgent_question_lets_staff_in_at_once(session: Session, say: str) -> None:
    place = making.category(session, peers_first_hours=4)
    staff = making.staff(session)
    for urgent in (False, True):
        with clock.at(NOON):
            thread = asking.ask(
                session, making.member(session), kind="question", category=place.slug, urgent=urgent,
                title=making.TITLE, body=making.BODY,
            )  # fmt: skip
            opening = making.opening(session, thread)
        with clock.at(NOON + timedelta(minutes=5)):
            if not urgent:
                with pytest.raises(NotAllowed):
                    _say(session, staff, say, thread.id, opening.id)
            else:
                assert _say(session, staff, say, thread.id, opening.id).is_company


def _say(session: Session, actor: Actor, how: str, thread_id: int, post_id: int) -> Post:
    if how == "comment":
        return replying.comment(session, actor, post_id=post_id, body="Switch it off first.")
    return replying.reply(session, actor, thread_id=thread_id, body="Switch it off first.")
