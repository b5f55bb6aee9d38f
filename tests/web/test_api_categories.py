"""Categories over the API and from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from forum.kernel.access import STAFF, Actor
from forum.kernel.db import Database
from forum.kernel.errors import Invalid
from forum.kernel.settings import Settings
from forum.members.tables import AuditEntry
from moderation.tables import Decision
from tests.forum import making as make
from tests.web.calling import Caller, Site, calling
from web.cli.categories import categories

NEW = {"slug": "kettles", "name": "Kettles", "kinds": ["question", "idea"]}


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(scope="module")
def caller(site: Site, administrator: Actor) -> Caller:
    return site.as_(administrator, "read", "write", "administer")


def test_a_category_is_made_read_and_changed(site: Site, caller: Caller, database: Database) -> None:
    made = caller("POST", "/categories", NEW, status=201)
    assert (made["slug"], made["audience"], made["openers"], made["threads"]) == ("kettles", "public", "members", 0)
    assert made["url"].endswith("/c/kettles")
    changed = caller("PATCH", "/categories/kettles", {"name": "Tea kettles", "audience": "staff", "openers": "staff"})
    assert (changed["name"], changed["kinds"]) == ("Tea kettles", ["question", "idea"])
    assert "kettles" in [one["slug"] for one in caller("GET", "/categories")["items"]]
    assert "kettles" not in [one["slug"] for one in site.nobody("GET", "/categories")["items"]]
    with database.transaction() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.action, last.detail["after"]["audience"]) == ("category.edit", STAFF)


def test_the_same_key_makes_one(caller: Caller) -> None:
    new = NEW | {"slug": "once"}
    again = [caller("POST", "/categories", new, status=201, idempotency_key="a-key")["slug"] for _ in range(2)]
    assert again == ["once", "once"]


def test_what_needs_mending_is_named(caller: Caller) -> None:
    refused = caller("POST", "/categories", NEW | {"slug": "Not so", "kinds": []}, status=422)
    assert {one["field"] for one in refused["errors"]} == {"slug", "kinds"}
    caller("PATCH", "/categories/nowhere", {"name": "A"}, status=404)
    caller("PATCH", "/categories/once", {"thread_count": 7}, status=422)


def test_only_administrators_with_that_scope_change_them(site: Site, administrator: Actor, database: Database) -> None:
    with database.transaction() as session:
        moderator = make.moderator(session)
        make.category(session, slug="public-place")
    everything = ("read", "write", "moderate", "administer")
    for refused in (site.as_(moderator, *everything), site.as_(administrator, "read", "write", "moderate")):
        refused("POST", "/categories", NEW | {"slug": "other"}, status=403)
        refused("PATCH", "/categories/public-place", {"name": "Other"}, status=403)
    site.nobody("POST", "/categories", NEW | {"slug": "other"}, status=401)


def test_the_command_line_makes_lists_and_changes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path))
    monkeypatch.delenv("LOGGIA_DATABASE_URL", raising=False)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(categories, words)
        assert done.exit_code == code, done.output
        return done.output

    run("create", "kettles", "Kettles", "--audience", "staff", "--openers", "staff")
    run("create", "pots", "Pots", "--kind", "idea")
    run("edit", "pots", "--name", "Pots and pans", "--slug", "pans")
    first, second = json.loads(run("list", "--json"))
    assert (first["slug"], first["kinds"], first["audience"]) == (
        "kettles",
        ["question", "idea", "discussion"],
        "staff",
    )
    assert (second["slug"], second["name"], second["position"]) == ("pans", "Pots and pans", 1)
    assert "Kettles" in run("list")
    run("edit", "pans", "--name-in", "it", "Pentole", "--description-in", "it", "Di ogni misura.")
    run("edit", "pans", "--name-in", "it", "Padelle")
    assert json.loads(run("list", "--json"))[1]["words"] == {
        "it": {"name": "Padelle", "description": "Di ogni misura."}
    }
    run("edit", "pans", "--name-in", "de", "Pfannen", code=2)
    run("edit", "pans", code=2)
    run("edit", "nowhere", "--name", "A", code=1)


def test_words_in_other_languages_are_kept_and_replaced(caller: Caller) -> None:
    words = {"it": {"name": "  Bollitori  elettrici ", "description": ""}}
    made = caller("POST", "/categories", NEW | {"slug": "electric", "words": words}, status=201)
    assert made["words"] == {"it": {"name": "Bollitori elettrici", "description": ""}}
    assert made["name"] == "Kettles"
    changed = caller("PATCH", "/categories/electric", {"words": {"en": {"description": "With a plug."}}})
    assert changed["words"] == {"en": {"name": "", "description": "With a plug."}}
    caller("PATCH", "/categories/electric", {"words": {"de": {"name": "Kessel"}}}, status=422)
    caller("PATCH", "/categories/electric", {"words": {"it": {"title": "Bollitori"}}}, status=422)
    assert caller("PATCH", "/categories/electric", {"words": {}})["words"] == {}


def test_fewer_people_see_what_stands_there_by_a_decision(site: Site, caller: Caller, database: Database) -> None:
    with database.transaction() as session:
        place = make.category(session)
        make.thread(session, place=place)
    path, change = f"/categories/{place.slug}", {"audience": "members"}
    refused = caller("PATCH", path, change, status=422)
    assert [one["field"] for one in refused["errors"]] == ["text"]
    assert place.slug in [one["slug"] for one in site.nobody("GET", "/categories")["items"]]
    caller("PATCH", path, change | {"text": "The maker asked for a quieter room.", "rule": "2", "reason": "other"})
    entry = site.nobody("GET", "/moderation/log")["items"][0]
    assert (entry["action"], entry["rule"], entry["text"], entry["target"]) == (
        "narrow-category", "2", "The maker asked for a quieter room.", None,
    )  # fmt: skip


def test_the_command_line_says_why_too(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOGGIA_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOGGIA_SECRET_KEY", "s" * 32)
    with database.transaction() as session:
        place = make.category(session)
        make.thread(session, place=place)
    words = ("edit", place.slug, "--audience", "staff")
    with pytest.raises(Invalid):
        CliRunner().invoke(categories, words, catch_exceptions=False)
    done = CliRunner().invoke(categories, (*words, "--text", "It was about one customer alone."))
    assert done.output == f"/c/{place.slug} is changed.\n"
    with database.transaction() as session:
        assert session.scalars(select(Decision.action).order_by(Decision.id.desc())).first() == "narrow-category"
