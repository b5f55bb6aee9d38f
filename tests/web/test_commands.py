"""The door of the command line: every command is behind it, and none of them is loaded before it is called."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click

from web import cli


def test_every_command_is_found_by_its_name() -> None:
    context = click.Context(cli.loggia)
    names = cli.loggia.list_commands(context)
    files = [path.stem for path in Path(cli.__file__).parent.glob("*.py") if not path.stem.startswith("__")]
    written = [command.name for name in files for command in getattr(import_module(f"web.cli.{name}"), "COMMANDS", ())]
    assert sorted(written, key=str) == names
    found = [cli.loggia.get_command(context, name) for name in names]
    assert [command.name for command in found if command is not None] == names


def test_the_door_loads_no_command() -> None:
    seen = "import sys, web.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "litestar", "alembic", "web.cli.serving"} & set(done.stdout.split())
