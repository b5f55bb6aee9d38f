"""One request of one person about one thing, as a browser or a program sends it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tests.permissions.asking import WAYS, Asking, Key
from tests.permissions.client import Answer, Asker, csrf_in
from tests.permissions.world import Person, Thing, World
from web.policy.states import STATES
from web.policy.table import TABLE, answer
from web.policy.words import Action

FROM_HERE = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}


@dataclass(frozen=True)
class Cell:
    """An action at a route, done to a thing in a state; without a state where it is done to none."""

    key: Key
    asking: Asking
    state: str

    @property
    def action(self) -> Action:
        return TABLE[self.asking.action]

    def expected(self, person: Person) -> str:
        return answer(self.action, person.relations, self.state, person.scopes)


def cells_of(key: Key) -> list[Cell]:
    return [
        Cell(key, asking, state)
        for asking in WAYS[key]
        for state in ([one.name for one in STATES if TABLE[asking.action].on in one.on] or [""])
    ]


def comes_here(person: Person, key: Key) -> bool:
    """Programs go to the API; people go everywhere, there with a token for everything."""
    return bool(person.cookie) or not person.bearer or key[1].startswith("/api/")


def asked(asker: Asker, world: World, person: Person, cell: Cell, thing: Thing) -> Answer:
    (method, template), asking = cell.key, cell.asking
    parts: dict[str, int | str] = {**world.house, **asdict(thing), **person.own}
    named = {**parts, **{name: parts[source] for name, source in (asking.at or {}).items()}}
    path = template.format(**named) + (f"?{asking.query}" if asking.query else "")
    sent = asking.sends(parts) if asking.sends else None
    if path.startswith("/api/"):
        return asker.ask(method, path, _bearer(person), body=sent)
    headers = {"cookie": f"session={person.cookie}"} if person.cookie else {}
    if method == "GET":
        return asker.ask(method, path, headers)
    token = {"csrf": _csrf(asker, person, headers)} if person.cookie else {}
    return asker.ask(method, path, headers | FROM_HERE, form=token | (sent or {}))


def _bearer(person: Person) -> dict[str, str]:
    return {"authorization": f"Bearer {person.bearer}"} if person.bearer else {}


def _csrf(asker: Asker, person: Person, headers: dict[str, str]) -> str:
    if not person.csrf:
        person.csrf = csrf_in(asker.ask("GET", "/about", headers))
        assert person.csrf, person.name
    return person.csrf
