"""The settings of the site: in the administration, over the API, on the command line, and on the pages they shape."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.tables import SiteSetting
from tests.forum import making as make
from tests.web.calling import Site as Programs
from tests.web.calling import calling
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site
from web.cli.site import site as command
from web.site import Sites


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@pytest.fixture(scope="module")
def programs(settings: Settings, database: Database) -> Iterator[Programs]:
    yield from calling(settings, database)


@pytest.fixture(autouse=True)
def unset(database: Database, site: Site, programs: Programs) -> None:
    with database.transaction() as session:
        session.execute(delete(SiteSetting))
    for app in (site.app, programs.app):
        app.site.state["loggia"].sites.forget()


def test_what_is_saved_stands_on_every_page_at_once(site: Site, administrator: Actor) -> None:
    browser, visitor = site.as_(administrator), site.anybody()
    assert "Loggia" in visitor.get("/").words("//title")
    fields = {
        "name": "The Kettle Square", "tagline": "Ask us", "description": "All about kettles.", "contact": "hi@kettle.example",
        "banner": "Recall of model <3>", "banner_level": "danger",
    }  # fmt: skip
    browser.send("/admin/settings", status=303, **fields)
    assert browser.follow().has("//input[@name='name'][@value='The Kettle Square']")
    for path in ("/login", "/about"):
        visitor.get(path)
        assert "The Kettle Square" in visitor.words("//title")
        assert visitor.words("//div[contains(@class, 'is-danger')]") == "Recall of model <3>"
    assert "All about kettles." in visitor.words()
    assert visitor.has("//a[@href='mailto:hi@kettle.example']")
    home = site.as_(administrator).get("/")
    assert home.words("//h1") == "Ask us"
    assert home.page.xpath("//meta[@name='description']/@content") == ["All about kettles."]
    assert "The Kettle Square" in visitor.get("/nowhere", status=404).words("//title")
    assert "The Kettle Square" in visitor.get("/opensearch.xml").text
    assert "The Kettle Square" in visitor.get("/feeds/latest").text


def test_a_kept_page_follows(
    site: Site, administrator: Actor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread is kept until it changes, and yet the site's name is on it. Memory looks again after half a second; here at once."""
    monkeypatch.setattr("web.site.LOOK_AGAIN", 0.0)
    with database.transaction() as session:
        thread = make.thread(session)
        path = f"/t/{thread.id}/{thread.slug}"
    visitor = site.anybody()
    before = visitor.get(path).answer.headers["etag"]
    assert visitor.get(path).answer.headers["etag"] == before
    site.as_(administrator).send("/admin/settings", status=303, name="Elsewhere")
    assert "Elsewhere" in visitor.get(path).words("//title")


def test_what_needs_mending_is_said_and_kept(site: Site, administrator: Actor) -> None:
    browser = site.as_(administrator)
    browser.send("/admin/settings", status=422, name="n" * 61, contact="nobody", banner_until="soon", tagline="Kept")
    assert browser.has("//input[@name='tagline'][@value='Kept']")
    assert len(browser.page.xpath("//*[@aria-invalid]")) == 3
    assert not browser.get("/admin/settings").has("//input[@value='Kept']")


