"""An account that was opened without a password cannot be entered with one."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.errors import Invalid
from forum.members import accounts
from forum.members.tables import Credential


def test_it_has_no_credential(session: Session) -> None:
    member = accounts.register(session, handle="nils", mail="nils@post.example", password=None)
    assert session.scalars(select(Credential).where(Credential.member_id == member.id)).all() == []


def test_an_empty_password_is_not_the_absence_of_one(session: Session) -> None:
    with pytest.raises(Invalid) as refusal:
        accounts.register(session, handle="nils", mail="nils@post.example", password="")
    assert set(refusal.value.fields) == {"password"}
