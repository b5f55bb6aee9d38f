"""A member's picture: sent, shown wherever they stand, served so that it can do nothing, taken away."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import avatars
from forum.members.tables import Member
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import FROM_HERE, Site, Visitor

SEND = "/settings/picture"


def picture(colour: tuple[int, int, int] = (200, 30, 30), kind: str = "JPEG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (300, 200), colour).save(out, kind)
    return out.getvalue()


@pytest.fixture
def browser(site: Site, people: People) -> Iterator[Visitor]:
    browser = site.as_(people.asker)
    yield browser
    browser.send("/settings/picture/remove")


def worn(database: Database, actor: Actor) -> str:
    with database.reading() as connection:
        found = connection.execute(select(Member.__table__.c.avatar).where(Member.__table__.c.id == actor.member_id))
        return str(found.scalar_one())


def files(settings: Settings) -> set[str]:
    return {file.name for file in settings.uploads_dir.rglob("*") if file.is_file()}


def test_a_picture_is_shown_wherever_its_member_stands(
    browser: Visitor, site: Site, people: People, database: Database
) -> None:
    with database.transaction() as session:
        thread_id = make.thread(session, people.asker).id
    browser.upload(SEND, picture(), field="picture")
    address = f"/avatars/{worn(database, people.asker)}"
    assert "Your picture is saved" in browser.follow().text
    for path, at, size, side in (
        ("/settings", "//main//img[contains(@class, 'face l')]", 240, "96"),
        ("/settings", "//header//img[contains(@class, 'face s')]", 96, "40"),
        (f"/m/{people.asker.handle}", "//main//img[contains(@class, 'face l')]", 240, "96"),
        (f"/t/{thread_id}/x", "//article//img[@class='face']", 96, "40"),
        ("/", "//ol[@class='threads']//img[contains(@class, 'face s')]", 96, "40"),
    ):
        page = browser.get(path) if not path.startswith("/t/") else browser.get(path, status=301).follow()
        (shown, *_) = page.page.xpath(at)
        assert (shown.get("src"), shown.get("alt")) == (f"{address}-{size}.webp", "")
        assert (shown.get("width"), shown.get("height"), shown.get("loading")) == (side, side, "lazy")


def test_it_is_served_for_ever_and_as_nothing_but_a_picture(
    browser: Visitor, site: Site, people: People, database: Database
) -> None:
    browser.upload(SEND, picture(), field="picture")
    answer = site.anybody().get(f"/avatars/{worn(database, people.asker)}-240.webp").answer
    assert Image.open(BytesIO(answer.content)).size == (240, 240)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fsecret",
        "%2e%2e%2f%2e%2e%2fsecret",
        "..%5c..%5csecret",
        "a" * 64 + "-96.webp",
        "a" * 64 + "-97.webp",
        "A" * 64 + "-96.webp",
        "a" * 64 + "-96.webp%00.png",
        "a" * 64 + "-96.webp%0a",
        ".",
        "x" * 200,
    ],
)
def test_there_is_no_other_file_to_be_had(site: Site, name: str) -> None:
    assert site.anybody().client.get(f"/avatars/{name}").status_code in (400, 404)


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "uploads"
    for name in ("../secret", "../../secret", "/etc/passwd", f"{'a' * 64}-96.webp/../../../secret", ""):
        assert avatars.read(folder, name) is None


def test_the_name_and_kind_that_a_sender_gives_say_nothing(
    browser: Visitor, people: People, database: Database
) -> None:
    browser.upload(SEND, picture(kind="PNG"), field="picture", name="../../x.svg")
    assert re.fullmatch("[0-9a-f]{64}", worn(database, people.asker))
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    page = browser.upload(SEND, svg, field="picture", name="x.png", status=422)
    assert page.words("//*[@id='picture-error']").startswith("This is no picture of a kind that we take.")
    assert page.has("//input[@id='picture'][@aria-invalid='true']")


def test_what_will_not_do_changes_nothing(browser: Visitor, people: People, database: Database) -> None:
    browser.upload(SEND, picture(), field="picture")
    before = worn(database, people.asker)
    page = browser.upload(SEND, b"", field="picture", status=422)
    assert page.words("//*[@id='picture-error']") == "Choose a file first."
    browser.upload(SEND, picture()[:200], field="picture", status=422)
    browser.upload(SEND, picture(), field="another", status=422)
    page = browser.upload(SEND, b"\xff\xd8\xff" + bytes(avatars.LARGEST_FILE), field="picture", status=422)
    assert page.words("//*[@id='picture-error']") == "This file is too large. 8 MB are the most."
    browser.upload(SEND, bytes(avatars.LARGEST_FILE + 2**20), field="picture", status=413)
    browser.send(SEND, status=400, picture="x")
    assert worn(database, people.asker) == before


def test_a_picture_that_nobody_wears_is_taken_away(
    browser: Visitor, site: Site, people: People, database: Database, settings: Settings
) -> None:
    browser.upload(SEND, picture(), field="picture")
    first = worn(database, people.asker)
    other = site.as_(people.peer)
    other.upload(SEND, picture(), field="picture")
    browser.upload(SEND, picture((30, 30, 200)), field="picture")
    assert f"{first}-96.webp" in files(settings)  # the other one wears the same
    other.send("/settings/picture/remove")
    assert not {name for name in files(settings) if first in name}
    browser.send("/settings/picture/remove")
    assert (worn(database, people.asker), files(settings)) == ("", set())
    assert not browser.get("/settings").has("//img")


def test_the_sweep_takes_what_nobody_wears_and_leaves_what_is_new(
    browser: Visitor, people: People, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.upload(SEND, picture(), field="picture")
    lost = avatars.store(settings.uploads_dir, avatars.draw(picture((1, 2, 3))))
    (settings.uploads_dir / "avatars" / lost[:2] / ".half").write_bytes(b"x")
    assert avatars.sweep(database, settings.uploads_dir) == 0
    monkeypatch.setattr(avatars, "_LEFT_ALONE", -60)
    assert avatars.sweep(database, settings.uploads_dir) == 3
    assert files(settings) == {f"{worn(database, people.asker)}-{size}.webp" for size in avatars.SIZES}


def test_nobody_else_s_picture_can_be_changed(site: Site, people: People) -> None:
    stranger = site.anybody()
    answer: Any = stranger.client.post(SEND, files={"picture": ("x", picture())}, headers=FROM_HERE)
    assert answer.status_code in (303, 403)
    assert answer.headers.get("location", "/login").startswith("/login")


def test_who_may_not_costs_no_drawing(site: Site, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.transaction() as session:
        suspended = make.member(session, suspended_until=now() + timedelta(days=1))
    monkeypatch.setattr(avatars, "draw", None)
    site.as_(suspended).upload(SEND, picture(), field="picture", status=403)
