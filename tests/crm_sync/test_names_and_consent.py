"""Whose words they are is told to the company's systems only with that member's consent, and is cleared when it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from crm_sync.documents import document_of
from crm_sync.pages import own_shares
from crm_sync.ports import Case, IdeaRecord
from forum.events import AnswerAccepted, ConsentChanged, IdeaStatusChanged, MemberDeleted
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import consenting, leaving
from forum.members.actors import actor_of
from forum.members.tables import Member
from tests.crm_sync import make
from tests.crm_sync.office import Office
from tests.installing import settings_for

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
