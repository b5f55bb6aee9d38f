"""What the lock files promise: every version with its hashes, and no registry of anybody."""

import re

import pytest

from tests.shared import ROOT

LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert entries
    assert [
        entry for entry in entries if not re.match(r"[\w.-]+(\[[\w,]+\])?==\S+.*--hash=sha256:", entry, re.DOTALL)
    ] == []


@pytest.mark.parametrize("folder", ["web/frontend", "tests/tools"])
def test_the_lock_of_npm_names_no_registry(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text()
    assert '"integrity"' in text
    assert '"resolved"' not in text


def test_development_installs_what_runs_in_production() -> None:
    """So that the tests prove something about what is installed, and `make test` after `make run` exchanges nothing."""
    running, development = (set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.MULTILINE)) for name in LOCKS)
    assert running <= development
