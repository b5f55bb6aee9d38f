"""Categories: which there are, in which order, and what holds in each."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta
from sqlalchemy import Connection, select

from forum.kernel.access import GROUPS, MEMBERS, PUBLIC, STAFF, require
from forum.kernel.errors import N_, Invalid, Text
from forum.members.policies import may_administer
from forum.members.tables import Group
from forum.threads import arranging, categories
from forum.threads.arranging import CategoryDetails, Rights
from forum.threads.categories import Admitted
from forum.threads.tables import KINDS, Words
from forum.threads.text import slug as slug_of
from moderation.decisions import change_category
from moderation.guidelines import HOUSE_RULE, REASONS, RULES
from web import forms
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of, installation_of
from web.locales import LANGUAGE_NAMES, LOCALES
from web.pages.admin.icons import ICONS
from web.pages.categories import KIND_NAMES
from web.pages.frame import framed, led_to, shown

AnyRequest = Request[Any, Any, Any]
CATEGORIES: Final = "/admin/categories"
AUDIENCES: Final = {
    PUBLIC: ("public", Text(N_("Everybody"))),
    MEMBERS: ("members", Text(N_("Whoever is signed in"))),
    STAFF: ("staff", Text(N_("The company alone"))),
    GROUPS: ("groups", Text(N_("The groups named below"))),
}
"""Clearances by the word that forms and the API use, and in words for people."""
SIGNED_IN: Final = ("members", Text(N_("Whoever sees it and is signed in")))
MAYS: Final = (
    ("", Text(N_("Not named"))),
    ("see", Text(N_("See it"))),
    ("reply", Text(N_("See it and reply"))),
    ("open", Text(N_("See it, reply and open threads"))),
)
"""What a group may in a category, the wider last."""
_TYPED: Final = (
    "name",
    "slug",
    "description",
    "icon",
    "audience",
    "openers",
    "repliers",
    "moderators",
    "rule",
    "reason",
    "text",
)
CLEARANCES: Final = {word: clearance for clearance, (word, _) in AUDIENCES.items()}


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A category as it is typed. Its address may be left empty when it is made: its name becomes one."""

    name: Annotated[str, Meta(max_length=80)] = ""
    slug: Annotated[str, Meta(max_length=60)] = ""
    description: Annotated[str, Meta(max_length=300)] = ""
    icon: str = "home"
    kinds: tuple[str, ...] = ()
    audience: str = "public"
    openers: str = "members"
    repliers: str = "members"
    several_solutions: bool = False
    peers_first_hours: int = 0
    moderators: Annotated[str, Meta(max_length=1000)] = ""
    rule: str = HOUSE_RULE.code
    reason: str = "other"
    text: str = ""


class CategoryForm(Typed, frozen=True, kw_only=True):
    """The same with what the groups may, which is a field for each of them, and its words in each language."""

    groups: tuple[Admitted, ...] = ()
    words: Words = {}

    def said(self, locale: str, field: str) -> str:
        """Its name or description in a language; "" where the default holds."""
        return self.words.get(locale, {}).get(field, "")


class GroupChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A group, and what it may in the category: "" nothing, "see", "reply" or "open", each with what stands before it."""

    id: int
    name: str
    may: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The form's page: of which category (0: a new one), as typed, and what needs mending."""

    id: int
    name: str
    form: CategoryForm
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A category in the list, in words."""

    of: CategoryDetails
    audience: Text
    openers: Text
    kinds: tuple[Text, ...]


RULE_CHOICES: Final = [
    (rule.code, Text(N_("%(number)s %(name)s"), number=rule.code, name=Text(rule.name)))
    for rule in (HOUSE_RULE, *RULES.values())
]
REASON_CHOICES: Final = [
    (code, Text(name)) for code, name in REASONS.items() if code not in ("answer", "erasure", "duplicate", "resolved")
]
"""For a decision that fewer people see a category."""
_NEW: Final = CategoryForm(kinds=("question", "idea", "discussion"))


@get(CATEGORIES, action="admin.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """All of them, in their order."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        rows = [_row(one) for one in arranging.details_list(connection, actor)]
        page = framed(request, connection, actor, robots="noindex")
    return shown("admin/categories.html", page, rows=rows)


def _row(one: CategoryDetails) -> Row:
    return Row(
        of=one,
        audience=AUDIENCES[one.audience][1],
        openers=AUDIENCES[one.openers][1],
        kinds=tuple(KIND_NAMES[kind] for kind in one.kinds),
    )


@get("/admin/categories/new", action="admin.read", sync_to_thread=True, include_in_schema=False)
def begin(request: AnyRequest) -> Response[bytes]:
    """An empty form."""
    return _form(request, Asked(id=0, name="", form=_NEW))


