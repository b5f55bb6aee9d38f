"""No word of a private thing reaches anybody who must not see it, on whichever surface they look.

Every field of every private thing holds a word of its own (see `haunting`). Everybody then opens every address that can be made
of the things' numbers and names, looks for each word that is kept from them, and follows links; in no answer, its headers
included, may one of those words stand. Who may look most looks first, so that what was kept for others would be found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.permissions.asking import WAYS
from tests.permissions.client import Answer, Asker
from tests.permissions.haunting import Canaries
from tests.permissions.listening import carried, follow_badly, listening, mailed_keys, sign_in_badly
from tests.permissions.requests import asked, cells_of
from tests.permissions.world import PASSWORD, Parts, Person, World
from web.routes import ROUTES

_PARAMETER = re.compile(r"{(\w+):str}")
_LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)')
_UNASKED = ("/static/", "/health/", "/login/with", "/register/with", "/settings/identities/")
_NAMES = {  # what stands for a parameter in the addresses that begin so
    ("/c/", "slug"): "category_slug", ("/feeds/c/", "slug"): "category_slug", ("/t/", "slug"): "thread_slug", ("/help/", "slug"): "article_slug",
    ("/tags/", "key"): "tag", ("/feeds/tags/", "name"): "tag",
}  # fmt: skip
_SEARCHES = ("/search?q={0}", "/api/v1/search?q={0}", "/api/v1/similar?title={0}", "/tags?q={0}")
_LISTS = (
    "/api/v1/threads?category={category_slug}", "/api/v1/threads?tag={tag}", "/api/v1/articles?category={category_slug}",
    "/ask?category={category_slug}", "/search?q=hum&category={category_slug}", "/help?category={category_slug}", "/?tag={tag}",
    "/t/{idea_id}", "/t/{idea_id}/{idea_slug}", "/t/{idea_id}/{idea_slug}/history", "/api/v1/threads/{idea_id}", "/p/{opening_id}",
    "/p/{opening_id}/history", "/p/{opening_id}/edit", "/api/v1/posts/{opening_id}", "/api/v1/posts/{opening_id}/revisions",
)  # fmt: skip
_TABS = ("?tab=answers", "?tab=questions", "?tab=ideas", "")
UNSAID = {
    f"canary{word}" for word in ("invitation", "browser", "hiddenpostnote", "deletedpostnote", "deletedpostreply")
}
"""What no page says to anybody: a browser's own name for itself, reports that are settled, what its author took back."""
SHORTENED = {key: [pytest.mark.long(only=True, on="postgresql")] for key in ("category-moderator", "insider")}
SHORT = ("staff", "moderator", "category-moderator", "insider", "member", "asker", "anonymous")
ORDER = (
    "administrator",
    "staff",
    "moderator",
    "asker",
    "author",
    "trusted",
    "insider",
    "category-moderator",
    "elsewhere-moderator",
    "member",
    "suspended",
    "unverified",
    "anonymous",
)


def addresses(world: World, canaries: Canaries) -> Iterator[str]:
    """Every address for reading, made of every thing."""
    for handler in ROUTES:
        if "GET" in handler.http_methods:
            for template in handler.paths:
                if not template.startswith(_UNASKED):
                    yield from _filled(template, [*canaries.parts, *world.tells])
    for parts in canaries.parts:
        yield from (one.format(**parts) for one in _LISTS if set(re.findall(r"{(\w+)}", one)) <= set(parts))
    for name in ("asker", "author", "staff"):
        yield from (f"/m/{world.people[name].actor.handle}{tab}" for tab in _TABS)
        yield from (
            f"/api/v1/members/{world.people[name].actor.handle}{more}" for more in ("", "/reputation", "/badges")
        )


def _filled(template: str, things: list[Parts]) -> Iterator[str]:
    wanted = _PARAMETER.findall(template)
    for thing in things if wanted else [{}]:
        named = {name: thing.get(_name_of(template, name)) for name in wanted}
        if None not in named.values():
            yield template.replace(":str}", "}").format_map(named)


