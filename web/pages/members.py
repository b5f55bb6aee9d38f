"""A member's page: the ledger of their reputation, their answers, questions and ideas, the badges they brought along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import N_, Text
from forum.members.affiliations import bond_of
from forum.members.policies import may_see_activity
from forum.threads import lists, profiles
from forum.threads.profiles import AnswerLine, BadgeLine, BestLine, Profile
from moderation.policies import may_sanction
from reputation.pages import LedgerLine, gained_by_month, ledger_page
from reputation.rules import UP
from web.arguments import query
from web.identity import current_actor
from web.installation import db_of
from web.pages import linked_data
from web.pages.charts import Chart, columns
from web.pages.frame import address_of, framed, shown
from web.pages.keeping import keep_list, version_before
from web.pages.parts import Pager, ThreadRow
from web.pages.rows import beginning, rows_of

AnyRequest = Request[Any, Any, Any]
Tab = Literal["reputation", "answers", "questions", "ideas", "badges"]

VOTES = {
    ("question", "upvoted"): (Text(N_("Question voted up")), Text(N_("Question no longer voted up"))),
    ("question", "downvoted"): (Text(N_("Question voted down")), Text(N_("Question no longer voted down"))),
    ("answer", "upvoted"): (Text(N_("Answer voted up")), Text(N_("Answer no longer voted up"))),
    ("answer", "downvoted"): (Text(N_("Answer voted down")), Text(N_("Answer no longer voted down"))),
    ("post", "upvoted"): (Text(N_("Post voted up")), Text(N_("Post no longer voted up"))),
    ("post", "downvoted"): (Text(N_("Post voted down")), Text(N_("Post no longer voted down"))),
}
REASONS = {
    "downvoting": (Text(N_("Voted down an answer")), Text(N_("No longer votes an answer down"))),
    "accepted": (Text(N_("Answer accepted")), Text(N_("Answer no longer accepted"))),
    "accepting": (Text(N_("Accepted an answer")), Text(N_("Took an acceptance back"))),
    "imported": (Text(N_("Votes from before the import")), Text(N_("Votes from before the import, corrected"))),
}
"""The words for each reason of the ledger, and for the entry that undoes one."""
_OTHER = (Text(N_("Correction")), Text(N_("Correction taken back")))
_CAPPED = Text(N_("Post voted up, beyond the day’s limit"))

ROLES = {"moderator": Text(N_("Moderator")), "administrator": Text(N_("Administrator"))}


class Asked(msgspec.Struct, frozen=True):
    """Which tab, from where on. Staff have no points to show, so that their page opens with their answers."""

    tab: Tab | None = None
    cursor: str = ""


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger in words. `href` is empty where the thread is not for this reader."""

    at: datetime
    word: Text
    points: int
    total: int
    href: str
    title: str
    locale: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in the list: the thread's title, leading to the answer itself."""

    href: str
    title: str
    locale: str
    at: datetime
    score: int
    is_accepted: bool
    is_hidden: bool


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What stands under the tab; the fields of the other tabs are empty. `apart`: points that the ledger sums up without lines."""

    chart: Chart | None = None
    movements: tuple[Movement, ...] = ()
    apart: int = 0
    answers: tuple[Answered, ...] = ()
    rows: tuple[ThreadRow, ...] = ()
    badges: tuple[BadgeLine, ...] = ()
    pager: Pager = Pager()


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A member's page."""

    profile: Profile
    role: Text | None
    bio: Markup
    is_own: bool
    may_sanction: bool
    bond: Text | None
    bond_is_confirmed: bool
    is_gathered: bool
    tab: Tab
    tabs: list[tuple[Text, str, bool, int | None]]
    content: Content
    best: tuple[BestLine, ...]