@post("/admin/categories/new", action="category.manage", sync_to_thread=True, include_in_schema=False)
def make(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Make a category, the last in the order."""
    pairs = forms.pairs_of(body)
    try:
        form = _read(pairs)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            values = fields_of(form) | {"slug": form.slug or slug_of(form.name)[:60].strip("-")}
            categories.create(session, actor, position=arranging.next_position(session), **values)
    except Invalid as refusal:
        return _form(request, _mending(pairs, refusal), status=422)
    installation_of(request).sites.forget()
    return led_to(request, CATEGORIES, "category-made")


@get("/admin/categories/{category_id:str}", action="admin.read", sync_to_thread=True, include_in_schema=False)
def change(request: AnyRequest, category_id: FromPath[str]) -> Response[bytes]:
    """The form, filled in."""
    found = _found(request, category_id)
    with db_of(request).reading() as connection:
        rights = arranging.rights_in(connection, current_member(request, connection), found.id)
    return _form(request, Asked(id=found.id, name=found.name, form=_filled(found, rights)))


@post("/admin/categories/{category_id:str}", action="category.manage", sync_to_thread=True, include_in_schema=False)
def save(request: AnyRequest, category_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Keep what was changed."""
    pairs = forms.pairs_of(body)
    try:
        form = _read(pairs)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            change_category(
                session, actor, category_id=path_id(category_id), rule=form.rule, reason=form.reason, text=form.text,
                **fields_of(form),
            )  # fmt: skip
    except Invalid as refusal:
        return _form(request, _mending(pairs, refusal, _found(request, category_id)), status=422)
    installation_of(request).sites.forget()
    return led_to(request, CATEGORIES, "category-saved")


def _found(request: AnyRequest, category_id: str) -> CategoryDetails:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        return arranging.details_of(connection, actor, path_id(category_id))


@post(
    "/admin/categories/{category_id:str}/move", action="category.manage", sync_to_thread=True, include_in_schema=False
)
def move(request: AnyRequest, category_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """One place up or down."""
    to = forms.shown(forms.pairs_of(body)).get("to")
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        arranging.move(session, actor, category_id=path_id(category_id), to="down" if to == "down" else "up")
    return led_to(request, CATEGORIES)


def fields_of(form: CategoryForm) -> dict[str, Any]:
    """The fields of a category as its verbs take them. What is none of the choices is passed on, to be refused there."""
    return {
        "slug": form.slug,
        "name": " ".join(form.name.split()),
        "description": form.description,
        "icon": form.icon if form.icon in ICONS else "home",
        "kinds": [kind for kind in KINDS if kind in form.kinds],
        "audience": CLEARANCES.get(form.audience, -1),
        "openers": CLEARANCES.get(form.openers, -1),
        "repliers": CLEARANCES.get(form.repliers, -1),
        "groups": form.groups,
        "words": form.words,
        "moderators": form.moderators.replace(",", " ").replace("@", " ").split(),
        "several_solutions": form.several_solutions,
        "peers_first_hours": form.peers_first_hours,
    }


def _read(pairs: forms.Pairs) -> CategoryForm:
    return CategoryForm(
        **msgspec.structs.asdict(forms.read(pairs, Typed)), groups=_admitted(pairs), words=_words(pairs)
    )


def _words(pairs: forms.Pairs) -> Words:
    """The fields `name-<locale>` and `description-<locale>`."""
    typed = forms.shown(pairs)
    return {
        locale: {field: typed[f"{field}-{locale}"] for field in categories.LONGEST if typed.get(f"{field}-{locale}")}
        for locale in LOCALES
    }


def _admitted(pairs: forms.Pairs) -> tuple[Admitted, ...]:
    """What each group may, from the fields `group-<id>`."""
    found = []
    for name, values in pairs.items():
        key = forms.whole_number(name.removeprefix("group-"))
        if name.startswith("group-") and key is not None and values[-1] in ("see", "reply", "open"):
            found.append(Admitted(key, values[-1] == "open", values[-1] in ("reply", "open")))
    return tuple(found)


def _filled(one: CategoryDetails, rights: Rights) -> CategoryForm:
    return CategoryForm(
        name=one.name,
        slug=one.slug,
        description=one.description,
        icon=one.icon or "home",
        kinds=tuple(one.kinds),
        audience=AUDIENCES[one.audience][0],
        openers=AUDIENCES[one.openers][0],
        repliers=AUDIENCES[one.repliers][0],
        several_solutions=one.several_solutions,
        peers_first_hours=one.peers_first_hours,
        moderators=", ".join(rights.moderators),
        groups=rights.groups,
        words=one.words,
    )


def _mending(pairs: forms.Pairs, refusal: Invalid, of: CategoryDetails | None = None) -> Asked:
    """The form as it was typed: each field that can be read, and the others as they are by default."""
    typed = forms.shown(pairs)
    kept: dict[str, Any] = {name: typed[name] for name in _TYPED if name in typed}
    hours = forms.whole_number(typed.get("peers_first_hours", "") or "0")
    form = CategoryForm(
        **kept,
        kinds=tuple(pairs.get("kinds", ())),
        groups=_admitted(pairs),
        words=_words(pairs),
        several_solutions="several_solutions" in pairs,
        peers_first_hours=hours or 0,
    )
    return Asked(id=of.id if of else 0, name=of.name if of else "", form=form, problems=tuple(refusal.fields.items()))


def _form(request: AnyRequest, asked: Asked, *, status: int = 200) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        page = framed(request, connection, actor, robots="noindex")
        groups = _choices(connection, asked.form)
    return shown(
        "admin/category.html",
        page,
        status=status,
        asked=asked,
        kinds=[(kind, KIND_NAMES[kind]) for kind in KINDS],
        icons=list(ICONS.items()),
        audiences=list(AUDIENCES.values()),
        speakers=[SIGNED_IN, AUDIENCES[STAFF], AUDIENCES[GROUPS]],
        groups=groups,
        mays=MAYS,
        rules=RULE_CHOICES,
        reasons=REASON_CHOICES,
        languages=[(locale, LANGUAGE_NAMES[locale]) for locale in LOCALES],
    )


def _choices(connection: Connection, form: CategoryForm) -> list[GroupChoice]:
    may = {one.group_id: "open" if one.may_open else "reply" if one.may_reply else "see" for one in form.groups}
    rows = connection.execute(select(Group.id, Group.name).order_by(Group.name_key).limit(200))
    return [GroupChoice(id=row.id, name=row.name, may=may.get(row.id, "")) for row in rows]


routes = [overview, begin, make, change, save, move]
