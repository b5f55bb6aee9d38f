"""Four people and a browser each, from a question to the company's record of it; with script and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import BrowserContext

from forum.threads import asking
from tests.journeys import walk as step
from tests.journeys.house import House, open_house
from tests.journeys.people import DESK, PHONE, Person, Witness
from tests.journeys.walk import EARLIER, Walk
from web import assets

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(600)]
NewContext = Callable[..., BrowserContext]

STEPS = (
    step.everybody_comes_in,
    step.a_customer_asks,
    step.a_peer_answers,
    step.the_company_speaks,
    step.the_customer_decides_what_helped,
    step.reputation_grows,
    step.the_peer_edits,
    step.somebody_reports,
    step.the_moderator_decides,
    step.everybody_sees_the_decision,
    step.it_is_restored,
    step.it_becomes_an_article,
    step.both_are_found,
    step.the_company_is_told,
    step.the_asker_lets_the_company_know_their_name,
    step.the_administration_shows_the_delivery,
)


@contextmanager
def furnished(database_url: str, folder: Path, locale: str) -> Iterator[House]:
    """An installation with a category, somebody of each role, and a thread that was there before."""
    with open_house(database_url, folder) as house:
        house.open_category("machines", "Machines")
        house.move_in("Elena", locale=locale)
        house.move_in("Sara", role="staff", team="Workshop", title="Technician", locale=locale)
        house.move_in("Mina", role="moderator", locale=locale)
        house.move_in("Olga", role="administrator", locale=locale)
        body = "It was fine before, and now nothing comes out."
        with house.database.transaction() as session:
            asking.ask(session, house.actors["Elena"], kind="question", category="machines", title=EARLIER, body=body)
        yield house


WAYS: dict[str, tuple[bool, str, dict[str, Any]]] = {
    "with-script": (True, "en", DESK),
    "without-script": (False, "en", DESK),
    "italian-phone": (True, "it", PHONE),
}
IN_SHORT = {("sqlite", "italian-phone"), ("postgresql", "without-script")}


@pytest.mark.parametrize(
    ("empty_database_url", "way"),
    [
        pytest.param(kind, way, marks=[] if (kind, way) in IN_SHORT else [pytest.mark.long(only=True)])
        for kind in ("sqlite", "postgresql")
        for way in WAYS
    ],
    indirect=["empty_database_url"],
)
def test_the_whole_path(
    empty_database_url: str,
    tmp_path: Path,
    new_context: NewContext,
    way: str,
) -> None:
    scripted, locale, device = WAYS[way]
    if scripted and not assets.url("compose.js"):
        pytest.skip("the front end is not built: `npm run build` in web/frontend, or `make run`, does it")
    with furnished(empty_database_url, tmp_path, locale) as house:
        witness = Witness(house.url)

        def person(name: str) -> Person:
            language = {"en": "en-GB", "it": "it-IT"}[locale]
            context = new_context(java_script_enabled=scripted, locale=language, **device)
            return Person(context, house.url, witness, name=name, locale=locale)

        walk = Walk(
            house=house,
            scripted=scripted,
            asker=person("Anna"),
            peer=person("Bruno"),
            staff=person("Sara"),
            moderator=person("Mina"),
            operator=person("Olga"),
            visitor=person("nobody"),
        )
        for take in STEPS:
            take(walk)
        key = step.a_key_is_made_for_a_program(walk)
        mine = httpx2.get(f"{house.url}/api/v1/me", headers={"authorization": f"Bearer {key}"})
        assert (mine.status_code, mine.json()["handle"]) == (200, "bruno")
        step.the_customer_signs_out_everywhere(walk, person("Anna"))
        assert witness.complaints == []
