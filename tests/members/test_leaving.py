"""Leaving for a while, and for good: what goes, what stays, and who may not go."""

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from crm_sync.connections import ensure_default_connection
from crm_sync.tables import RemoteLink
from forum.events import MemberDeleted
from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Base, Database
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.members import accounts, avatars, leaving, managing, signing_in, tokens
from forum.members.actors import SYSTEM, actor_of, actor_signed_in
from forum.members.tables import MailDelivery, Member, SignIn
from forum.threads import reactions, replying
from forum.threads.profiles import profile_page
from forum.threads.tables import Post, Thread
from tests.forum import making as make
from tests.kernel.plans import plans_of
from web.exporting import _FILES, archive, personal_data

PASSWORD = "a sentence is good"


def marta(session: Session, handle: str = "marta") -> Actor:
    member = accounts.register(session, handle=handle, mail=f"{handle}@post.example", password=PASSWORD)
    session.flush()
    return actor_of(session, member.id)


def mails(session: Session) -> list[tuple[str, str]]:
    return [(row.kind, row.address) for row in session.scalars(select(MailDelivery).order_by(MailDelivery.id))]


def test_a_deactivated_account_is_closed_to_everything_until_its_owner_signs_in(session: Session) -> None:
    actor = marta(session)
    cookie = signing_in.sign_in(session, member_id=actor.member_id or 0)
    token = tokens.create(session, actor, name="A program", scopes=["read"])
    leaving.deactivate(session, actor, password=PASSWORD)
    session.flush()
    assert actor_signed_in(session.connection(), cookie) is None
    assert tokens.member_by_token(session.connection(), token) is None
    assert not actor_of(session, actor.member_id).is_signed_in
    assert mails(session) == [("deactivated", "")]
    found = signing_in.member_by_password(session.connection(), login="marta", password=PASSWORD)
    signing_in.sign_in(session, member_id=found)
    session.flush()
    assert actor_of(session, actor.member_id).is_signed_in


@pytest.mark.parametrize("password", ["", "another sentence"])
def test_nobody_leaves_without_their_password(session: Session, password: str) -> None:
    actor = marta(session)
    with pytest.raises(Invalid):
        leaving.deactivate(session, actor, password=password)
    with pytest.raises(Invalid):
        leaving.delete(session, actor, handle="marta", password=password)
    assert actor_of(session, actor.member_id) == actor


def test_who_deletes_types_their_name(session: Session) -> None:
    actor = marta(session)
    with pytest.raises(Invalid) as refused:
        leaving.delete(session, actor, handle="jonas", password=PASSWORD)
    assert list(refused.value.fields) == ["handle"]
    with pytest.raises(NotAllowed):
        leaving.delete(session, SYSTEM, handle="loggia", password="")


def test_who_left_for_good_is_nobody_in_particular_and_what_they_gave_stays(session: Session) -> None:
    actor, asker = marta(session), make.member(session)
    accounts.edit_profile(session, actor, member_id=actor.member_id or 0, name="Marta Secret", bio="Secret.")
    accounts.choose_locale(session, actor, locale="it")
    thread = make.thread(session, asker)
    post = replying.reply(session, actor, thread_id=thread.id, body="Clean the chute.")
    leaving.delete(session, actor, handle="Marta", password=PASSWORD)
    session.flush()
    session.expire_all()
    gone = session.get_one(Member, actor.member_id)
    assert (gone.handle, gone.name, gone.bio, gone.bio_html, gone.role) == (
        f"~{gone.id}", "Former member", "", "", "member",
    )  # fmt: skip
    assert session.get_one(Post, post.id).source == "Clean the chute."
    assert session.get_one(Post, post.id).author_id == gone.id
    for table in leaving._THEIRS:
        if table is not MailDelivery:
            assert session.scalar(select(func.count()).where(table.member_id == gone.id)) == 0, table
    assert mails(session) == [("deleted", "marta@post.example")]
    with pytest.raises(NotFound):
        profile_page(session.connection(), asker, handle="marta")
    with pytest.raises(Invalid):
        signing_in.member_by_password(session.connection(), login="marta", password=PASSWORD)
    assert marta(session).handle == "marta"  # the name is free again


def test_kept_pages_follow_who_left(session: Session) -> None:
    actor = marta(session)
    thread = make.thread(session, actor)
    session.flush()
    before = session.get_one(Thread, thread.id).version
    leaving.delete(session, actor, handle="marta", password=PASSWORD)
    reactions.forget_member(session, MemberDeleted(member_id=actor.member_id or 0))
    session.expire_all()
    assert session.get_one(Thread, thread.id).version == before + 1


def test_the_last_administrator_stays(session: Session) -> None:
    first, second = marta(session, "marta"), marta(session, "jonas")
    for handle in ("marta", "jonas"):
        managing.promote(session, SYSTEM, handle=handle, place="administrator")
    session.flush()
    leaving.delete(session, first, handle="marta", password=PASSWORD)
    session.flush()
    with pytest.raises(Conflict):
        leaving.delete(session, second, handle="jonas", password=PASSWORD)
    with pytest.raises(Conflict):
        leaving.deactivate(session, second, password=PASSWORD)
    with pytest.raises(Conflict):
        leaving.ask_for_key(session, second)
    assert actor_of(session, second.member_id).role == "administrator"


