"""The demo community as a row of steps in the order in which they happened, each one call of a verb that people use too."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_sync.connections import ensure_default_connection
from forum.articles import reviewing
from forum.articles.tables import Article as Draft
from forum.ideas import proposing
from forum.kernel.access import MEMBERS, PUBLIC, STAFF
from forum.members import accounts, affiliations, managing
from forum.members.actors import SYSTEM
from forum.threads import answers, asking, categories, editing, finding, official, replying, tags, voting
from moderation import decisions, flagging
from web.demo.content import Article, Category, Change, Community, Edit, Flag, Person, Reply, Ruling, Tag, Thread
from web.demo.stage import Stage

Act = Callable[[Stage, Session], object]

CLEARANCES = {"public": PUBLIC, "members": MEMBERS, "staff": STAFF}
BEGINNING = timedelta(days=1500)
LONGEST_ATTENTION = timedelta(days=6)  # after that a post gets no more votes
SAID = {
    "under_review": "under review",
    "planned": "planned",
    "in_progress": "in progress",
    "shipped": "shipped",
    "declined": "declined",
}
SAID_IT = {
    "under_review": "allo studio",
    "planned": "in programma",
    "in_progress": "in lavorazione",
    "shipped": "realizzata",
    "declined": "respinta",
}


@dataclass(frozen=True)
class Step:
    """Something that somebody did, so long before the filling."""

    ago: timedelta
    act: Act


def steps(community: Community) -> list[Step]:
    """Everything that happened, the oldest first. What happened at one moment stays in the order of the files."""
    return sorted(_all(community), key=lambda step: -step.ago)


def _all(community: Community) -> Iterator[Step]:
    yield Step(BEGINNING, lambda stage, session: ensure_default_connection(session))
    for position, category in enumerate(community.categories):
        yield Step(BEGINNING, partial(_make_category, category, position))
    for person in community.people:
        yield Step(timedelta(days=person.joined), partial(_join, person))
    for thread in sorted(community.threads, key=lambda thread: -thread.ago):
        yield from _life(thread)
    for tag in community.tags:
        yield from _describe_tag(community, tag)


# People and places


def _make_category(category: Category, position: int, stage: Stage, session: Session) -> None:
    categories.create(
        session,
        SYSTEM,
        slug=category.slug,
        name=category.name,
        description=category.about,
        icon=category.icon,
        position=position,
        kinds=category.kinds,
        audience=CLEARANCES[category.audience],
        openers=max(MEMBERS, CLEARANCES[category.audience]),
        several_solutions=category.several_solutions,
        peers_first_hours=category.peers_first_hours,
        words={"it": {"name": category.name_it, "description": category.about_it}},
    )


def _join(person: Person, stage: Stage, session: Session) -> None:
    password = stage.passwords.get(person.handle)
    member = accounts.register(
        session, handle=person.handle, mail=person.mail, password=password, name=person.name, locale=person.locale
    )
    stage.members[person.handle] = member.id
    actor = stage.actor(session, person.handle)
    accounts.edit_profile(session, actor, member_id=member.id, name=person.name, bio=person.bio)
    if person.is_staff:
        managing.promote(session, SYSTEM, handle=person.handle, place="staff", team=person.team, title=person.title)
    if person.bond:
        affiliations.declare(session, actor, kind=person.bond, organisation=person.organisation)
        affiliations.confirm(session, SYSTEM, handle=person.handle)
    if person.role != "member":
        managing.promote(session, SYSTEM, handle=person.handle, place=person.role)


def _describe_tag(community: Community, tag: Tag) -> Iterator[Step]:
    """A tag begins with its first thread, and an administrator says at once what it is for."""
    used = [thread.ago for thread in community.threads if tag.name in thread.tags]
    administrator = next(person for person in community.people if person.role == "administrator")
    if used:
        yield Step(max(used), partial(_say_of_tag, administrator.handle, tag))


def _say_of_tag(by: str, tag: Tag, stage: Stage, session: Session) -> None:
    tags.describe(session, stage.actor(session, by), name=tag.name, description=tag.about)


# A thread and what hangs on it


def _life(thread: Thread) -> Iterator[Step]:
    yield Step(thread.ago, partial(_open, thread))
    for number, post in enumerate(thread.posts, start=1):
        after = post.after if isinstance(post, Reply) else timedelta(0)
        if isinstance(post, Reply):
            yield Step(thread.ago - after, partial(_reply, thread, number, post))
            yield from _marks(thread, number, post)
        for edit in post.edits:
            yield Step(thread.ago - edit.after, partial(_edit, thread, number, edit, edit.by or post.by))
        yield from _votes(thread, number, post, thread.ago - after)
    for change in thread.changes:
        yield Step(thread.ago - change.after, partial(_answer_idea, thread, change))
    for ruling in thread.rulings:
        yield Step(thread.ago - ruling.after, partial(_rule_on_thread, thread, ruling))
    if thread.article is not None:
        yield Step(thread.ago - thread.article.drafted, partial(_write_article, thread, thread.article))
        yield Step(thread.ago - thread.article.published, partial(_publish_article, thread, thread.article))


def _marks(thread: Thread, number: int, reply: Reply) -> Iterator[Step]:
    if reply.official is not None:
        yield Step(thread.ago - reply.official, partial(_mark_official, thread, number, reply))
    if reply.accepted is not None:
        yield Step(thread.ago - reply.accepted, partial(_accept, thread, number, reply.accepted_by or thread.by))
    for flag in reply.flags:
        yield Step(thread.ago - flag.after, partial(_flag, thread, number, flag))
    for ruling in reply.rulings:
        yield Step(thread.ago - ruling.after, partial(_rule_on_post, thread, number, ruling))


def _votes(thread: Thread, number: int, post: Thread | Reply, said: timedelta) -> Iterator[Step]:
    for value, voters in ((1, post.up), (-1, post.down)):
        for voter in voters:
            yield Step(said - _attention(said, thread.key, number, voter), partial(_vote, thread, number, voter, value))


def _attention(left: timedelta, *of: object) -> timedelta:
    """How long after a post somebody votes on it: soon for most, never in the future, the same at each filling."""
    drawn = zlib.crc32(repr(of).encode()) / 2**32
    return min(left, LONGEST_ATTENTION) * (0.02 + 0.9 * drawn**3)


def _open(thread: Thread, stage: Stage, session: Session) -> None:
    actor, body = stage.actor(session, thread.by), stage.with_addresses(thread.body)
    category, title, labels, locale = thread.category, thread.title, thread.tags, thread.locale
    if thread.kind == "idea":
        opened = proposing.propose(
            session, actor, category=category, title=title, body=body, tags=labels, locale=locale
        )
    else:
        opened = asking.ask(
            session,
            actor,
            kind=thread.kind,
            category=category,
            title=title,
            body=body,
            tags=labels,
            locale=locale,
            urgent=thread.urgent,
        )
    stage.threads[thread.key] = opened.id
    stage.addresses["thread", thread.key] = f"/t/{opened.id}/{opened.slug}"
    stage.posts[thread.key, 1] = finding.opening_post(session, opened).id


def _reply(thread: Thread, number: int, reply: Reply, stage: Stage, session: Session) -> None:
    actor, body = stage.actor(session, reply.by), stage.with_addresses(reply.body)
    if reply.remark:
        under = next(n for n in range(number - 1, 0, -1) if n == 1 or not thread.replies[n - 2].remark)
        post = replying.comment(session, actor, post_id=stage.posts[thread.key, under], body=body)
    else:
        post = replying.reply(
            session,
            actor,
            thread_id=stage.threads[thread.key],
            body=body,
            as_statement=reply.official is not None,
        )
    stage.posts[thread.key, number] = post.id


def _edit(thread: Thread, number: int, edit: Edit, by: str, stage: Stage, session: Session) -> None:
    editing.edit_post(
        session,
        stage.actor(session, by),
        post_id=stage.posts[thread.key, number],
        body=stage.with_addresses(edit.body),
        comment=edit.note,
    )


def _vote(thread: Thread, number: int, voter: str, value: int, stage: Stage, session: Session) -> None:
    voting.vote(session, stage.actor(session, voter), post_id=stage.posts[thread.key, number], value=value)


def _accept(thread: Thread, number: int, by: str, stage: Stage, session: Session) -> None:
    answers.accept(session, stage.actor(session, by), post_id=stage.posts[thread.key, number])


def _mark_official(thread: Thread, number: int, reply: Reply, stage: Stage, session: Session) -> None:
    official.mark(session, stage.actor(session, reply.by), post_id=stage.posts[thread.key, number])


# Articles: the forum drafts one when an answer is accepted; here somebody works on it


def _write_article(thread: Thread, article: Article, stage: Stage, session: Session) -> None:
    article_id, version = _draft_of(session, stage.threads[thread.key])
    written = reviewing.edit(
        session,
        stage.actor(session, article.by),
        article_id=article_id,
        title=article.title,
        body=stage.with_addresses(article.body),
        version=version,
    )
    stage.addresses["article", article.key] = f"/help/{written.id}/{written.slug}"


def _publish_article(thread: Thread, article: Article, stage: Stage, session: Session) -> None:
    article_id, version = _draft_of(session, stage.threads[thread.key])
    reviewing.publish(
        session,
        stage.actor(session, article.by),
        article_id=article_id,
        title=article.title,
        body=stage.with_addresses(article.body),
        version=version,
    )


def _draft_of(session: Session, thread_id: int) -> tuple[int, int]:
    draft = session.execute(select(Draft.id, Draft.version).where(Draft.thread_id == thread_id)).one()
    return draft.id, draft.version


# Moderation and the company's answers


def _flag(thread: Thread, number: int, flag: Flag, stage: Stage, session: Session) -> None:
    flagging.raise_flag(
        session,
        stage.actor(session, flag.by),
        post_id=stage.posts[thread.key, number],
        reason=flag.reason,
        note=flag.body,
    )


def _rule_on_post(thread: Thread, number: int, ruling: Ruling, stage: Stage, session: Session) -> None:
    _decide(f"{ruling.action}-post", "post", stage.posts[thread.key, number], ruling, stage, session)


def _rule_on_thread(thread: Thread, ruling: Ruling, stage: Stage, session: Session) -> None:
    _decide(f"{ruling.action}-thread", "thread", stage.threads[thread.key], ruling, stage, session)


def _decide(action: str, kind: str, target: int, ruling: Ruling, stage: Stage, session: Session) -> None:
    decided = decisions.Ruling(
        action=action,
        target_kind=kind,
        target_id=target,
        rule=ruling.rule,
        reason_code=ruling.reason,
        text=ruling.body,
    )
    decisions.decide(session, stage.actor(session, ruling.by), decided)


def _answer_idea(thread: Thread, change: Change, stage: Stage, session: Session) -> None:
    decided = decisions.Ruling(
        action="idea-status",
        target_kind="thread",
        target_id=stage.threads[thread.key],
        reason_code="answer",
        text=_in_short(thread, change),
        status=change.status,
        comment=stage.with_addresses(change.body),
    )
    decisions.decide(session, stage.actor(session, change.by), decided)


def _in_short(thread: Thread, change: Change) -> str:
    if thread.locale == "it":
        return f"L'azienda ha risposto a questa idea: {SAID_IT[change.status]}."
    return f"The company answered this idea: {SAID[change.status]}."
