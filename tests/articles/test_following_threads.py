"""Articles follow the threads that they come from, however often and in whatever order the facts arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.pages import article_page
from forum.articles.tables import Article
from forum.events import ThreadEdited
from forum.kernel import outbox
from forum.kernel.access import ANONYMOUS
from forum.kernel.db import Database
from forum.kernel.errors import NotFound
from forum.threads import answers, editing, hiding
from forum.threads.tables import Post, Thread
from tests.forum import making as make
from tests.installing import deliver_all

ANSWER = "Clean the chute: when it is blocked the motor protects itself."
BETTER = "Clean the chute, and mind the little spring behind it."


class Story:
    """A question with an accepted answer, and its article."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.transaction() as session:
            self.asker, self.peer = make.member(session), make.member(session)
            self.reviewer = make.moderator(session)
            thread = make.thread(session, self.asker)
            self.thread_id = thread.id
            self.answer_id = make.reply(session, thread, self.peer, body=ANSWER).id
            answers.accept(session, self.asker, post_id=self.answer_id)
        deliver_all(database)

    def then(self, do: Callable[[Session], Any]) -> Article:
        """Do it, let the reactions follow, and read the article."""
        with self.database.transaction() as session:
            do(session)
        deliver_all(self.database)
        return self.article

    @property
    def article(self) -> Article:
        with self.database.transaction() as session:
            return session.scalars(select(Article).where(Article.thread_id == self.thread_id)).one()

    def publish(self, body: str | None = None, title: str | None = None) -> Article:
        article = self.article
        return self.then(
            lambda session: reviewing.publish(
                session,
                self.reviewer,
                article_id=article.id,
                title=title or article.title,
                body=body or article.source,
                version=article.version,
            )
        )

    def hide_answer(self, session: Session) -> None:
        hiding.hide_post(session, post_id=self.answer_id, decision=make.decision(session))

    def other_answer(self, session: Session) -> None:
        thread = session.get_one(Thread, self.thread_id)
        other = make.reply(session, thread, make.member(session), body=BETTER)
        answers.accept(session, self.asker, post_id=other.id)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


def test_an_accepted_answer_becomes_a_draft_with_the_question_quoted(story: Story) -> None:
    article = story.article
    assert (article.state, article.title, article.post_id) == ("draft", make.TITLE, story.answer_id)
    assert article.source == f"> {make.BODY}\n\n{ANSWER}\n"
    assert "<blockquote>" in article.html


def test_a_draft_follows_the_answer_while_no_person_had_a_hand_in_it(story: Story) -> None:
    article = story.then(lambda session: editing.edit_post(session, story.peer, post_id=story.answer_id, body=BETTER))
    assert BETTER in article.source
    assert ANSWER not in article.source
    article = story.then(
        lambda session: editing.edit_thread(
            session, story.asker, thread_id=story.thread_id, title="Grinder stops: why is that?"
        )
    )
    assert (article.title, article.slug) == ("Grinder stops: why is that?", "grinder-stops-why-is-that")


def test_a_draft_follows_to_another_answer(story: Story) -> None:
    article = story.then(story.other_answer)
    assert (article.state, BETTER in article.source, article.post_id != story.answer_id) == ("draft", True, True)


def test_a_persons_edit_is_never_overwritten(story: Story) -> None:
    def edit(session: Session) -> None:
        article = session.scalars(select(Article).where(Article.thread_id == story.thread_id)).one()
        reviewing.edit(
            session,
            story.reviewer,
            article_id=article.id,
            title="In short: the chute",
            body="Clean the chute well.",
            version=1,
        )

    story.then(edit)
    article = story.then(lambda session: editing.edit_post(session, story.peer, post_id=story.answer_id, body=BETTER))
    assert (article.title, article.source, article.state) == ("In short: the chute", "Clean the chute well.", "draft")


def test_what_was_published_is_not_rewritten_by_an_edit_of_the_answer(story: Story) -> None:
    story.publish()
    article = story.then(lambda session: editing.edit_post(session, story.peer, post_id=story.answer_id, body=BETTER))
    assert (article.state, ANSWER in article.source) == ("published", True)


