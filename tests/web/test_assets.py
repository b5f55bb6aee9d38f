"""What lies under /static: by hashed name, for a year, gzipped; and all of the look without the build."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from web import assets


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar(assets.routes)) as opened:
        yield opened


def test_an_asset_is_kept_for_a_year(client: TestClient[Litestar]) -> None:
    answer = client.get(assets.url("site.css"), headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in answer.headers


def test_an_asset_comes_gzipped_where_that_is_understood(client: TestClient[Litestar]) -> None:
    plain = client.get(assets.url("icons.svg"), headers={"accept-encoding": "identity"})
    packed = client.get(assets.url("icons.svg"), headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert packed.content == plain.content


@pytest.mark.parametrize("refusal", ["gzip;q=0", "br, gzip; q=0.0", "*;q=0", ""])
def test_a_browser_may_refuse_gzip(client: TestClient[Litestar], refusal: str) -> None:
    answer = client.get(assets.url("icons.svg"), headers={"accept-encoding": refusal})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("name", ["nothing.css", "manifest.json", "..%2Fassets.py"])
def test_nothing_else_is_there(name: str) -> None:
    assert name not in assets.shelf().files


def test_without_the_build_the_style_is_whole_and_there_is_no_script() -> None:
    unbuilt = assets.shelf_of(assets.FRONTEND, built=Path("nowhere"))
    style = unbuilt.files[unbuilt.names["site.css"]].body.decode()
    for part in ("--tile-fill:", ".site-head", ".threads > li", ".composer .preview"):
        assert part in style
    assert "@import" not in style
    assert "read.js" not in unbuilt.names


def test_what_was_built_is_found_by_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "read.0123456789.js").write_text("1")
    (tmp_path / "manifest.json").write_text(json.dumps({"read.js": "read.0123456789.js"}))
    built = assets.shelf_of(assets.FRONTEND, built=tmp_path)
    asset = built.files[built.names["read.js"]]
    assert (asset.kind, gzip.decompress(asset.gzipped)) == ("text/javascript", b"1")


def test_names_follow_the_content(tmp_path: Path) -> None:
    def names_with(style: str) -> Any:
        (tmp_path / "css").mkdir(exist_ok=True)
        (tmp_path / "img").mkdir(exist_ok=True)
        (tmp_path / "css" / "site.css").write_text('@import "a.css";')
        (tmp_path / "css" / "a.css").write_text(style)
        return assets.shelf_of(tmp_path, built=tmp_path / "dist").names["site.css"]

    assert names_with("a{}") == names_with("a{}")
    assert names_with("a{}") != names_with("b{}")


def test_every_icon_that_templates_name_is_in_the_sprite() -> None:
    sprite = (assets.FRONTEND / "img" / "icons.svg").read_text("utf-8")
    drawn = set(re.findall(r'<symbol id="(\w+)"', sprite))
    named = {
        name
        for path in (Path(assets.__file__).parent / "templates").rglob("*.html")
        for name in re.findall(r"\bicon\('(\w+)'\)", path.read_text("utf-8"))
    }
    assert len(named) > 20
    assert named - drawn == set()


@pytest.mark.parametrize(
    ("names", "most"),
    [(("site.css",), 12_000), (("read.js",), 26_000), (("read.js", "compose.js"), 45_000), (("icons.svg",), 4_000)],
)
def test_what_is_sent_stays_light(names: tuple[str, ...], most: int) -> None:
    """The budgets of a page, gzipped; a checkout without the build has only the stylesheet, unminified."""
    shelf = assets.shelf()
    assert sum(len(shelf.files[shelf.names[name]].gzipped) for name in names if name in shelf.names) <= most