def test_what_stayed_deactivated_or_unconfirmed_is_deleted_in_time(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        away, here = marta(session, "marta"), marta(session, "jonas")
        leaving.deactivate(session, away, password=PASSWORD)
        claim = accounts.register(session, handle="x1", mail="x@post.example", password=PASSWORD, is_verified=False).id
    with clock.at(clock.now() + leaving.UNCONFIRMED + timedelta(hours=1)):
        assert leaving.delete_the_long_gone(fresh_database) == 1
        assert leaving.delete_the_long_gone(fresh_database) == 0
    with clock.at(clock.now() + leaving.AWAY + timedelta(hours=1)):
        assert leaving.delete_the_long_gone(fresh_database) == 1
    with fresh_database.transaction() as session:
        left = {row.id: row.deleted_at for row in session.scalars(select(Member))}
    assert left[here.member_id or 0] is None
    assert None not in (left[away.member_id or 0], left[claim])


# Taking everything along


def test_everything_about_oneself_comes_as_one_archive_and_nothing_of_others(
    fresh_database: Database, tmp_path: Path
) -> None:
    with fresh_database.transaction() as session:
        actor = marta(session)
        signing_in.sign_in(session, member_id=actor.member_id or 0, user_agent="Firefox")
        token = tokens.create(session, actor, name="A program", scopes=["read"])
        thread = make.thread(session, actor, body="My own words, and enough of them to ask.")
        make.reply(session, thread, body="What somebody else said, at length.")
        picture = avatars.store(tmp_path, [b"small", b"large"])
        avatars.wear(session, actor, picture=picture)
        link: dict[str, Any] = {"kind": "case", "local_id": thread.id, "remote_id": "R-1", "updated_at": clock.now()}
        session.add(RemoteLink(connection_id=ensure_default_connection(session), **link))
        managing.end_sessions(session, make.administrator(session), member_id=actor.member_id or 0)
        managing.end_sessions(session, make.administrator(session), member_id=make.member(session).member_id or 0)
    packed = b"".join(
        archive(fresh_database, lambda connection: actor_of(connection, actor.member_id), uploads=tmp_path)
    )
    files = ZipFile(BytesIO(packed))
    assert files.testzip() is None
    said = {name: json.loads(files.read(name)) for name in files.namelist() if name.endswith(".json")}
    assert said["profile.json"][0]["handle"] == "marta"
    assert [row["address"] for row in said["addresses.json"]] == ["marta@post.example"]
    assert [row["source"] for row in said["posts.json"]] == ["My own words, and enough of them to ask."]
    assert said["sessions.json"][0]["user_agent"] == "Firefox"
    assert files.read("picture.webp") == b"large"
    assert [row["action"] for row in said["receipts.json"]] == ["token.create", "member.end-sessions"]
    assert [row["thread_id"] for row in said["shared-with-the-company.json"]] == [thread.id]
    assert "expires_at" in said["tokens.json"][0]
    whole = b"".join(files.read(name) for name in files.namelist()).decode()
    for secret in (token, "argon2", "token_hash", "What somebody else said"):
        assert secret not in whole


def test_nobody_takes_along_what_is_not_theirs(session: Session) -> None:
    with pytest.raises(NotAllowed):
        list(personal_data(session.connection(), SYSTEM))


NOT_TAKEN = {
    "arrival.member_id": "is on the way to a provider for some minutes, and says no more than where to",
    "article.reviewed_by_id": "says who looked over what others wrote; its receipts are taken along",
    "category_moderator.member_id": "is a place that an administrator gave and takes; its receipts are theirs",
    "idempotency_key.member_id": "holds a digest for a day",
    "invitation.by_member_id": "is the installation's; that one made it, the receipts say",
    "mailed_token.member_id": "holds the hash of a key",
    "notification.by_member_id": "is somebody else's news",
    "site_setting.changed_by": "is the installation's; that one changed it, the receipts say",
    "thread.author_id": "says who wrote the first post, which is taken along with the title",
}
"""What refers to a person and stays out of their archive, each with its reason."""


def test_whatever_refers_to_a_person_is_taken_along_or_has_a_reason_not_to_be() -> None:
    refers = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == "member.id" for key in column.foreign_keys)
    }
    taken = {
        match
        for name, rows in _FILES
        if not name.startswith("shared")
        for match in re.findall(r"(\w+\.\w+) = :member_id", str(rows.first.whereclause))
    }
    assert refers - taken == set(NOT_TAKEN)


def test_an_archive_of_many_rows_is_read_by_key(fresh_database: Database) -> None:
    """Each row once, in order, over three portions; no portion counts through those before it."""
    with fresh_database.transaction() as session:
        actor = marta(session)
        values = {"member_id": actor.member_id, "expires_at": clock.now(), "created_at": clock.now()}
        rows = [
            values | {"token_hash": f"{number}", "user_agent": f"{number}", "last_seen_at": clock.now()}
            for number in range(1_001)
        ]
        session.execute(insert(SignIn), rows)

    def take() -> list[dict[str, str]]:
        with fresh_database.transaction() as session:
            told = list(personal_data(session.connection(), actor))
        pieces = [piece for name, piece in told if name == "sessions.json"]
        assert len(pieces) == 4
        return list(json.loads(b"".join(pieces)))

    found: list[dict[str, str]] = []
    plans = plans_of(fresh_database, lambda: found.extend(take()))
    assert [row["user_agent"] for row in found] == [f"{number}" for number in range(1_001)]
    assert found[0].keys() == {"user_agent", "created_at", "last_seen_at", "expires_at", "revoked_at"}
    assert sum("(sign_in.id) > (" in plan.statement for plan in plans) == 2
