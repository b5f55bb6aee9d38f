"""Categories over the API: everybody reads those they see, administrators make and change them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.paging import Page
from forum.threads import arranging, categories
from forum.threads.arranging import CategoryDetails
from forum.threads.categories import Admitted
from moderation import decisions
from moderation.guidelines import HOUSE_RULE
from web.api import idempotency
from web.api.calls import AnyRequest, Items, absolute, answer_list, reading, writing
from web.api.describing import described
from web.bodies import Body
from web.installation import installation_of
from web.pages.admin.categories import AUDIENCES, CLEARANCES
from web.pages.admin.icons import ICONS

Kind = Literal["question", "idea", "discussion", "announcement"]
Audience = Literal["public", "members", "staff", "groups"]
Speakers = Literal["members", "staff", "groups"]
Locale = Literal["en", "it"]


class CategoryShape(msgspec.Struct, frozen=True, kw_only=True):
    """A category. `audience`: who sees it; `openers` and `repliers`: who may open threads and reply there; `open`: its questions without a solution.

    `name` and `description` are the default ones; `words` has those in other languages, by locale.
    """

    slug: str
    name: str
    url: str
    description: str
    icon: str
    position: int
    kinds: list[str]
    audience: str
    openers: str
    repliers: str
    several_solutions: bool
    peers_first_hours: int
    words: dict[str, CategoryWords]
    threads: int
    open: int


class CategoryWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and description in one language. What is empty falls back to the default."""

    name: str = ""
    description: str = ""


class GroupRights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a group, by its id, may in a category. To be named is to see it."""

    group: int
    open: bool = True
    reply: bool = True


class NewCategory(Body, frozen=True, kw_only=True):
    """A category to make. Left out, `position` puts it last."""

    slug: str
    name: str
    kinds: list[Kind]
    description: str = ""
    icon: str = "home"
    position: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    audience: Audience = "public"
    openers: Speakers = "members"
    repliers: Speakers = "members"
    groups: list[GroupRights] = []
    moderators: list[str] = []
    several_solutions: bool = False
    peers_first_hours: int = 0
    words: dict[Locale, CategoryWords] = {}


class CategoryChange(Body, frozen=True, kw_only=True):
    """What is to be different; what is left out stays. `words` replaces what was said in every language.

    Where fewer people would see threads that stand there, that is a decision of the public log: `text` says why, by which
    `rule` and for what `reason`.
    """

    slug: str | None = None
    name: str | None = None
    kinds: list[Kind] | None = None
    description: str | None = None
    icon: str | None = None
    position: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    audience: Audience | None = None
    openers: Speakers | None = None
    repliers: Speakers | None = None
    groups: list[GroupRights] | None = None
    moderators: list[str] | None = None
    several_solutions: bool | None = None
    peers_first_hours: int | None = None
    words: dict[Locale, CategoryWords] | None = None
    rule: str = HOUSE_RULE.code
    reason: str = "other"
    text: str = ""


@get(
    "/api/v1/categories",
    action="category.list",
    sync_to_thread=True,
    operation_class=described(),
    summary="The categories in their order",
)
def list_categories(request: AnyRequest) -> Response[Items[CategoryShape]]:
    with reading(request) as (connection, actor):
        found = arranging.details_list(connection, actor)
    return answer_list(request, Page(items=found), lambda one: _shape(request, one))


@post(
    "/api/v1/categories",
    action="category.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Make a category",
)
def make_category(request: AnyRequest, data: JSONBody[NewCategory]) -> Response[CategoryShape]:
    with writing(request) as (session, actor):
        made = idempotency.once(request, session, actor, data, lambda: _made(session, actor, data))
        found = arranging.details_of(session.connection(), actor, made)
    installation_of(request).sites.forget()
    return Response(_shape(request, found), status_code=201)


def _made(session: Session, actor: Actor, data: NewCategory) -> int:
    values = _values(data)
    if data.position is None:
        values["position"] = arranging.next_position(session)
    return categories.create(session, actor, **values).id


@patch(
    "/api/v1/categories/{slug:str}",
    action="category.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Change a category",
)
def change_category(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[CategoryChange]
) -> Response[CategoryShape]:
    with writing(request) as (session, actor):
        category_id = categories.by_slug(session, actor, slug).id
        decisions.change_category(session, actor, category_id=category_id, **_values(data))
        session.flush()
        found = arranging.details_of(session.connection(), actor, category_id)
    installation_of(request).sites.forget()
    return Response(_shape(request, found))


def _values(data: NewCategory | CategoryChange) -> dict[str, Any]:
    """The fields that were given, as the verbs take them."""
    values = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    for field in ("audience", "openers", "repliers"):
        if field in values:
            values[field] = CLEARANCES[values[field]]
    if data.groups is not None:
        values["groups"] = [Admitted(one.group, one.open, one.reply) for one in data.groups]
    if data.words is not None:
        values["words"] = {locale: msgspec.structs.asdict(said) for locale, said in data.words.items()}
    if values.get("icon", "home") not in ICONS:
        values["icon"] = "home"
    return values


def _shape(request: AnyRequest, one: CategoryDetails) -> CategoryShape:
    return CategoryShape(
        slug=one.slug,
        name=one.name,
        url=absolute(request, f"/c/{one.slug}"),
        description=one.description,
        icon=one.icon,
        position=one.position,
        kinds=one.kinds,
        audience=AUDIENCES[one.audience][0],
        openers=AUDIENCES[one.openers][0],
        repliers=AUDIENCES[one.repliers][0],
        several_solutions=one.several_solutions,
        peers_first_hours=one.peers_first_hours,
        words={locale: CategoryWords(**said) for locale, said in one.words.items()},
        threads=one.thread_count,
        open=one.open_count,
    )


routes = [list_categories, make_category, change_category]
