"""Whose words they are is told to the company's systems only with that member's consent, and is cleared when it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from crm_sync import replaying
from crm_sync.documents import document_of
from crm_sync.pages import own_shares
from crm_sync.ports import Case, IdeaRecord
from forum.events import AnswerAccepted, ConsentChanged, IdeaStatusChanged, MemberDeleted, MemberRenamed
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.db import Database
from forum.kernel.errors import NotAllowed
from forum.kernel.outbox import OutboxEvent
from forum.kernel.settings import Settings
from forum.members import accounts, consenting, leaving
from forum.members.actors import COMMAND_LINE, actor_of
from forum.members.tables import AuditEntry, Consent, Member
from tests.crm_sync import make
from tests.crm_sync.make import Asked
from tests.crm_sync.office import Office
from tests.installing import settings_for
from tests.servers.webhooks import Receiver

URL = make.URL


@pytest.fixture
def settings(fresh_database: Database, tmp_path: Path) -> Settings:
    return settings_for(fresh_database.url.render_as_string(hide_password=False), tmp_path)


@pytest.fixture
def office(fresh_database: Database, settings: Settings) -> Office:
    office = Office(fresh_database, settings)
    office.connect("journal", name="journal")
    return office


def say(office: Office, member_id: int, purpose: str, *, is_given: bool) -> None:
    with office.db.transaction() as session:
        if consenting.decide(session, actor_of(session, member_id), purpose=purpose, is_given=is_given):
            pass
    office.happens(ConsentChanged(member_id=member_id, purpose=purpose))
    office.work_off()


def written(office: Office, kind: str) -> list[dict[str, Any]]:
    """What the journal holds of a kind, line by line."""
    (file,) = office.settings.var_dir.rglob(f"{kind}s.ndjson")
    return [json.loads(line)["record"] for line in file.read_text().splitlines()]


def test_a_case_bears_no_name_until_its_people_consent(office: Office) -> None:
    asked = office.asked()
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    office.work_off()
    assert "Marta" not in json.dumps(written(office, "case"))
    say(office, asked.author_id, consenting.CASES, is_given=True)
    named = written(office, "case")[-1]
    assert named["asked_by"]["name"] == named["answers"][0]["by"]["name"] == "Marta Oliveira"
    say(office, asked.author_id, consenting.CASES, is_given=False)
    cleared = written(office, "case")[-1]
    for person in (cleared["asked_by"], cleared["answers"][0]["by"]):
        assert (person["handle"], person["name"]) == ("", "")
    assert len(written(office, "case")) == 3


def test_an_idea_has_a_consent_of_its_own(office: Office) -> None:
    with office.db.transaction() as session:
        idea = make.proposal(session)
    office.happens(IdeaStatusChanged(thread_id=idea.thread_id, change_id=1))
    office.work_off()
    say(office, idea.author_id, consenting.CASES, is_given=True)
    assert [record["proposed_by"]["name"] for record in written(office, "idea")] == [""]
    say(office, idea.author_id, consenting.IDEAS, is_given=True)
    assert written(office, "idea")[-1]["proposed_by"]["name"] == "Marta Oliveira"


def test_what_was_never_told_is_not_told_because_somebody_consents(office: Office) -> None:
    asked = office.asked(solved=False)
    say(office, asked.author_id, consenting.CASES, is_given=True)
    assert office.states() == []


def test_deleting_an_account_clears_the_name_everywhere(office: Office) -> None:
    asked = office.asked()
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    say(office, asked.author_id, consenting.CASES, is_given=True)
    assert written(office, "case")[-1]["asked_by"]["name"] == "Marta Oliveira"
    with office.db.transaction() as session:
        leaving.anonymise(session, session.get_one(Member, asked.author_id))
    office.happens(MemberDeleted(member_id=asked.author_id))
    office.work_off()
    assert written(office, "case")[-1]["asked_by"] == {"handle": "", "name": "", "is_staff": False}


def test_who_speaks_for_the_company_is_named_always(office: Office) -> None:
    asked = office.asked()
    from forum.threads.tables import Post

    office.change(Post, asked.answer_id, is_company=True)
    with office.db.transaction() as session:
        case = document_of(session, "case", asked.thread_id, base_url=URL)
    assert isinstance(case, Case)
    assert case.asked_by.name == ""
    assert (case.answers[0].by.name, case.answers[0].by.is_staff) == ("Marta Oliveira", True)


def test_a_member_sees_what_was_shared_of_theirs(office: Office) -> None:
    asked, another = office.asked(), office.asked(title="Somebody else's")
    for each in (asked, another):
        office.happens(AnswerAccepted(thread_id=each.thread_id, acceptance_id=1))
    office.work_off()
    with office.db.reading() as connection:
        (share,) = own_shares(connection, Actor(member_id=asked.author_id))
    assert (share.thread_id, share.kind, share.connection, share.title) == (
        asked.thread_id,
        "case",
        "journal",
        "Pump is silent",
    )


def test_an_idea_of_nobody_in_particular_is_still_an_idea(office: Office) -> None:
    with office.db.transaction() as session:
        idea = document_of(session, "idea", make.proposal(session).thread_id, base_url=URL)
    assert isinstance(idea, IdeaRecord)
    assert (idea.title, idea.proposed_by.handle) == ("A quieter pump", "")


# To those who were told otherwise


@pytest.fixture
def both(fresh_database: Database, settings: Settings, receiver: Receiver) -> Office:
    """A journal and a webhook that were told of a case and of an idea, with names that were never asked for."""
    office = Office(fresh_database, settings, receiver.url)
    office.connect("journal", name="journal")
    office.connect("webhook", name="hook", url=receiver.url)
    return office


def told(receiver: Receiver, kind: str) -> list[dict[str, Any]]:
    """The records of a kind that the webhook was sent, in their order."""
    messages = [json.loads(message.body) for message in receiver.received]
    return [message["data"]["record"] for message in messages if message["type"] == f"loggia.{kind}.updated"]


def told_before_anybody_was_asked(office: Office) -> tuple[Asked, Asked]:
    """Both were told when members were named without a word of theirs, which here is a word that is gone since."""
    asked = office.asked()
    with office.db.transaction() as session:
        idea = make.proposal(session)
    for member_id, purpose in ((asked.author_id, consenting.CASES), (idea.author_id, consenting.IDEAS)):
        say(office, member_id, purpose, is_given=True)
    office.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    office.happens(IdeaStatusChanged(thread_id=idea.thread_id, change_id=1))
    office.work_off()
    with office.db.transaction() as session:
        session.execute(delete(Consent))
    return asked, idea


def retracted(office: Office) -> int:
    with office.db.transaction() as session:
        count, after = replaying.retract(session, COMMAND_LINE)
    assert after is None
    office.work_off()
    return count


def test_names_that_were_told_before_anybody_was_asked_are_taken_back(both: Office, receiver: Receiver) -> None:
    told_before_anybody_was_asked(both)
    for kind, by in (("case", "asked_by"), ("idea", "proposed_by")):
        assert written(both, kind)[-1][by]["name"] == told(receiver, kind)[-1][by]["name"] == "Marta Oliveira"
    assert retracted(both) == 4
    for kind in ("case", "idea"):
        assert "Marta" not in json.dumps([written(both, kind)[-1], told(receiver, kind)[-1]])
        assert (len(written(both, kind)), len(told(receiver, kind))) == (2, 2)
    assert retracted(both) == 4, "all is looked at again"
    assert (len(written(both, "case")), len(told(receiver, "case"))) == (2, 2), (
        "but nothing is sent that is there already"
    )
    with both.db.transaction() as session:
        receipts = session.scalars(select(AuditEntry).where(AuditEntry.action == "deliveries:retracted")).all()
    assert [(receipt.voice, receipt.detail["count"]) for receipt in receipts] == [("command line", 4)] * 2


def test_only_who_was_told_is_told_anew(both: Office, receiver: Receiver) -> None:
    told_before_anybody_was_asked(both)
    both.asked(title="Never told", solved=False)
    both.connect("journal", name="a later one")
    assert retracted(both) == 4


def test_only_administrators_have_names_taken_back(both: Office) -> None:
    for actor in (ANONYMOUS, Actor(member_id=1, role="moderator")):
        with both.db.transaction() as session, pytest.raises(NotAllowed):
            replaying.retract(session, actor)


def test_who_is_called_otherwise_is_so_where_their_name_was_told(both: Office, receiver: Receiver) -> None:
    asked = both.asked()
    say(both, asked.author_id, consenting.CASES, is_given=True)
    both.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    both.work_off()
    rename(both, asked.author_id, "Marta Rossi")
    for record in (written(both, "case")[-1], told(receiver, "case")[-1]):
        assert record["asked_by"]["name"] == record["answers"][0]["by"]["name"] == "Marta Rossi"
    say(both, asked.author_id, consenting.CASES, is_given=False)
    assert "Marta" not in json.dumps([written(both, "case")[-1], told(receiver, "case")[-1]])
    before = len(told(receiver, "case"))
    rename(both, asked.author_id, "Marta Bianchi")
    assert len(told(receiver, "case")) == before
    assert "Marta" not in json.dumps([written(both, "case")[-1], told(receiver, "case")[-1]])


def test_who_left_is_forgotten_by_a_webhook_too(both: Office, receiver: Receiver) -> None:
    asked = both.asked()
    say(both, asked.author_id, consenting.CASES, is_given=True)
    both.happens(AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    both.work_off()
    with both.db.transaction() as session:
        leaving.anonymise(session, session.get_one(Member, asked.author_id))
    both.happens(MemberDeleted(member_id=asked.author_id))
    both.work_off()
    assert told(receiver, "case")[-1]["asked_by"] == {"handle": "", "name": "", "is_staff": False}
    assert len(told(receiver, "case")) == 2


def rename(office: Office, member_id: int, name: str) -> None:
    """Somebody changes their name in their settings, and the outbox brings the news."""
    with office.db.transaction() as session:
        before = session.scalar(select(func.count()).select_from(OutboxEvent)) or 0
        accounts.edit_profile(session, actor_of(session, member_id), member_id=member_id, name=name, bio="")
        session.flush()
        kinds = session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)).all()[before:]
    assert kinds == ["MemberChanged", "MemberRenamed"]
    office.happens(MemberRenamed(member_id=member_id))
    office.work_off()
