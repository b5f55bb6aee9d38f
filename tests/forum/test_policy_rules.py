"""The policies, without a database: who may, and the sentence for who may not."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from forum.kernel.access import ANONYMOUS, GROUPS, MEMBERS, STAFF, Actor, Denied, Verdict, rights_of
from forum.threads import policies
from forum.threads.policies import AskersWord

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRST = frozenset({"thread:ask", "thread:answer", "vote:up"})
ASKER = Actor(member_id=1, role="member", privileges=FIRST, clearance=MEMBERS)
PEER = replace(ASKER, member_id=2)
TRUSTED = replace(PEER, privileges=FIRST | {"vote:down", "post:edit-any", "thread:retag"})
EMPLOYEE = replace(PEER, member_id=3, is_staff=True, rights=rights_of("member", is_staff=True), clearance=STAFF)
MODERATOR = replace(PEER, member_id=4, role="moderator", rights=rights_of("moderator", is_staff=False))
GUEST = replace(PEER, opens_in=frozenset({5}), replies_in=frozenset({5}))
KEEPER = replace(PEER, moderates=frozenset({5}))
OWNER = replace(PEER, role="administrator", rights=rights_of("administrator", is_staff=False), clearance=GROUPS)
SUSPENDED = replace(ASKER, suspended=True, privileges=frozenset())


@dataclass
class Thing:
    """A thread, a post and a category in one, as far as policies look at them."""

    author_id: int = 1
    created_at: datetime = NOON
    closed_at: datetime | None = None
    hidden_at: datetime | None = None
    is_urgent: bool = False
    is_critical: bool = False
    number: int = 2
    is_company: bool = False
    accepted_at: datetime | None = None
    official_at: datetime | None = None
    as_role: str = "author"
    kinds: list[str] = field(default_factory=lambda: ["question"])
    id: int = 5
    audience: int = 0
    openers: int = 1
    repliers: int = 1
    peers_first_hours: int = 0


def reply(actor: Actor, thing: Thing, *, at: datetime = NOON, peer_replied: bool = False) -> Verdict:
    return policies.may_reply(actor, thing, thing, peer_replied=peer_replied, at=at)


def accept(actor: Actor, *, days: float = 0, stands: bool = False) -> Verdict:
    return policies.may_accept(actor, Thing(), word=AskersWord(NOON, stands), at=NOON + timedelta(days=days))


ALLOWED: list[Callable[[], Verdict]] = [
    lambda: policies.may_ask(PEER, Thing()),
    lambda: policies.may_ask(EMPLOYEE, Thing(openers=2)),
    lambda: reply(PEER, Thing()),
    lambda: reply(PEER, Thing(peers_first_hours=24)),
    lambda: reply(EMPLOYEE, Thing(peers_first_hours=24), peer_replied=True),
    lambda: reply(EMPLOYEE, Thing(peers_first_hours=24, is_urgent=True)),
    lambda: reply(EMPLOYEE, Thing(peers_first_hours=24), at=NOON + timedelta(hours=24)),
    lambda: policies.may_edit_post(ASKER, Thing(is_company=True), is_critical=False),
    lambda: policies.may_edit_post(TRUSTED, Thing(), is_critical=False),
    lambda: policies.may_edit_post(MODERATOR, Thing(), is_critical=False),
    lambda: policies.may_delete_post(ASKER, Thing()),
    lambda: policies.may_retag(ASKER, Thing()),
    lambda: policies.may_retag(TRUSTED, Thing()),
    lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=1), after=Thing(audience=0)),
    lambda: policies.may_ask(GUEST, Thing(openers=3)),
    lambda: policies.may_ask(OWNER, Thing(openers=3)),
    lambda: reply(GUEST, Thing(repliers=3)),
    lambda: reply(EMPLOYEE, Thing(repliers=2)),
    lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=1), after=Thing(audience=1)),
    lambda: policies.may_move(KEEPER, Thing(), before=Thing(audience=3), after=Thing(id=6)),
    lambda: policies.may_move(KEEPER, Thing(author_id=9), before=Thing(audience=3), after=Thing(id=6, audience=1)),
    lambda: policies.may_vote(PEER, Thing(), 1),
    lambda: policies.may_vote(PEER, Thing(), 0),
    lambda: policies.may_vote(TRUSTED, Thing(), -1),
    lambda: accept(ASKER),
    lambda: accept(ASKER, stands=True),
    lambda: accept(EMPLOYEE, days=7),
    lambda: accept(MODERATOR, days=7),
    lambda: policies.may_withdraw(ASKER, Thing(), Thing(as_role="staff")),
    lambda: policies.may_withdraw(EMPLOYEE, Thing(), Thing(as_role="moderator")),
    lambda: policies.may_speak_officially(EMPLOYEE),
    lambda: policies.may_describe_tags(TRUSTED),
]
DENIED: list[tuple[Callable[[], Verdict], str]] = [
    (lambda: policies.may_take_part(ANONYMOUS), "Sign in"),
    (lambda: policies.may_take_part(SUSPENDED), "suspended"),
    (lambda: policies.may_ask(ANONYMOUS, Thing()), "Sign in"),
    (lambda: policies.may_ask(PEER, Thing(openers=2)), "Only staff can open"),
    (lambda: policies.may_ask(replace(PEER, privileges=frozenset()), Thing()), "may not open threads"),
    (lambda: reply(replace(PEER, privileges=frozenset()), Thing()), "may not reply"),
    (lambda: reply(PEER, Thing(closed_at=NOON)), "is closed"),
    (lambda: reply(ASKER, Thing(hidden_at=NOON)), "out of sight"),
    (lambda: reply(EMPLOYEE, Thing(peers_first_hours=24)), "Customers answer first"),
    (lambda: reply(EMPLOYEE, Thing(peers_first_hours=1), at=NOON + timedelta(minutes=59)), "Customers answer first"),
    (lambda: policies.may_edit_post(PEER, Thing(), is_critical=False), "more reputation to edit"),
    (
        lambda: policies.may_edit_post(TRUSTED, Thing(is_company=True), is_critical=False),
        "Only staff can edit what staff wrote",
    ),
    (lambda: policies.may_edit_post(SUSPENDED, Thing(), is_critical=False), "suspended"),
    (lambda: policies.may_delete_post(MODERATOR, Thing()), "Only its author"),
    (lambda: policies.may_delete_post(ASKER, Thing(number=1)), "first post"),
    (lambda: policies.may_delete_post(ASKER, Thing(accepted_at=NOON)), "marked as an answer"),
    (lambda: policies.may_delete_post(ASKER, Thing(official_at=NOON)), "marked as an answer"),
    (lambda: policies.may_delete_post(SUSPENDED, Thing()), "suspended"),
    (lambda: policies.may_retag(PEER, Thing()), "more reputation to retag"),
    (lambda: policies.may_move(PEER, Thing(), before=Thing(), after=Thing()), "more reputation to retag"),
    (lambda: policies.may_move(ASKER, Thing(), before=Thing(), after=Thing(audience=1)), "moderation decision"),
    (lambda: policies.may_move(ASKER, Thing(), before=Thing(), after=Thing(openers=2)), "Only staff can open"),
    (lambda: policies.may_ask(PEER, Thing(openers=3)), "Only certain groups"),
    (lambda: policies.may_ask(EMPLOYEE, Thing(openers=3)), "Only certain groups"),
    (lambda: policies.may_ask(GUEST, Thing(openers=3, id=6)), "Only certain groups"),
    (lambda: policies.may_ask(KEEPER, Thing(openers=2)), "Only staff can open"),
    (lambda: reply(PEER, Thing(repliers=3)), "not everybody who reads"),
    (lambda: reply(PEER, Thing(repliers=2)), "not everybody who reads"),
    (
        lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=2), after=Thing(audience=3)),
        "moderation decision",
    ),
    (
        lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=3), after=Thing(audience=3)),
        "moderation decision",
    ),
    (
        lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=3), after=Thing(audience=2)),
        "moderation decision",
    ),
    (lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=3), after=Thing()), "only a moderator"),
    (lambda: policies.may_move(ASKER, Thing(), before=Thing(audience=2), after=Thing(audience=1)), "only a moderator"),
    (
        lambda: policies.may_move(KEEPER, Thing(author_id=9), before=Thing(id=6), after=Thing()),
        "more reputation to retag",
    ),
    (lambda: policies.may_vote(ASKER, Thing(), 1), "your own post"),
    (lambda: policies.may_vote(PEER, Thing(), -1), "more reputation to vote down"),
    (lambda: policies.may_vote(replace(PEER, privileges=frozenset()), Thing(), 1), "may not vote"),
    (lambda: policies.may_vote(ANONYMOUS, Thing(), 0), "Sign in"),
    (lambda: accept(PEER, days=30), "Only the person who asked can accept"),
    (lambda: accept(EMPLOYEE, days=6.99), "For 7 days only"),
    (lambda: accept(MODERATOR, days=30, stands=True), "their choice stands"),
    (lambda: accept(SUSPENDED), "suspended"),
    (lambda: policies.may_withdraw(PEER, Thing(), Thing(as_role="staff")), "Only the person who asked"),
    (lambda: policies.may_withdraw(MODERATOR, Thing(), Thing(as_role="author")), "their choice stands"),
    (lambda: policies.may_withdraw(ANONYMOUS, Thing(), Thing()), "Sign in"),
    (lambda: policies.may_speak_officially(MODERATOR), "Only staff can speak"),
    (lambda: policies.may_speak_officially(OWNER), "Only staff can speak"),
    (lambda: policies.may_describe_tags(PEER), "more reputation to describe"),
    (lambda: policies.may_manage_categories(MODERATOR), "Only an administrator"),
]


@pytest.mark.parametrize("ask", ALLOWED)
def test_who_may(ask: Callable[[], Verdict]) -> None:
    assert ask().allowed


@pytest.mark.parametrize(("ask", "sentence"), DENIED)
def test_who_may_not(ask: Callable[[], Verdict], sentence: str) -> None:
    verdict = ask()
    assert isinstance(verdict, Denied)
    assert sentence in str(verdict.text)
