"""What the base template and the macros are handed: frozen structs, made by page modules out of what they read.

Each macro in `web/templates/_macros/` says at its top which of these it takes. Words for people are translated before
they come here, or are a `Text`; the names of members, threads and categories are theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from markupsafe import Markup

from forum.kernel.errors import Text
from forum.members.leaving import FORMER
from web.places import DEFAULT, Places


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is signed in, as the header and footer need them."""

    handle: str
    name: str
    is_staff: bool = False
    avatar: str = ""
    unread: int = 0
    may_moderate: bool = False
    may_administer: bool = False
    is_suspended: bool = False


class Notice(msgspec.Struct, frozen=True):
    """A line in the status region: what just happened. `state` is "solved", "danger" or "plain".

    With `undo` (an address) it offers a button that posts there.
    """

    text: Text | str
    state: str = "solved"
    undo: str = ""


class Banner(msgspec.Struct, frozen=True):
    """What an administrator announces on every page. `level`: info, warning or danger."""

    text: str
    level: str = "info"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What every page needs beside its content.

    `title` may stay empty where the template says it (`{% block title %}`). `path` is the address with its query, so that a
    choice in the footer comes back to it. `kind` (Open Graph's) and `data` (JSON-LD) are empty where machines are told nothing. `csrf` is empty on pages that anybody may be shown. `theme` is "", "light" or "dark".
    Times are told in `time_zone`, or in UTC where it is "", which script then turns into the browser's own.
    """

    locale: str
    path: str
    site_name: str = "Loggia"
    tagline: str = ""
    banner: Banner | None = None
    registration: str = "open"  # who may open an account: everybody, by "invitation", or with "closed" nobody
    title: Text | str = ""
    description: Text | str = ""
    canonical: str = ""
    kind: str = ""
    base: str = ""
    data: Markup = Markup()
    theme: str = ""
    viewer: Viewer | None = None
    csrf: str = ""
    notices: tuple[Notice, ...] = ()
    robots: str = ""
    place: str = ""
    time_zone: str = ""
    places: Places = DEFAULT

    @property
    def is_open(self) -> bool:
        """Whether anybody may open an account."""
        return self.registration == "open"

    @property
    def here(self) -> str:
        """Which of the five places this page belongs to: questions, ideas, roadmap, help, tags, or none."""
        return self.place or _place_of(self.path.partition("?")[0])


_PLACES = (
    ("/ideas/roadmap", "roadmap"),
    ("/ideas", "ideas"),
    ("/help", "help"),
    ("/tags", "tags"),
    ("/c", "questions"),
    ("/t", "questions"),
)


def _place_of(path: str) -> str:
    if path == "/":
        return "questions"
    return next((place for prefix, place in _PLACES if path == prefix or path.startswith(prefix + "/")), "")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A member as shown beside what they wrote: with the badge that was worn then. No `handle`: an account that is gone.

    `bond` is partner, reseller or contractor, for the organisation that `team` names. `avatar` is the name of the picture that they wear now; without one their initials stand there.
    """

    name: str
    handle: str = ""
    is_staff: bool = False
    team: str = ""
    title: str = ""
    points: int | None = None
    avatar: str = ""
    bond: str = ""
    bond_is_confirmed: bool = False
    is_bot: bool = False
    is_former: bool = False  # left for good; found out from the handle, so that no page has to

    def __post_init__(self) -> None:
        if self.handle.startswith(FORMER):
            msgspec.structs.force_setattr(self, "handle", "")
            msgspec.structs.force_setattr(self, "is_former", True)


class Label(msgspec.Struct, frozen=True):
    """Something with a name and an address: a category, a tag."""

    name: str
    href: str


class ThreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A thread in a list. `idea_status` is one of interface.md's words, empty for other kinds."""

    href: str
    title: str
    last_by: Person
    last_at: datetime
    replies: int = 0
    score: int = 0
    kind: str = "question"
    category: Label | None = None
    tags: tuple[Label, ...] = ()
    is_solved: bool = False
    is_official: bool = False
    is_closed: bool = False
    is_duplicate: bool = False
    is_critical: bool = False
    is_urgent: bool = False
    needs_info: bool = False
    is_unread: bool = False
    idea_status: str = ""
    locale: str = ""
    excerpt: str = ""


class PageLink(msgspec.Struct, frozen=True):
    """A numbered page; number 0 is the gap between far numbers."""

    number: int
    href: str = ""


class Pager(msgspec.Struct, frozen=True, kw_only=True):
    """Where the other pages of a list are. Lists without numbers have `first` (unless this is it) and `older`."""

    numbers: tuple[PageLink, ...] = ()
    current: int = 1
    newer: str = ""
    older: str = ""
    first: str = ""

    @property
    def is_needed(self) -> bool:
        return bool(self.newer or self.older or self.first)


def numbered(current: int, last: int, href: Callable[[int], str]) -> Pager:
    """A pager for pages 1 to `last`: the ends, the neighbours of the current one, and gaps between."""
    near = sorted({1, 2, 3, current - 1, current, current + 1, last} & set(range(1, last + 1)))
    links: list[PageLink] = []
    for number in near:
        if links and number > links[-1].number + 1:
            links.append(PageLink(0))
        links.append(PageLink(number, href(number)))
    return Pager(
        numbers=tuple(links),
        current=current,
        newer=href(current - 1) if current > 1 else "",
        older=href(current + 1) if current < last else "",
    )


class FacetValue(msgspec.Struct, frozen=True):
    """One tick of a facet; `count` is None where it is not known."""

    value: str
    label: Text | str
    count: int | None = None
    is_chosen: bool = False


class Facet(msgspec.Struct, frozen=True):
    """A group of ticks that narrows a list; `name` is the parameter in the address."""

    name: str
    label: Text | str
    values: tuple[FacetValue, ...]


class Vote(msgspec.Struct, frozen=True):
    """The state of a vote: where its form posts, the score without staff's votes, and one's own (1, 0, -1).

    `no_up` and `no_down` say why this reader cannot vote so; the button is there, but cannot be pressed.
    """

    action: str
    score: int
    mine: int = 0
    no_up: Text | None = None
    no_down: Text | None = None


NOBODY = Person(name="")