def _name_of(template: str, parameter: str) -> str:
    return next(
        (word for (begins, name), word in _NAMES.items() if name == parameter and template.startswith(begins)),
        parameter,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=SHORTENED.get(name, [] if name in SHORT else [pytest.mark.long(only=True)]))
        for name in ORDER
    ],
)
def test_no_word_reaches_whom_it_is_kept_from(
    asker: Asker, world: World, canaries: Canaries, name: str, amount: Callable[[int, int], int], record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    if name == "anonymous":  # whoever comes last finds what was kept for those before
        for path in addresses(world, canaries):
            _got(asker, world.people["administrator"], path)
    person, kept = world.people[name], canaries.kept_from(name)
    waiting = list(dict.fromkeys([*addresses(world, canaries), *_searches(kept)]))
    links: dict[str, None] = {}
    leaks: list[str] = []
    for path in waiting:
        said = _got(asker, person, path)
        leaks += _heard(said, path, kept)
        links |= dict.fromkeys(_links(said))
    further = [link for link in links if link not in set(waiting)][: amount(60, 2_000)]
    for path in further:
        leaks += _heard(_got(asker, person, path), path, kept)
    record_property("leak probes", len(kept) * (len(waiting) + len(further)))
    assert leaks == []


@pytest.mark.long
def test_each_word_is_heard_by_somebody_who_may(asker: Asker, world: World, canaries: Canaries) -> None:
    """So that a word which is heard by nobody else is one that could have been heard."""
    waiting, heard = list(dict.fromkeys(addresses(world, canaries))), set[str]()
    for name in ("administrator", "asker", "author"):
        person = world.people[name]
        readable = [word for word, readers in canaries.readers.items() if name in readers]
        for path in waiting:
            heard |= {found.split(" at ")[0] for found in _heard(_got(asker, person, path), "", readable)}
    assert {word for word, readers in canaries.readers.items() if readers} - heard <= UNSAID


def test_no_word_and_no_secret_stands_in_the_log(
    asker: Asker, world: World, canaries: Canaries, settings: Settings, database: Database, record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    """At its most talkative, over every address and every form: with passwords, mailed keys, cookies and tokens sent along."""
    keys = mailed_keys(database, settings)
    before = asker.asked
    with listening() as log:
        for path in dict.fromkeys(addresses(world, canaries)):
            _got(asker, world.people["administrator"], path)
        for key in WAYS:
            for cell in cells_of(key)[:1]:
                asked(asker, world, world.people["asker"], cell, world.things[cell.state or "public"])
        sign_in_badly(asker, world.people["asker"])
        follow_badly(asker, keys)
    lines = log.getvalue().splitlines()
    assert sum('"event":"request"' in line for line in lines) == asker.asked - before
    secrets = [*canaries.readers, *keys, PASSWORD, settings.secret_key, *carried(world)]
    record_property("leak probes", len(secrets) * len(lines))
    told = "\n".join(lines)
    assert [word for word in secrets if word in told] == []


def _links(said: Answer) -> Iterator[str]:
    return (link for link in map(unescape, _LINK.findall(said.text)) if not link.startswith(_UNASKED))


def _searches(kept: list[str]) -> Iterator[str]:
    for word in kept:
        yield from (search.format(word) for search in _SEARCHES)


def _got(asker: Asker, person: Person, path: str) -> Answer:
    if path.startswith("/api/"):
        headers = {"authorization": f"Bearer {person.bearer}"} if person.bearer else {}
    else:
        headers = {"cookie": f"session={person.cookie}"} if person.cookie else {}
    said = asker.ask("GET", path.replace(" ", "%20"), headers)
    assert said.status < 500, path
    return said


def _heard(said: Answer, path: str, kept: list[str]) -> list[str]:
    """The words of others in an answer; what the reader wrote into the address comes back to nobody else."""
    whole = "\n".join([said.text, *said.headers.values()]).lower()
    if "canary" not in whole:
        return []
    return [f"{word} at {path} ({said.status})" for word in kept if word in whole and word not in path]