def test_the_environment_is_told_without_its_secrets(
    site: Site, administrator: Actor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGGIA_LOG_LEVEL", "warning")
    page = site.as_(administrator).get("/admin/settings")
    rows = {row.xpath("string(th)").strip(): row.text_content() for row in page.page.xpath("//table/tbody/tr")}
    assert "the environment" in rows["LOGGIA_LOG_LEVEL"]
    assert "default" in rows["LOGGIA_STAFF_DOMAINS"]
    assert "set, and not shown" in rows["LOGGIA_SECRET_KEY"]
    for secret in (settings.secret_key, settings.database_url):
        assert secret not in page.text


def test_only_administrators_are_let_in(site: Site, people: People) -> None:
    for person in (people.asker, people.staff, people.moderator):
        site.as_(person).get("/admin/settings", status=403)
        site.as_(person).send("/admin/settings", status=403, name="Mine")
    site.anybody().get("/admin/settings", status=303)
    site.anybody().send("/admin/settings", status=303, name="Mine")


def test_programs_read_and_change_them(programs: Programs, administrator: Actor) -> None:
    assert programs.nobody("GET", "/site")["registration"] == "open"
    caller = programs.as_(administrator, "read", "write", "administer")
    changed = caller("PATCH", "/site", {"registration": "closed", "banner": "Wait", "banner_until": "2099-12-31"})
    assert (changed["registration"], changed["banner"]["until"]) == ("closed", "2099-12-31")
    assert programs.nobody("GET", "/site")["banner"] == {"text": "Wait", "level": "info", "until": "2099-12-31"}
    refused = caller("PATCH", "/site", {"contact": "nobody"}, status=422)
    assert [one["field"] for one in refused["errors"]] == ["contact"]
    caller("PATCH", "/site", {"stamp": "1"}, status=422)
    programs.as_(administrator, "read", "write", "moderate")("PATCH", "/site", {"name": "Mine"}, status=403)
    programs.nobody("PATCH", "/site", {"name": "Mine"}, status=401)


def test_the_command_line_sets_and_prints_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOGGIA_SITE_NAME", "Of the environment")
    monkeypatch.delenv("LOGGIA_DATABASE_URL", raising=False)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(command, words)
        assert done.exit_code == code, done.output
        return done.output

    assert run("get", "name") == "Of the environment\n"
    run("set", "name", "Of the terminal")
    rows = {row["name"]: row for row in json.loads(run("get", "--json"))}
    assert (rows["name"]["value"], rows["name"]["from"]) == ("Of the terminal", "set")
    assert rows["registration"]["from"] == "default"
    run("set", "contact", "nobody", code=1)
    run("get", "secret_key", code=2)


def test_memory_is_read_anew_every_half_second(database: Database, settings: Settings) -> None:
    moment = [0.0]
    sites = Sites(settings, clock=lambda: moment[0])
    with database.reading() as connection:
        assert sites.now(connection).tagline == ""
    with database.transaction() as session:
        session.merge(SiteSetting(name="tagline", value="New", changed_at=now()))
    with database.reading() as connection:
        moment[0] = 0.49
        assert sites.now(connection).tagline == ""
        moment[0] = 0.51
        assert sites.now(connection).tagline == "New"


def test_what_points_bring_is_chosen_and_holds_from_the_next_request(
    site: Site,
    programs: Programs,
    administrator: Actor,
    database: Database,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.transaction() as session:
        member = make.member(session, points=150)
    browser, program = site.as_(administrator), programs.as_(administrator, "read", "write", "administer")
    caller = programs.as_(member)

    def rights() -> set[str]:
        return set(caller("GET", "/me")["privileges"]) & {"thread:retag", "vote:down"}

    page = browser.get("/admin/settings")
    assert page.words("//table[.//th='High']/tbody/tr[last()]/td") == "200 1,000 2,000"
    browser.send("/admin/settings", demands="low")
    assert browser.follow().has("//select[@name='demands']/option[@value='low'][@selected]")
    assert rights() == {"thread:retag", "vote:down"}
    assert program("PATCH", "/site", {"demands": "high"})["demands"] == "high"
    assert rights() == {"vote:down"}
    program("PATCH", "/site", {"demands": "everything"}, status=422)
    assert "Choose one of what is offered." in browser.send("/admin/settings", status=422, demands="all").words()
    for name, value in (
        ("DATABASE_URL", database_url),
        ("BASE_URL", "http://127.0.0.1:8000"),
        ("SECRET_KEY", "x" * 40),
    ):
        monkeypatch.setenv(f"LOGGIA_{name}", value)
    assert CliRunner().invoke(command, ["set", "demands", "low"]).exit_code == 0
    assert rights() == {"thread:retag", "vote:down"}