@get("/m/{handle:str}", action="member.read", sync_to_thread=True, include_in_schema=False)
def member_page(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """Who somebody is here, and one tab of what they gave."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        profile = profiles.profile_page(connection, actor, handle=handle)
        is_gathered = may_see_activity(actor, profile).allowed
        tab = (asked.tab or _first_tab(profile)) if is_gathered else "badges"
        view = _view(connection, actor, profile, tab, asked.cursor, is_gathered=is_gathered)
        address = _address(profile, tab, asked.cursor)
        # Empty pages are what spammers register for.
        is_listed = profile.answers and not (asked.cursor or profile.is_unlisted or profile.hides_activity)
        page = framed(
            request,
            connection,
            actor,
            title=profile.name,
            description=beginning(profile.bio_html, 155),
            address=address if asked.cursor else f"/m/{profile.handle}",
            robots="" if is_listed else "noindex",
            kind="profile",
            data=lambda here: (linked_data.profile(here, profile),),
        )
        answer = shown("member.html", page, view=view)
    keep_list(request, actor, address=address, version=version)
    return answer


def _first_tab(profile: Profile) -> Tab:
    return "answers" if profile.is_staff and not profile.points else "reputation"


def _address(profile: Profile, tab: Tab, cursor: str = "") -> str:
    return address_of(f"/m/{profile.handle}", tab="" if tab == _first_tab(profile) else tab, cursor=cursor)


BONDS: Final = {
    "partner": N_("Partner of the company: %(of)s"),
    "reseller": N_("Reseller: %(of)s"),
    "contractor": N_("Works for the company on contract: %(of)s"),
}


def _view(connection: Connection, actor: Actor, profile: Profile, tab: Tab, cursor: str, *, is_gathered: bool) -> View:
    bond = None if profile.is_staff else bond_of(connection, member_id=profile.id)
    return View(
        bond=Text(BONDS[bond.kind], of=bond.organisation) if bond is not None else None,
        bond_is_confirmed=bond is not None and bond.is_confirmed,
        profile=profile,
        role=ROLES.get(profile.role),
        bio=Markup(profile.bio_html),  # noqa: S704 - made and sanitised by forum.kernel.markdown when it was written
        is_own=profile.id == actor.member_id,
        may_sanction=may_sanction(actor, profile, is_critic=False, reason_code="other").allowed,
        is_gathered=is_gathered,
        tab=tab,
        tabs=_tabs(profile, tab) if is_gathered else [],
        content=_content(connection, actor, profile, tab, cursor),
        best=profiles.best_list(connection, actor, member_id=profile.id) if profile.answers and is_gathered else (),
    )


def _tabs(profile: Profile, current: Tab) -> list[tuple[Text, str, bool, int | None]]:
    tabs: list[tuple[Text, Tab, int | None]] = []
    if _first_tab(profile) == "reputation":
        tabs.append((Text(N_("Reputation")), "reputation", None))
    tabs += [
        (Text(N_("Answers")), "answers", profile.answers),
        (Text(N_("Questions")), "questions", profile.questions),
        (Text(N_("Ideas")), "ideas", profile.ideas),
    ]
    if profile.badges:
        tabs.append((Text(N_("Badges")), "badges", profile.badges))
    return [(word, _address(profile, tab), tab == current, count) for word, tab, count in tabs]


def _content(connection: Connection, actor: Actor, profile: Profile, tab: Tab, cursor: str) -> Content:
    found, following = _CONTENTS[tab](connection, actor, profile, cursor)
    first = _address(profile, tab) if cursor else ""
    older = _address(profile, tab, following) if following else ""
    return msgspec.structs.replace(found, pager=Pager(first=first, older=older))


def _reputation(connection: Connection, actor: Actor, profile: Profile, cursor: str) -> tuple[Content, str | None]:
    found = ledger_page(connection, actor, handle=profile.handle, cursor=cursor)
    chart = None
    if found.lines.items and not cursor:
        chart = columns(gained_by_month(connection, member_id=profile.id, until=now().date()))
    content = Content(chart=chart, movements=tuple(map(_movement, found.lines.items)), apart=found.apart)
    return content, found.lines.next


def _answers(connection: Connection, actor: Actor, profile: Profile, cursor: str) -> tuple[Content, str | None]:
    answers = profiles.answer_list(connection, actor, member_id=profile.id, cursor=cursor)
    return Content(answers=tuple(map(_answered, answers.items))), answers.next


def _questions(connection: Connection, actor: Actor, profile: Profile, cursor: str) -> tuple[Content, str | None]:
    return _threads(connection, actor, lists.Wanted(sort="newest", kind="question", author_id=profile.id), cursor)


def _ideas(connection: Connection, actor: Actor, profile: Profile, cursor: str) -> tuple[Content, str | None]:
    return _threads(connection, actor, lists.Wanted(sort="newest", kind="idea", author_id=profile.id), cursor)


def _badges(connection: Connection, actor: Actor, profile: Profile, cursor: str) -> tuple[Content, str | None]:
    return Content(badges=profiles.badge_list(connection, member_id=profile.id)), None


def _threads(connection: Connection, actor: Actor, wanted: lists.Wanted, cursor: str) -> tuple[Content, str | None]:
    found = lists.thread_list(connection, actor, wanted, cursor=cursor)
    return Content(rows=rows_of(connection, found.items)), found.next


_CONTENTS: dict[Tab, Callable[[Connection, Actor, Profile, str], tuple[Content, str | None]]] = {
    "reputation": _reputation,
    "answers": _answers,
    "questions": _questions,
    "ideas": _ideas,
    "badges": _badges,
}


def _movement(line: LedgerLine) -> Movement:
    word, undone = VOTES.get((line.about, line.reason)) or REASONS.get(line.reason, _OTHER)
    if line.reason == "upvoted" and 0 <= line.points < UP and not line.is_inverse:
        word = _CAPPED
    return Movement(
        at=line.at,
        word=undone if line.is_inverse else word,
        points=line.points,
        total=line.total,
        href=f"/p/{line.post_id}" if line.post_id else "",
        title=line.thread_title,
        locale=line.locale,
    )


def _answered(line: AnswerLine) -> Answered:
    return Answered(
        href=f"/p/{line.post_id}",
        title=line.thread_title,
        locale=line.locale,
        at=line.created_at,
        score=line.score,
        is_accepted=line.is_accepted,
        is_hidden=line.is_hidden,
    )


routes = [member_page]
