"""The `loggia` command: one file per group of commands; this one is the door.

Exit status: 0 done, 1 refused or failed with one clear line on standard error, 2 a wrong call.
"""

import sys

import click
from sqlalchemy.exc import OperationalError

from forum.kernel.errors import Invalid, LoggiaError
from forum.kernel.settings import SettingError
from web.cli import crm, database, demo, importing, members, moderation, reputation, search, serving
from web.migrations import TooNew


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loggia")
def loggia() -> None:
    """A customer support community where the company takes part in the open."""


for group in (serving, demo, database, members, importing, search, reputation, moderation, crm):
    for command in group.COMMANDS:
        loggia.add_command(command)


def main() -> None:
    """Run a command; whatever a user's mistake is, it ends in one line and no traceback."""
    try:
        loggia(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (LoggiaError, SettingError, TooNew, OSError, OperationalError) as error:
        click.echo(f"loggia: {_line(error)}", err=True)
        sys.exit(1)


def _line(error: Exception) -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{name}: {text}" if name else str(text) for name, text in error.fields.items())
    if isinstance(error, OperationalError):
        return f"The database does not answer: {str(error.orig).splitlines()[0]}"
    return str(error)
