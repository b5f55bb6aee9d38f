"""What each person sees, whatever happened before: the product beside a second telling of the rules, step by step.

Threads are opened, hidden, restored and moved, replies taken back, categories given to others, people join and leave groups, are
made moderators, staff, suspended and silenced. After each step everybody looks at the lists, at threads, profiles, the search and
the feeds, and must find what `seeing.Model` says.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from forum.kernel.access import GROUPS, MEMBERS, PUBLIC, STAFF, Actor
from forum.kernel.db import Database
from forum.kernel.errors import Invalid, LoggiaError, NotAllowed, NotFound
from forum.members import groups, managing
from forum.members.actors import SYSTEM, actor_of
from forum.search import documents
from forum.search import pages as search
from forum.threads import categories, editing, lists, pages, places, profiles, syndication
from forum.threads.tables import Category, Thread
from moderation.decisions import Ruling, change_category, decide
from tests.forum import making as make
from tests.permissions.seeing import Model, Person, Place, Said, Talk

TITLE: Final = "The pump hums at night"
AUDIENCES: Final = {"everybody": PUBLIC, "members": MEMBERS, "groups": GROUPS, "staff": STAFF}
KINDS: Final = {"mill": "company", "pilots": "manual"}
PEOPLE: Final = {
    "anna": Person(), "bruno": Person(groups={"mill"}), "carla": Person(groups={"pilots"}), "dario": Person(staff=True),
    "elena": Person(role="moderator"), "flavio": Person(role="moderator", staff=True), "gina": Person(role="administrator"),
    "ida": Person(role="moderator", silenced=True), "livio": Person(groups={"mill"}, suspended=True),
}  # fmt: skip
PLACES: Final = {
    "piazza": Place("everybody"), "club": Place("members"), "mulino": Place("groups", {"mill"}), "hangar": Place("groups", {"pilots"}, {"carla"}),
    "ufficio": Place("staff", moderators={"dario"}),
}  # fmt: skip
TALKS: Final = {
    "piazza": ("anna", "question"),
    "club": ("livio", "idea"),
    "mulino": ("bruno", "question"),
    "hangar": ("carla", "question"),
    "ufficio": ("dario", "idea"),
}
REPLIES: Final = (
    ("piazza", "livio", "hidden"), ("piazza", "bruno", "taken back"), ("club", "elena", ""), ("mulino", "livio", "hidden"), ("hangar", "gina", ""),
    ("ufficio", "flavio", "hidden"),
)  # fmt: skip
HIDDEN: Final = ("club", "hangar")
_SETTLED: Final = "gina"
"""Who stays what they are, so that somebody can do everything."""


@dataclass
class Start:
    """What is there before the first step: the model of it, and the numbers of people, groups and places in the database."""

    model: Model
    ids: dict[str, int]


@pytest.fixture(scope="module")
def start(database: Database) -> Start:
    model = Model(deepcopy(PEOPLE), deepcopy(PLACES))
    ids: dict[str, int] = {}
    with database.transaction() as session:
        for name, kind in KINDS.items():
            ids[name] = groups.create(session, SYSTEM, name=name, kind=kind).id
        for name, person in PEOPLE.items():
            made = make.member(session, handle=name, role=person.role, team="Support" if person.staff else "")
            ids[name] = made.member_id or 0
            for group in person.groups:
                groups.add(session, SYSTEM, group_id=ids[group], handle=name)
        for slug, place in PLACES.items():
            ids[slug] = make.category(session, slug=slug, **_as_fields(place, ids)).id
        _furnish(session, model, ids)
    return Start(model, ids)


def _furnish(session: Session, model: Model, ids: dict[str, int]) -> None:
    """A thread in each place, some out of sight, with replies of which some are, written by people who then were held back."""
    talks = {}
    for slug, (author, kind) in TALKS.items():
        thread = talks[slug] = make.thread(
            session,
            actor_of(session, ids[author]),
            session.get_one(Category, ids[slug]),
            kind=kind,
            title=TITLE,
            tags=["pump"],
        )
        model.talks[thread.id] = Talk(slug, author, kind, hidden=slug in HIDDEN)
        model.said[make.opening(session, thread).id] = Said(thread.id, author, opening=True)
    for slug, author, what in REPLIES:
        post = make.reply(session, talks[slug], actor_of(session, ids[author]))
        if what == "taken back":
            editing.delete_post(session, actor_of(session, ids[author]), post_id=post.id)
        elif what:
            _rule(session, ids, "hide-post", post.id)
        model.said[post.id] = Said(talks[slug].id, author, hidden=what == "hidden", taken_back=what == "taken back")
    for slug in HIDDEN:
        _rule(session, ids, "hide-thread", talks[slug].id)
    _rule(session, ids, "silence", ids["ida"], days=3)
    _rule(session, ids, "suspend", ids["livio"], days=3)


def _rule(
    session: Session, ids: dict[str, int], action: str, target: int, *, by: str = _SETTLED, days: int = 0
) -> None:
    kind = action.partition("-")[2] or "member"
    said = Ruling(action=action, target_kind=kind, target_id=target, text="It had to be so.", days=days)
    decide(session, actor_of(session, ids[by]), said)


def _as_fields(place: Place, ids: dict[str, int]) -> dict[str, Any]:
    return {
        "audience": AUDIENCES[place.audience],
        "groups": [categories.Admitted(ids[name]) for name in sorted(place.groups)],
        "moderators": sorted(place.moderators),
    }


_person, _group, _place = (
    st.sampled_from(sorted(PEOPLE)),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(sorted(PLACES)),
)
_other = st.sampled_from(sorted(set(PEOPLE) - {_SETTLED}))
_number = st.integers(0, 99)


class Sights(RuleBasedStateMachine):
    """A community in one transaction, which is undone at the end, and the model beside it."""

    steps = 0

    def __init__(self, database: Database, start: Start) -> None:
        super().__init__()
        self.model, self.ids = deepcopy(start.model), start.ids
        self.connection = database.engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        self.touched, self.turn, self.looked_at = 0, 0, set[int]()

    def teardown(self) -> None:
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    def actor(self, who: str) -> Actor:
        return actor_of(self.session, self.ids[who] if who else None)

    def _some(self, kept: list[int], number: int) -> int:
        return kept[number % len(kept)]

    # what people write

    @rule(who=_person, place=_place, kind=st.sampled_from(("question", "idea")))
    def open(self, who: str, place: str, kind: str) -> None:
        said = {"kind": kind, "title": TITLE, "tags": ["pump"]}
        try:
            with self.session.begin_nested():
                thread = make.thread(self.session, self.actor(who), self._category(place), **said)
        except (NotFound, Invalid):  # to a form that names it, a place that is not seen is none to choose
            assert not self.model.sees_place(who, place)
            return
        except NotAllowed:
            assert self.model.people[who].suspended or self.model.people[who].silenced
            return
        assert self.model.sees_place(who, place)
        self.model.talks[thread.id] = Talk(place, who, kind)
        self.model.said[make.opening(self.session, thread).id] = Said(thread.id, who, opening=True)
        self.touched = thread.id

    @rule(who=_person, number=_number)
    def reply(self, who: str, number: int) -> None:
        talk = self._some(list(self.model.talks), number)
        try:
            with self.session.begin_nested():
                post = make.reply(self.session, self.session.get_one(Thread, talk), self.actor(who))
        except NotFound:
            assert not self.model.sees_talk(who, talk)
            return
        except NotAllowed:
            person = self.model.people[who]
            assert person.suspended or person.silenced or self.model.talks[talk].hidden
            return
        assert self.model.sees_talk(who, talk)
        self.model.said[post.id] = Said(talk, who)
        self.touched = talk

    @precondition(lambda self: self._replies())
    @rule(number=_number)
    def take_back(self, number: int) -> None:
        post = self._some(self._replies(), number)
        one = self.model.said[post]
        try:
            with self.session.begin_nested():
                editing.delete_post(self.session, self.actor(one.author), post_id=post)
        except LoggiaError:
            person = self.model.people[one.author]
            assert person.suspended or person.silenced or not self.model.reads(one.author, post)
            return
        one.taken_back = True
        self.touched = one.talk

    def _replies(self) -> list[int]:
        return [key for key, one in self.model.said.items() if not one.opening and not one.taken_back]

    # what is decided about it

    @rule(who=st.sampled_from(("elena", "flavio", "carla", "dario", _SETTLED, _SETTLED)), number=_number)
    def hide_or_restore_thread(self, who: str, number: int) -> None:
        talk = self._some(list(self.model.talks), number)
        one = self.model.talks[talk]
        if self._decided(
            who, f"{'restore' if one.hidden else 'hide'}-thread", talk, self.model.sees_talk(who, talk), one.place
        ):
            one.hidden = not one.hidden
        self.touched = talk

    @precondition(lambda self: self._replies())
    @rule(who=st.sampled_from(("elena", "flavio", "carla", "dario", _SETTLED, _SETTLED)), number=_number)
    def hide_or_restore_reply(self, who: str, number: int) -> None:
        post = self._some(self._replies(), number)
        one = self.model.said[post]
        seen = self.model.reads(who, post)
        if self._decided(
            who, f"{'restore' if one.hidden else 'hide'}-post", post, seen, self.model.talks[one.talk].place
        ):
            one.hidden = not one.hidden
        self.touched = one.talk

    def _decided(self, who: str, action: str, target: int, seen: bool, place: str) -> bool:
        """Whether somebody could decide so; who does not see it is told that it is not there."""
        try:
            with self.session.begin_nested():
                _rule(self.session, self.ids, action, target, by=who)
        except NotFound:
            assert not seen
            return False
        except NotAllowed:  # who moderates there is refused too, in matters of their own or of their company
            assert seen
            return False
        assert seen
        assert self.model.moderates(who, place)
        return True

    @rule(number=_number, place=_place)
    def move(self, number: int, place: str) -> None:
        talk = self._some(list(self.model.talks), number)
        try:
            with self.session.begin_nested():
                editing.edit_thread(self.session, self.actor(_SETTLED), thread_id=talk, category=place)
        except NotAllowed:
            return  # never out of anybody's sight
        self.model.talks[talk].place = place
        self.touched = talk

    # what people and places become

    @rule(
        place=_place,
        audience=st.sampled_from(sorted(AUDIENCES)),
        named=st.sets(_group, min_size=1),
        moderators=st.sets(_other, max_size=1),
    )
    def arrange(self, place: str, audience: str, named: set[str], moderators: set[str]) -> None:
        now = Place(audience, named, moderators)
        change_category(
            self.session, SYSTEM, text="Not for everybody.", category_id=self.ids[place], **_as_fields(now, self.ids)
        )
        self.model.places[place] = now

    @rule(who=_other, group=_group)
    def join_or_leave(self, who: str, group: str) -> None:
        mine = self.model.people[who].groups
        verb: Callable[..., object] = groups.remove if group in mine else groups.add
        verb(self.session, SYSTEM, group_id=self.ids[group], handle=who)
        mine ^= {group}

    @rule(who=_other, word=st.sampled_from(("suspend", "silence")))
    def sanction_or_lift(self, who: str, word: str) -> None:
        person, field = self.model.people[who], f"{word}ed" if word == "suspend" else "silenced"
        action = f"un{word}" if getattr(person, field) else word
        if person.role == "administrator":  # as is whoever decides here, and nobody decides about a peer
            with pytest.raises(NotAllowed):
                _rule(self.session, self.ids, action, self.ids[who], days=3 if action == word else 0)
            return
        _rule(self.session, self.ids, action, self.ids[who], days=3 if action == word else 0)
        setattr(person, field, action == word)

    @rule(who=_other, role=st.sampled_from(("member", "moderator", "administrator")))
    def give_role(self, who: str, role: str) -> None:
        managing.give_role(self.session, self.actor(_SETTLED), member_id=self.ids[who], role=role)
        self.model.people[who].role = role

    @rule(who=_other)
    def employ_or_let_go(self, who: str) -> None:
        by, person = self.actor(_SETTLED), self.model.people[who]
        if person.staff:
            managing.end_affiliation(self.session, by, member_id=self.ids[who])
        else:
            managing.affiliate(self.session, by, member_id=self.ids[who], team="Support", title="")
        person.staff = not person.staff

    # what is seen of it

    @invariant()
    def everybody_sees_what_the_model_says(self) -> None:
        type(self).steps += 1
        self.session.flush()
        connection = self.session.connection()
        documents.refresh_threads(self.session, list(self.model.talks))
        every = list(self.model.talks)
        self.turn += 1
        self.looked_at = {self.touched or every[0], every[self.turn % len(every)]}
        for who in ("", *PEOPLE):
            self._look_around(connection, who, self.actor(who))
        self._read_feeds(connection)

    def _look_around(self, connection: Any, who: str, actor: Actor) -> None:
        model = self.model
        seen = [place.slug for place in places.category_list(connection, actor)]
        assert sorted(seen) == sorted(slug for slug in model.places if model.sees_place(who, slug)), who
        listed = lists.thread_list(connection, actor, lists.Wanted(sort="newest"), limit=100).items
        assert sorted(line.id for line in listed) == sorted(
            talk for talk in model.talks if model.sees_talk(who, talk)
        ), who
        found = search.search_page(connection, actor, search.Asked(typed="pump", size=100))
        right = sorted(talk for talk in model.talks if model.finds(who, talk))
        assert sorted(one.thread.id for one in found.results if one.thread) == right, who
        assert found.total == len(right), who
        for talk in self.looked_at:
            self._read_thread(connection, who, actor, talk)
            self._read_profile(connection, who, actor, self.model.talks[talk].author)

    def _read_thread(self, connection: Any, who: str, actor: Actor, talk: int) -> None:
        try:
            page = pages.thread_page(connection, actor, thread_id=talk)
        except NotFound:
            assert not self.model.sees_talk(who, talk), who
            return
        assert self.model.sees_talk(who, talk), who
        shown = [*page.replies, *([page.opening] if page.opening else [])]
        readable = {post.id for post in shown if post.html is not None}
        of_thread = [key for key, one in self.model.said.items() if one.talk == talk]
        assert readable == {key for key in of_thread if self.model.reads(who, key)}, who

    def _read_profile(self, connection: Any, who: str, actor: Actor, author: str) -> None:
        profile = profiles.profile_page(connection, actor, handle=author)
        answers = profiles.answer_list(connection, actor, member_id=self.ids[author], limit=100).items
        right = self.model.answers_of(who, author)
        assert sorted(line.post_id for line in answers) == right, who
        told = (profile.questions, profile.ideas, profile.answers)
        assert told == (*(len(self.model.talks_of(who, author, kind)) for kind in ("question", "idea")), len(right)), (
            who
        )

    def _read_feeds(self, connection: Any) -> None:
        """Feeds, the sitemap and the count of a tag are the same for all: what visitors see."""
        public = sorted(talk for talk in self.model.talks if self.model.sees_talk("", talk))
        assert sorted(thread.id for thread in syndication.threads(connection, limit=100)) == public
        assert sorted(one.id for one in syndication.addresses(connection, share=0, size=10**9)) == public
        assert sum(tag.thread_count for tag in places.tag_list(connection)) == len(public)
        for talk in self.looked_at & set(public):
            told = {post.id for post in syndication.newest_posts(connection, thread_id=talk, limit=100).posts}
            of_thread = {key for key, one in self.model.said.items() if one.talk == talk}
            assert told == {key for key in of_thread if self.model.reads("", key)}

    def _category(self, slug: str) -> Any:
        return self.session.get_one(Category, self.ids[slug])


@pytest.mark.long
def test_everybody_sees_what_the_rules_say(
    database: Database, start: Start, amount: Callable[[int, int], int], record_property: Callable[[str, object], None]
) -> None:
    tried = settings(
        max_examples=amount(2, 40), stateful_step_count=amount(14, 50), suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # a shorter way to the same fault takes minutes to find
    )  # fmt: skip
    before = Sights.steps
    run_state_machine_as_test(lambda: Sights(database, start), settings=tried)  # type: ignore[arg-type]  # a maker will do
    record_property("steps of the model", Sights.steps - before)