def test_taking_the_mark_back_sets_the_article_aside(story: Story) -> None:
    story.publish()
    withdrawn = story.then(
        lambda session: answers.withdraw(session, story.asker, thread_id=story.thread_id, post_id=story.answer_id)
    )
    assert (withdrawn.state, withdrawn.published_at) == ("withdrawn", None)
    again = story.then(lambda session: answers.accept(session, story.asker, post_id=story.answer_id))
    assert again.state == "draft"


@pytest.mark.parametrize("edited", [False, True])
def test_removed_words_never_stay_published(story: Story, edited: bool) -> None:
    story.publish(body=f"{ANSWER} And a word of the reviewer." if edited else None)
    assert story.then(story.hide_answer).state == "withdrawn"
    back = story.then(
        lambda session: hiding.restore_post(session, post_id=story.answer_id, decision=make.decision(session))
    )
    assert back.state == "withdrawn" if edited else "draft"


def test_removed_words_do_not_stay_published_under_another_answer(story: Story) -> None:
    story.publish()
    assert story.then(story.other_answer).state == "published"
    article = story.then(story.hide_answer)
    assert (article.state, ANSWER in article.source, BETTER in article.source) == ("draft", False, True)


def test_a_hidden_thread_takes_its_article_along(story: Story) -> None:
    story.publish()
    hidden = story.then(
        lambda session: hiding.hide_thread(session, thread_id=story.thread_id, decision=make.decision(session))
    )
    assert hidden.state == "withdrawn"


def test_an_author_who_takes_the_answer_back_takes_the_article_along(story: Story) -> None:
    story.publish()

    def undone(session: Session) -> None:
        answers.withdraw(session, story.asker, thread_id=story.thread_id, post_id=story.answer_id)
        editing.delete_post(session, story.peer, post_id=story.answer_id)

    assert story.then(undone).state == "withdrawn"


def test_an_article_stands_in_its_threads_category(story: Story) -> None:
    published = story.publish()

    def move(session: Session) -> None:
        inner = make.category(session, audience=2, openers=2)
        session.execute(update(Thread).where(Thread.id == story.thread_id).values(category_id=inner.id))
        outbox.record(session, ThreadEdited(thread_id=story.thread_id))

    moved = story.then(move)
    assert (moved.state, moved.category_id != published.category_id) == ("published", True)
    with story.database.reading() as connection:
        assert moved.category_id == connection.scalar(select(Thread.category_id).where(Thread.id == story.thread_id))
        with pytest.raises(NotFound):
            article_page(connection, ANONYMOUS, article_id=moved.id)


def test_what_a_reviewer_withdrew_comes_back_by_a_person_alone(story: Story) -> None:
    story.publish()
    article = story.article
    story.then(lambda session: reviewing.withdraw(session, story.reviewer, article_id=article.id))
    later = story.then(lambda session: editing.edit_post(session, story.peer, post_id=story.answer_id, body=BETTER))
    assert later.state == "withdrawn"
    assert story.publish().state == "published"


def test_a_thread_without_an_answer_has_no_article(database: Database) -> None:
    with database.transaction() as session:
        thread = make.thread(session)
        make.reply(session, thread)
    deliver_all(database)
    with database.reading() as connection:
        assert connection.scalar(select(Article.id).where(Article.thread_id == thread.id)) is None


def test_a_draft_is_not_made_of_words_that_were_hidden_before(database: Database) -> None:
    with database.transaction() as session:
        asker = make.member(session)
        thread = make.thread(session, asker)
        reply = make.reply(session, thread)
        answers.accept(session, asker, post_id=reply.id)
        session.execute(
            update(Post)
            .where(Post.id == reply.id)
            .values(hidden_at=reply.created_at, hidden_by=make.decision(session).value)
        )
    deliver_all(database)
    with database.reading() as connection:
        assert connection.scalar(select(Article.id).where(Article.thread_id == thread.id)) is None
