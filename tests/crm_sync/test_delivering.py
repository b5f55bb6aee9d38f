"""From a fact to a record over there, on both databases and over real sockets that fail in every way."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_sync.ports import Unsure
from crm_sync.tables import Connection, CrmDelivery
from forum.articles.tables import Article
from forum.events import (
    AnswerAccepted,
    AnswerWithdrawn,
    ArticlePublished,
    ArticleWithdrawn,
    IdeaStatusChanged,
    PostEdited,
    PostHidden,
    ThreadEdited,
    ThreadHidden,
)
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Post, Thread
from tests.crm_sync import desk, make
from tests.crm_sync.desk import Desk
from tests.crm_sync.office import Killed, Office, dying, ids
from tests.installing import settings_for
from tests.servers.webhooks import CUT, HANG, Answer, Receiver


@pytest.fixture
def settings(fresh_database: Database, tmp_path: Path) -> Settings:
    return settings_for(fresh_database.url.render_as_string(hide_password=False), tmp_path)


@pytest.fixture
def office(fresh_database: Database, settings: Settings, receiver: Receiver) -> Office:
    """Connected to a webhook."""
    office = Office(fresh_database, settings, receiver.url)
    office.connect("webhook", url=receiver.url, timeout=1)
    return office


@pytest.fixture
def helpdesk() -> Iterator[Desk]:
    with desk.running() as running:
        yield running


@pytest.fixture
def desk_office(fresh_database: Database, settings: Settings, helpdesk: Desk) -> Office:
    """Connected to a desk that refuses no double."""
    office = Office(fresh_database, settings, helpdesk.url)
    office.connect("desk", url=helpdesk.url)
    return office


def accepted(office: Office, **given: Any) -> make.Asked:
    asked = office.asked(**given)
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    return asked


def events(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in receiver.received]


def hidden(office: Office, entity: type[Any], key: int) -> None:
    """Out of sight, as the verbs of moderation leave a row."""
    with office.db.transaction() as session:
        decision = make.decision(session)
        row = session.get_one(entity, key)
        row.hidden_at, row.hidden_by = make.NOON, decision


# The plain way


def test_a_solved_question_becomes_a_case(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    assert office.round() == 1
    assert office.states() == [("done", "created")]
    assert office.steps() == ["written", "claimed", "called", "created"]
    (event,) = events(receiver)
    record = event["data"]["record"]
    assert event["subject"] == f"loggia-1a2b:case:{asked.thread_id}"
    assert (record["state"], record["url"]) == ("solved", f"http://127.0.0.1:8000/t/{asked.thread_id}/pump-is-silent")
    assert [answer["text"] for answer in record["answers"]] == ["Prime it."]
    assert office.round() == 0


def test_the_journal_receives_cases_ideas_and_articles(fresh_database: Database, settings: Settings) -> None:
    office = Office(fresh_database, settings)
    office.connect("journal", name="journal")
    asked = accepted(office)
    with office.db.transaction() as session:
        idea, article = make.proposal(session), make.published(session, asked).id
    office.happens(IdeaStatusChanged(thread_id=idea.thread_id, change_id=1))
    office.happens(ArticlePublished(article_id=article))
    assert office.round() == 3
    folder = settings.var_dir / "crm"
    assert json.loads((folder / "cases.ndjson").read_text())["record"]["title"] == "Pump is silent"
    assert json.loads((folder / "ideas.ndjson").read_text())["record"]["status"] == "planned"
    assert json.loads((folder / "articles.ndjson").read_text())["record"]["case_url"].endswith("/pump-is-silent")


def test_a_change_updates_and_no_change_is_not_sent(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    office.round()
    office.happens(ThreadEdited(thread_id=asked.thread_id))
    office.round()
    office.change(Thread, asked.thread_id, title="Pump hums")
    office.happens(ThreadEdited(thread_id=asked.thread_id))
    office.round()
    assert [reason for _, reason in office.states()] == ["created", "unchanged", "updated"]
    assert [event["data"]["record"]["title"] for event in events(receiver)] == ["Pump is silent", "Pump hums"]
    assert len(set(ids(receiver.received))) == 2


def test_an_edit_of_a_reply_that_the_record_does_not_show_is_nobodys_business(office: Office) -> None:
    asked = office.asked(solved=False)
    office.happens(PostEdited(thread_id=asked.thread_id, post_id=asked.answer_id))
    office.happens(ThreadEdited(thread_id=asked.thread_id))
    assert office.states() == []


def test_an_article_that_is_withdrawn_is_taken_back(office: Office, receiver: Receiver) -> None:
    asked = office.asked()
    with office.db.transaction() as session:
        article = make.published(session, asked).id
    office.happens(ArticlePublished(article_id=article))
    office.round()
    office.change(Article, article, state="withdrawn")
    office.happens(ArticleWithdrawn(article_id=article))
    office.round()
    assert [event["type"] for event in events(receiver)] == ["loggia.article.updated", "loggia.article.withdrawn"]
    assert office.link().withdrawn


# What the public does not see


@pytest.mark.parametrize("audience", [1, 2])
def test_what_is_not_public_never_leaves(office: Office, receiver: Receiver, audience: int) -> None:
    accepted(office, audience=audience)
    office.round()
    assert office.states() == [("done", "withheld")]
    assert receiver.received == []


@pytest.mark.parametrize("what", ["thread", "question"])
def test_hidden_while_waiting_never_appears(office: Office, receiver: Receiver, what: str) -> None:
    asked = accepted(office)
    if what == "thread":
        hidden(office, Thread, asked.thread_id)
    else:
        hidden(office, Post, asked.question_id)
    office.round()
    assert (office.states(), receiver.received) == ([("done", "withheld")], [])


def test_a_hidden_answer_leaves_the_record_without_its_words(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    hidden(office, Post, asked.answer_id)
    office.happens(PostHidden(thread_id=asked.thread_id, post_id=asked.answer_id))
    office.round()
    (event,) = events(receiver)
    assert event["data"]["record"]["answers"] == []


def test_hidden_after_it_was_told_is_taken_back_and_restored_is_told_again(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    office.round()
    hidden(office, Thread, asked.thread_id)
    office.happens(ThreadHidden(thread_id=asked.thread_id))
    office.round()
    office.happens(ThreadHidden(thread_id=asked.thread_id))
    office.round()
    office.change(Thread, asked.thread_id, hidden_at=None, hidden_by=None)
    office.happens(ThreadEdited(thread_id=asked.thread_id))
    office.round()
    assert [reason for _, reason in office.states()] == ["created", "withdrawn", "withheld", "updated"]
    assert "hums" not in receiver.received[1].body.decode()
    assert len(receiver.received) == 3


def test_accepted_withdrawn_and_accepted_again_ends_in_the_present_state(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    office.change(Thread, asked.thread_id, solved_at=None)
    office.happens(AnswerWithdrawn(thread_id=asked.thread_id, acceptance_id=1))
    office.change(Thread, asked.thread_id, solved_at=make.NOON)
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=2))
    office.round()
    assert office.states() == [("done", "superseded"), ("done", "superseded"), ("done", "created")]
    assert len(receiver.received) == 1


def test_withdrawn_before_anybody_heard_of_it_is_not_told(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    office.change(Thread, asked.thread_id, solved_at=None)
    office.happens(AnswerWithdrawn(thread_id=asked.thread_id, acceptance_id=1))
    office.round()
    assert office.states() == [("done", "superseded"), ("done", "withheld")]
    assert receiver.received == []


def test_withdrawn_after_it_was_told_opens_the_case_again(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    office.round()
    office.change(Thread, asked.thread_id, solved_at=None)
    office.happens(AnswerWithdrawn(thread_id=asked.thread_id, acceptance_id=1))
    office.round()
    assert [event["data"]["record"]["state"] for event in events(receiver)] == ["solved", "open"]


# Faults


def test_cut_after_the_commit_repeats_with_the_same_id(office: Office, receiver: Receiver) -> None:
    accepted(office)
    receiver.next_answers(CUT)
    office.round()
    assert office.states() == [("unsure", "unsure")]
    assert office.round() == 0  # not before its time
    office.work_off()
    assert office.states() == [("done", "created")]
    first, second = receiver.received
    assert first.body == second.body
    assert ids([first]) == ids([second])
    assert office.steps() == ["written", "claimed", "called", "unsure", "claimed", "called", "created"]


def test_a_receiver_that_does_not_answer_in_time_gets_the_same_again(office: Office, receiver: Receiver) -> None:
    accepted(office)
    receiver.next_answers(HANG)
    office.round()
    assert office.states() == [("unsure", "unsure")]
    receiver.release()
    office.work_off()
    assert len(set(ids(receiver.received))) == 1
    assert len(receiver.received) == 2


def test_what_changed_in_the_meantime_is_another_message(office: Office, receiver: Receiver) -> None:
    asked = accepted(office)
    receiver.next_answers(CUT)
    office.round()
    office.change(Thread, asked.thread_id, title="Pump hums")
    office.happens(ThreadEdited(thread_id=asked.thread_id))
    office.work_off()
    # a receiver that remembers ids and took the first must not leave the second aside
    assert len(set(ids(receiver.received))) == 2
    assert [event["data"]["record"]["title"] for event in events(receiver)] == ["Pump is silent", "Pump hums"]
    first, second = events(receiver)
    assert first["sequence"] < second["sequence"]
    assert office.states() == [("done", "created"), ("done", "unchanged")]


def test_429_pauses_the_connection_and_no_other(office: Office, receiver: Receiver) -> None:
    office.connect("journal", name="journal")
    accepted(office)
    accepted(office)
    receiver.next_answers(Answer(429, headers={"Retry-After": "7"}))
    office.round()
    assert len(receiver.received) == 1
    assert office.states(connection_id=1) == [("waiting", "later"), ("waiting", None)]
    assert office.states(connection_id=2) == [("done", "created"), ("done", "created")]
    waiting = office.connection_row().paused_until - _called_at(office)
    assert timedelta(seconds=7) <= waiting <= timedelta(seconds=30)
    assert office.round() == 0
    office.work_off()
    assert [state for state, _ in office.states()] == ["done"] * 4
    assert _attempts(office) == [1, 1, 1, 1]


def _called_at(office: Office) -> Any:
    with office.db.transaction() as session:
        return session.get_one(CrmDelivery, 1).called_at


def _attempts(office: Office) -> list[int]:
    with office.db.transaction() as session:
        return [row.attempt for row in session.query(CrmDelivery).order_by(CrmDelivery.id)]


def test_an_hour_of_faults_opens_the_breaker_and_wastes_no_attempt(office: Office, receiver: Receiver) -> None:
    for _ in range(7):
        accepted(office)
    receiver.answer = Answer(503)
    for _ in range(8):
        office.round()
    assert len(receiver.received) == 5
    assert office.connection_row().breaker_until is not None
    for _ in range(3):  # each a probe, one at a time
        office.time_passes()
        office.round()
    assert len(receiver.received) == 8
    assert sum(_attempts(office)) == 5
    receiver.answer = Answer(200)
    office.work_off()
    assert {state for state, _ in office.states()} == {"done"}
    assert office.connection_row().breaker_until is None


def test_one_that_is_refused_parks_and_others_pass(office: Office, receiver: Receiver) -> None:
    poison = accepted(office, title="😀" * 100)
    accepted(office)
    receiver.next_answers(Answer(422, b"title: too long"))
    office.round()
    assert office.states() == [("parked", "refused"), ("done", "created")]
    assert office.steps()[-2:] == ["refused", "parked"]
    office.change(Thread, poison.thread_id, title="Shorter")
    office.happens(ThreadEdited(thread_id=poison.thread_id))
    office.round()
    assert office.states() == [("done", "superseded"), ("done", "created"), ("done", "created")]


def test_410_holds_the_connection_once_and_deliveries_wait(office: Office, receiver: Receiver) -> None:
    accepted(office)
    accepted(office)
    receiver.answer = Answer(410)
    office.round()
    office.time_passes()
    assert office.round() == 0
    assert len(receiver.received) == 1
    assert office.connection_row().state == "held"
    assert [state for state, _ in office.states()] == ["waiting", "waiting"]
    receiver.answer = Answer(200)
    with office.db.transaction() as session:
        session.get_one(Connection, 1).resume()
    office.work_off()
    assert [state for state, _ in office.states()] == ["done", "done"]


def test_a_changed_installation_key_holds_the_connection_before_anything_is_called(
    office: Office, receiver: Receiver
) -> None:
    accepted(office)
    office.settings = settings_for(
        office.db.url.render_as_string(hide_password=False), office.settings.var_dir, secret_key="f" * 64
    )
    office.round()
    assert office.connection_row().state == "held"
    assert "LOGGIA_SECRET_KEY" in office.connection_row().why["msgid"]
    assert receiver.received == []


@pytest.mark.parametrize("where", ["prepare", "before", "after"])
def test_a_worker_that_dies_leaves_nothing_lost_and_nothing_doubled(
    desk_office: Office, helpdesk: Desk, where: str
) -> None:
    accepted(desk_office)
    with pytest.raises(Killed):
        desk_office.round(dying(where))
    assert desk_office.round() == 0  # its lease still runs
    desk_office.work_off()
    assert desk_office.states() == [("done", "adopted" if where == "after" else "created")]
    assert len(helpdesk.records) == 1
    assert "lost" in desk_office.steps()


def test_cut_after_the_commit_of_a_desk_is_found_and_adopted(desk_office: Office, helpdesk: Desk) -> None:
    accepted(desk_office)
    helpdesk.cuts = ["after"]
    desk_office.round()
    desk_office.work_off()
    assert desk_office.states() == [("done", "adopted")]
    assert desk_office.steps() == ["written", "claimed", "called", "unsure", "claimed", "called", "found", "adopted"]
    assert (len(helpdesk.records), desk_office.link().remote_id) == (1, "1")


def test_cut_before_the_commit_of_a_desk_looks_and_then_creates(desk_office: Office, helpdesk: Desk) -> None:
    accepted(desk_office)
    helpdesk.cuts = ["before", "after", "after"]
    desk_office.round()
    desk_office.work_off()
    assert desk_office.states() == [("done", "adopted")]
    assert len(helpdesk.records) == 1
    assert helpdesk.calls[:3] == ["POST", "GET", "POST"]


def test_a_desk_that_shows_records_late_is_looked_at_again_before_writing(
    fresh_database: Database, settings: Settings, helpdesk: Desk
) -> None:
    office = Office(fresh_database, settings, helpdesk.url)
    office.connect("desk", url=helpdesk.url, settle=3600)
    accepted(office)
    helpdesk.cuts = ["before"]
    office.round()
    office.time_passes()
    office.round()
    assert office.states() == [("waiting", "later")]
    assert helpdesk.calls == ["POST", "GET"]
    assert office.link().unsure_since is not None


def test_a_parked_doubt_is_looked_into_by_the_next_delivery(desk_office: Office, helpdesk: Desk) -> None:
    asked = accepted(desk_office)
    helpdesk.cuts = ["after"]
    desk_office.round()
    desk_office.change(CrmDelivery, 1, state="parked")
    desk_office.happens(ThreadEdited(thread_id=asked.thread_id))
    desk_office.work_off()
    assert desk_office.states() == [("done", "superseded"), ("done", "adopted")]
    assert len(helpdesk.records) == 1


def test_several_that_could_be_meant_are_held_and_nothing_is_written(desk_office: Office, helpdesk: Desk) -> None:
    asked = accepted(desk_office)
    key = f"loggia-1a2b:case:{asked.thread_id}"
    helpdesk.records = {1: {"key": key}, 2: {"key": key}}
    helpdesk.cuts = ["before"]
    desk_office.round()
    desk_office.work_off()
    assert desk_office.states() == [("held", "ambiguous")]
    assert helpdesk.records == {1: {"key": key}, 2: {"key": key}}


def test_a_record_that_was_merged_is_followed(desk_office: Office, helpdesk: Desk) -> None:
    asked = accepted(desk_office)
    desk_office.round()
    helpdesk.records[9] = {}
    helpdesk.merged[1] = 9
    desk_office.change(Thread, asked.thread_id, title="Pump hums")
    desk_office.happens(ThreadEdited(thread_id=asked.thread_id))
    desk_office.round()
    assert desk_office.link().remote_id == "9"
    assert helpdesk.records[9]["record"]["title"] == "Pump hums"


def test_a_record_that_was_deleted_is_held_and_not_made_again(desk_office: Office, helpdesk: Desk) -> None:
    asked = accepted(desk_office)
    desk_office.round()
    helpdesk.records.clear()
    desk_office.change(Thread, asked.thread_id, title="Pump hums")
    desk_office.happens(ThreadEdited(thread_id=asked.thread_id))
    desk_office.work_off()
    assert desk_office.states() == [("done", "created"), ("held", "gone")]
    assert helpdesk.records == {}


def test_a_fault_of_ours_parks_one_delivery_and_says_what_it_was(desk_office: Office, helpdesk: Desk) -> None:
    accepted(desk_office)
    accepted(desk_office)
    desk_office.change(Connection, 1, connector="desk", config={"url": helpdesk.url, "settle": "not a number"})
    desk_office.round()
    assert desk_office.states() == [("parked", "fault"), ("parked", "fault")]
    assert "ValueError" in desk_office.steps_notes()


def test_silence_for_twelve_tries_parks_it_and_the_doubt_stays(desk_office: Office, helpdesk: Desk) -> None:
    accepted(desk_office)
    helpdesk.cuts = ["before"] * 12
    for _ in range(12):
        desk_office.change(Connection, 1, failures=0, breaker_until=None)
        desk_office.time_passes()
        desk_office.round()
    assert desk_office.states() == [("parked", "unsure")]
    assert desk_office.link().unsure_since is not None
    assert str(Unsure().text) in desk_office.steps_notes()
