"""Nothing grows until nobody reads it, and nothing knows the machine that it was written on."""

import ast
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.architecture.source import Source, everything, parsed
from tests.shared import ROOT

LONGEST_FILE = 500
LONGEST_FUNCTION = 60
# A revision is a list of statements that a program wrote and that nobody edits after it has landed.
WRITTEN_BY_ALEMBIC = "web/migrations/versions/"
# Home folders and build places of one machine. A path that every Debian has, as /usr/lib/postgresql, is no such thing.
MACHINE = re.compile(r"(?<![\w.\-/}])/(?:home|root|Users|work|mnt|private/var)/[\w.-]+")


def _too_long(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield f"{source.path} has {lines} lines"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{source.at(node)} {node.name} has {length} lines"


def test_files_and_functions_stay_readable() -> None:
    edited = [source for source in everything() if not source.path.startswith(WRITTEN_BY_ALEMBIC)]
    assert [found for source in edited for found in _too_long(source)] == []


@pytest.mark.parametrize("code", ["pass\n" * 501, "def long():\n" + "    pass\n" * 60])
def test_growing_too_long_is_seen(code: str) -> None:
    assert list(_too_long(parsed(code)))


def _files() -> list[str]:
    """What git would commit; where there is no git, the Python files."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        return [source.path for source in everything()]
    return [name for name in answer if name and (ROOT / name).is_file()]


def test_no_file_knows_a_machine() -> None:
    texts = ((name, (ROOT / name).read_text(errors="ignore")) for name in _files())
    assert [f"{name}: {match[0]}" for name, text in texts for match in MACHINE.finditer(text)] == []


def test_a_path_of_a_machine_is_seen() -> None:
    assert MACHINE.search(f"open('/{'home'}/somebody/notes')")
    assert not MACHINE.search("https://example.com/home/page and /usr/lib/postgresql/15")
