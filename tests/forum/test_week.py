"""The figures of the last seven days."""

from datetime import UTC, datetime, timedelta

from forum.kernel import clock
from forum.kernel.access import STAFF
from forum.kernel.db import Database
from forum.threads import answers, replying, week
from tests.forum import making as make

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)  # no other test lives then


def test_what_is_counted_of_a_week(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        with clock.at(START):
            asker, peer, staff = make.member(session), make.member(session), make.staff(session)
            asked = [make.thread(session, asker) for _ in range(4)]
            place = make.category(session, audience=STAFF, openers=STAFF)
            make.thread(session, staff, place)
        with clock.at(START + timedelta(minutes=10)):
            replying.reply(session, asker, thread_id=asked[0].id, body="I forgot: it is the model of last year.")
        with clock.at(START + timedelta(minutes=20)):
            first = make.reply(session, asked[0], peer)
            make.reply(session, asked[1], staff)
        with clock.at(START + timedelta(minutes=60)):
            make.reply(session, asked[0], staff)
            make.reply(session, asked[2], peer)
            answers.accept(session, asker, post_id=first.id)
        with clock.at(START + timedelta(days=6)):
            found = week.reckon(session, decisions=3)
    assert (found.asked, found.answered, found.first_by_peer, found.first_answer) == (4, 3, 2, 20)
    assert found.decisions == 3
    assert found.thanks == (week.Thanked(peer.handle, peer.name, 1),)
    with fresh_database.reading() as connection:
        assert week.this_week(connection) == found


def test_a_week_later_nothing_of_it_is_left_and_nobody_is_thanked_for_a_mark_taken_back(
    fresh_database: Database,
) -> None:
    start = START + timedelta(days=30)
    with fresh_database.transaction() as session:
        with clock.at(start):
            asker, peer = make.member(session), make.member(session)
            asked = make.thread(session, asker)
            reply = make.reply(session, asked, peer)
            answers.accept(session, asker, post_id=reply.id)
            assert week.reckon(session, decisions=0).thanks == (week.Thanked(peer.handle, peer.name, 1),)
            answers.withdraw(session, asker, thread_id=asked.id, post_id=reply.id)
            assert week.reckon(session, decisions=0).thanks == ()
        with clock.at(start + timedelta(days=8)):
            assert week.reckon(session, decisions=0) == week.Week()


def test_figures_that_are_the_same_are_not_written_again(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        week.reckon(session, decisions=1)
    with fresh_database.transaction() as session:
        week.reckon(session, decisions=1)
        assert not session.dirty
        week.reckon(session, decisions=2)
        assert session.dirty
