"""What a moderation decision does to posts and threads, and to what is counted."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import NotAllowed, NotFound
from forum.threads import closing, finding, hiding
from forum.threads.tables import Tag
from tests.forum import making


def test_a_hidden_reply_is_seen_by_its_author_and_moderators_alone(session: Session) -> None:
    author = making.member(session)
    opened = making.thread(session)
    post = making.reply(session, opened, author)
    decision = making.decision(session)
    assert hiding.hide_post(session, post_id=post.id, decision=decision)
    assert not hiding.hide_post(session, post_id=post.id, decision=decision)
    assert (opened.reply_count, post.hidden_by) == (0, decision.value)
    for stranger in (ANONYMOUS, making.member(session), making.staff(session)):
        with pytest.raises(NotFound):
            finding.visible_post(session, stranger, post.id)
    for reader in (author, making.moderator(session)):
        assert finding.visible_post(session, reader, post.id) is post
    assert hiding.restore_post(session, post_id=post.id, decision=decision)
    assert not hiding.restore_post(session, post_id=post.id, decision=decision)
    assert (opened.reply_count, post.hidden_by) == (1, None)
    assert finding.visible_post(session, ANONYMOUS, post.id) is post
    assert making.facts(session)[-2:] == ["PostHidden", "PostRestored"]


def test_a_hidden_thread_is_out_of_sight_with_all_it_holds(session: Session) -> None:
    author = making.member(session)
    opened = making.thread(session, author, tags=["motor"])
    reply = making.reply(session, opened)
    decision = making.decision(session)
    hiding.hide_thread(session, thread_id=opened.id, decision=decision)
    assert session.scalars(select(Tag.thread_count)).all() == [0]
    with pytest.raises(NotFound):
        finding.visible_thread(session, making.member(session), opened.id)
    with pytest.raises(NotFound):
        finding.visible_post(session, making.member(session), reply.id)
    with pytest.raises(NotAllowed, match="out of sight"):
        making.reply(session, opened, author)
    assert hiding.restore_thread(session, thread_id=opened.id, decision=decision)
    assert not hiding.restore_thread(session, thread_id=opened.id, decision=decision)
    assert session.scalars(select(Tag.thread_count)).all() == [1]
    assert making.facts(session)[-2:] == ["ThreadHidden", "ThreadRestored"]


def test_an_opening_post_goes_and_comes_back_with_its_thread(session: Session) -> None:
    opened = making.thread(session)
    first = making.opening(session, opened)
    decision = making.decision(session)
    hiding.hide_post(session, post_id=first.id, decision=decision)
    assert opened.hidden_by == first.hidden_by == decision.value
    hiding.restore_thread(session, thread_id=opened.id, decision=decision)
    assert (opened.hidden_at, first.hidden_at) == (None, None)


def test_a_thread_hidden_for_another_reason_stays_hidden(session: Session) -> None:
    opened = making.thread(session)
    first = making.opening(session, opened)
    hiding.hide_thread(session, thread_id=opened.id, decision=making.decision(session))
    hiding.hide_post(session, post_id=first.id, decision=making.decision(session))
    hiding.restore_post(session, post_id=first.id, decision=making.decision(session))
    assert (first.hidden_at, opened.hidden_at is not None) == (None, True)


def test_the_database_refuses_to_hide_without_a_decision(session: Session) -> None:
    post = making.reply(session, making.thread(session))
    for table, key in (("post", post.id), ("thread", post.thread_id)):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE {table} SET hidden_at = 1 WHERE id = :key"), {"key": key})


def test_nobody_replies_to_a_closed_thread_until_it_is_opened_again(session: Session) -> None:
    opened = making.thread(session)
    decision = making.decision(session)
    assert closing.close(session, thread_id=opened.id, decision=decision, reason="The product is no longer made.")
    assert not closing.close(session, thread_id=opened.id, decision=decision, reason="Again")
    assert (opened.closed_by, opened.closed_reason) == (decision.value, "The product is no longer made.")
    with pytest.raises(NotAllowed, match="closed"):
        making.reply(session, opened)
    assert closing.reopen(session, thread_id=opened.id, decision=decision)
    assert not closing.reopen(session, thread_id=opened.id, decision=decision)
    assert making.reply(session, opened).number == 2
    assert making.facts(session)[-3:] == ["ThreadClosed", "ThreadReopened", "PostAdded"]


@pytest.mark.parametrize("verb", [hiding.hide_post, hiding.restore_post])
def test_there_is_no_such_post(session: Session, verb: type) -> None:
    with pytest.raises(NotFound):
        verb(session, post_id=404, decision=making.decision(session))


@pytest.mark.parametrize("verb", [hiding.hide_thread, hiding.restore_thread, closing.reopen])
def test_there_is_no_such_thread(session: Session, verb: type) -> None:
    with pytest.raises(NotFound):
        verb(session, thread_id=404, decision=making.decision(session))
