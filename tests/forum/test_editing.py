"""Editing with visible versions, moving and retagging, and taking a reply back."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.errors import Conflict, Gone, Invalid, NotAllowed, NotFound
from forum.threads import editing, finding
from forum.threads.tables import Post, Revision, Tag
from tests.forum import making

NEW = "It was the chute. Clean it with a brush, then try again."


def versions(session: Session, post: Post) -> list[Revision]:
    return list(session.scalars(select(Revision).where(Revision.post_id == post.id).order_by(Revision.number)))


def test_the_first_version_is_kept_when_there_is_a_second(session: Session) -> None:
    author = making.member(session)
    opened = making.thread(session)
    post = making.reply(session, opened, author)
    assert versions(session, post) == []
    editing.edit_post(session, author, post_id=post.id, body=NEW, revision=1)
    first, second = versions(session, post)
    assert (first.number, first.source, first.at, first.as_role) == (1, making.REPLY, post.created_at, "author")
    assert (second.number, second.source, second.title, second.tags) == (2, NEW, None, None)
    assert (post.source, post.revision, post.edited_at is not None) == (NEW, 2, True)
    assert "brush" in post.html
    assert making.facts(session)[-1] == "PostEdited"


def test_the_same_text_changes_nothing(session: Session) -> None:
    author = making.member(session)
    opened = making.thread(session)
    post = making.reply(session, opened, author)
    version = opened.version
    editing.edit_post(session, author, post_id=post.id, body=making.REPLY + "\r\n", revision=7)
    assert (versions(session, post), post.revision, post.edited_at, opened.version) == ([], 1, None, version)


def test_an_edit_over_somebody_elses_edit_is_a_conflict(session: Session) -> None:
    author = making.member(session)
    post = making.reply(session, making.thread(session), author)
    editing.edit_post(session, author, post_id=post.id, body=NEW, revision=1)
    with pytest.raises(Conflict, match="Somebody edited this"):
        editing.edit_post(session, author, post_id=post.id, body="Something else.", revision=1)
    assert post.source == NEW
    editing.edit_post(session, author, post_id=post.id, body="Something else.")
    assert post.revision == 3


def test_others_edit_with_the_privilege_and_a_comment(session: Session) -> None:
    post = making.reply(session, making.thread(session))
    editor = making.member(session, privileges=("post:edit-any",))
    with pytest.raises(Invalid) as refusal:
        editing.edit_post(session, editor, post_id=post.id, body=NEW)
    assert set(refusal.value.fields) == {"comment"}
    editing.edit_post(session, editor, post_id=post.id, body=NEW, comment="Said it shorter")
    last = versions(session, post)[-1]
    assert (last.author_id, last.as_role, last.comment) == (editor.member_id, "member", "Said it shorter")
    assert post.author_id != editor.member_id


def test_who_may_not_edit(session: Session) -> None:
    opened = making.thread(session)
    post, word = making.reply(session, opened), making.reply(session, opened, making.staff(session))
    with pytest.raises(NotAllowed, match="more reputation"):
        editing.edit_post(session, making.member(session), post_id=post.id, body=NEW)
    with pytest.raises(NotAllowed, match="Only staff can edit what staff wrote"):
        editing.edit_post(session, making.moderator(session), post_id=word.id, body=NEW, comment="Shorter")
    with pytest.raises(NotFound):
        editing.edit_post(session, making.member(session), post_id=word.id + 1, body=NEW)


def test_a_new_title_is_a_version_of_the_first_post(session: Session) -> None:
    author = making.member(session)
    opened = making.thread(session, author, tags=["motor"])
    editing.edit_thread(session, author, thread_id=opened.id, title="The grinder stops: solved", revision=1)
    first, second = versions(session, making.opening(session, opened))
    assert (first.title, first.tags, first.source) == (making.TITLE, ["motor"], making.BODY)
    assert (second.title, second.tags, second.source) == ("The grinder stops: solved", ["motor"], making.BODY)
    assert (opened.title, opened.slug) == ("The grinder stops: solved", "the-grinder-stops-solved")
    assert making.facts(session)[-1] == "ThreadEdited"


def test_retagging_moves_the_counts(session: Session) -> None:
    author = making.member(session)
    making.thread(session, tags=["motor"])
    opened = making.thread(session, author, tags=["motor", "water"])
    editing.edit_thread(session, author, thread_id=opened.id, tags=["water", "Steam"])
    tags = session.scalars(select(Tag))
    assert {tag.name: tag.thread_count for tag in tags} == {"motor": 1, "water": 1, "steam": 1}
    assert versions(session, making.opening(session, opened))[-1].tags == ["steam", "water"]
    assert making.opening(session, opened).edited_at is None


def test_the_same_face_changes_nothing(session: Session) -> None:
    author = making.member(session)
    place = making.category(session)
    opened = making.thread(session, author, place, tags=["water", "motor"])
    before = opened.version
    editing.edit_thread(
        session, author, thread_id=opened.id, title=making.TITLE, tags=["motor", "WATER"], category=place.slug
    )
    assert (opened.version, versions(session, making.opening(session, opened))) == (before, [])


def test_a_thread_is_moved_where_at_least_as_many_see_it(session: Session) -> None:
    author = making.member(session)
    place, wide = making.category(session, slug="water"), making.category(session, slug="steam")
    narrow, other = making.category(session, audience=1), making.category(session, kinds=["idea"])
    opened = making.thread(session, author, place)
    with pytest.raises(NotAllowed, match="moderation decision"):
        editing.edit_thread(session, author, thread_id=opened.id, category=narrow.slug)
    with pytest.raises(Conflict, match="do not belong"):
        editing.edit_thread(session, author, thread_id=opened.id, category=other.slug)
    with pytest.raises(NotFound):
        editing.edit_thread(session, author, thread_id=opened.id, category="nowhere")
    editing.edit_thread(session, author, thread_id=opened.id, category=wide.slug)
    assert opened.category_id == wide.id
    assert versions(session, making.opening(session, opened))[-1].comment == "water → steam"


def test_who_may_not_change_a_thread(session: Session) -> None:
    opened = making.thread(session)
    stranger, retagger = making.member(session), making.member(session, privileges=("thread:retag",))
    for change in (
        {"title": "Another title, longer"},
        {"tags": ["motor"]},
        {"category": making.category(session).slug},
    ):
        with pytest.raises(NotAllowed, match="more reputation"):
            editing.edit_thread(session, stranger, thread_id=opened.id, **change)
    editing.edit_thread(session, retagger, thread_id=opened.id, tags=["motor"])
    with pytest.raises(NotAllowed, match="more reputation to edit"):
        editing.edit_thread(session, retagger, thread_id=opened.id, title="Another title, longer")


def test_a_reply_can_be_taken_back_once(session: Session) -> None:
    author = making.member(session)
    opened = making.thread(session)
    post = making.reply(session, opened, author)
    editing.delete_post(session, author, post_id=post.id)
    assert (opened.reply_count, opened.post_count, post.deleted_at is not None) == (0, 2, True)
    with pytest.raises(Gone):
        editing.delete_post(session, author, post_id=post.id)
    with pytest.raises(Gone):
        finding.visible_post(session, author, post.id)
    assert making.facts(session)[-1] == "PostDeleted"
    assert making.reply(session, opened).number == 3
