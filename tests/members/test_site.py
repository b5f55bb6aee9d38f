"""The settings of the site: what holds, what is refused, and what remains of each change."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import Invalid, NotAllowed
from forum.kernel.settings import Settings
from forum.members import inviting, joining, site
from forum.members.actors import SYSTEM
from forum.members.tables import AuditEntry, SiteSetting
from tests.forum import making as make


def test_the_environment_holds_until_something_is_set(session: Session, settings: Settings) -> None:
    given = replace(settings, site_name="Of the environment", default_locale="it")
    assert (site.read(session, given).name, site.read(session, given).default_locale) == ("Of the environment", "it")
    site.change(session, SYSTEM, {"name": "  Of the   page ", "default_locale": "en"})
    assert (site.read(session, given).name, site.read(session, given).default_locale) == ("Of the page", "en")
    site.change(session, SYSTEM, {"name": "", "default_locale": ""})
    assert (site.read(session, given).name, site.read(session, given).default_locale) == ("Of the environment", "it")


def test_a_change_leaves_one_receipt_with_what_was_and_what_is(session: Session) -> None:
    administrator = make.administrator(session)
    site.change(session, administrator, {"tagline": "Ask us", "registration": "invitation"})
    site.change(session, administrator, {"tagline": "Ask us all", "registration": "invitation"})
    site.change(session, administrator, {"tagline": "Ask us all"})
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "site.change").order_by(AuditEntry.id)
    ).all()
    assert [entry.detail for entry in entries] == [
        {
            "before": {"tagline": "", "registration": "open"},
            "after": {"tagline": "Ask us", "registration": "invitation"},
        },
        {"before": {"tagline": "Ask us"}, "after": {"tagline": "Ask us all"}},
    ]
    assert {entry.member_id for entry in entries} == {administrator.member_id}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "a" * 61),
        ("name", "\u200b\u200b"),
        ("tagline", "hidden\u202eturn"),
        ("contact", "nobody"),
        ("default_locale", "fr"),
        ("registration", "perhaps"),
        ("banner_level", "loud"),
        ("banner_until", "2027-02-30"),
        ("banner_until", "20270201"),
        ("stamp", "1"),
        ("secret_key", "1"),
    ],
)
def test_what_will_not_do_is_refused_by_its_name(session: Session, name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        site.change(session, SYSTEM, {name: value, "description": "stays out too"})
    assert list(refused.value.fields) == [name]
    assert session.scalars(select(SiteSetting)).all() == []


def test_only_administrators_change_them(session: Session) -> None:
    for actor in (ANONYMOUS, make.member(session), make.staff(session), make.moderator(session)):
        with pytest.raises(NotAllowed):
            site.change(session, actor, {"name": "Mine"})


def test_what_an_older_version_left_is_passed_over(session: Session, settings: Settings) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for name, value in (("registration", "sometimes"), ("tagline", 7), ("gone", "x")):
        session.add(SiteSetting(name=name, value=value, changed_at=moment))
    session.flush()
    found = site.read(session, settings)
    assert (found.registration, found.tagline) == ("open", "")
    assert site.stored(session) == {}


def test_an_announcement_ends_after_its_last_day(session: Session, settings: Settings) -> None:
    site.change(session, SYSTEM, {"banner": "Closed for the holidays", "banner_until": "2027-01-06"})
    found = site.read(session, settings)
    assert found.has_banner(datetime(2027, 1, 6, 23, 59, tzinfo=UTC))
    assert not found.has_banner(datetime(2027, 1, 7, 0, 0, tzinfo=UTC))
    site.change(session, SYSTEM, {"banner_until": ""})
    assert site.read(session, settings).has_banner(datetime(2099, 1, 1, tzinfo=UTC))


def test_the_version_changes_with_anything_that_is_shown(session: Session, settings: Settings) -> None:
    versions = [site.read(session, settings).version]
    site.change(session, SYSTEM, {"name": "Other"})
    versions.append(site.read(session, settings).version)
    site.touch(session)
    versions.append(site.read(session, settings).version)
    assert len(set(versions)) == 3
    assert site.read(session, settings).version == versions[-1]


def test_who_may_open_an_account(session: Session) -> None:
    site.require_open(session)
    site.change(session, SYSTEM, {"registration": "invitation"})
    with pytest.raises(NotAllowed):
        site.require_open(session)
    site.require_open(session, is_invited=True)
    site.change(session, SYSTEM, {"registration": "closed"})
    with pytest.raises(NotAllowed):
        site.require_open(session, is_invited=True)


def test_the_door_is_closed_for_whoever_comes_through_it(session: Session) -> None:
    given: dict[str, Any] = {"handle": "nils", "mail": "nils@post.example", "password": "a sentence is good"}
    key = inviting.make(session, SYSTEM)
    site.change(session, SYSTEM, {"registration": "closed"})
    with pytest.raises(NotAllowed):
        joining.join(session, **given)
    with pytest.raises(NotAllowed):
        inviting.redeem(session, key=key, **given)
    site.change(session, SYSTEM, {"registration": "invitation"})
    with pytest.raises(NotAllowed):
        joining.join(session, **given)
    assert inviting.redeem(session, key=key, **given).handle == "nils"
