"""The `loggia` command: one file per group of commands; this one is the door.

Exit status: 0 done, 1 refused or failed with one clear line on standard error, 2 a wrong call.
"""

import sys
from importlib import import_module

import click

_FILES = {
    "categories": "categories",
    "crm": "crm",
    "db": "database",
    "demo": "demo",
    "groups": "groups",
    "import": "importing",
    "invitations": "invitations",
    "mail": "mail",
    "members": "members",
    "moderation": "moderation",
    "reputation": "reputation",
    "search": "search",
    "serve": "serving",
    "site": "site",
    "worker": "serving",
}
"""Which file under `web/cli` holds which command. Only the one that is called is imported: some bring the whole house along,
and each process that prepares bodies for an import runs this door again."""


class _Commands(click.Group):
    """The groups of commands, each known by name before it is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_FILES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _FILES:
            return None
        commands: tuple[click.Command, ...] = import_module(f"web.cli.{_FILES[cmd_name]}").COMMANDS
        return next(command for command in commands if command.name == cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loggia")
def loggia() -> None:
    """A customer support community where the company takes part in the open."""


def main() -> None:
    """Run a command; whatever a user's mistake is, it ends in one line and no traceback."""
    try:
        loggia(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except _mistakes() as error:
        click.echo(f"loggia: {_line(error)}", err=True)
        sys.exit(1)


def _mistakes() -> tuple[type[Exception], ...]:
    """What people are told in one line. Asked for, and imported, only when something was raised."""
    from sqlalchemy.exc import OperationalError

    from forum.kernel.errors import LoggiaError
    from forum.kernel.settings import SettingError
    from web.migrations import NoSuchRevision, TooNew

    return (LoggiaError, SettingError, TooNew, NoSuchRevision, OSError, OperationalError)


def _line(error: Exception) -> str:
    from sqlalchemy.exc import OperationalError

    from forum.kernel.errors import Invalid

    if isinstance(error, Invalid):
        return "; ".join(f"{name}: {text}" if name else str(text) for name, text in error.fields.items())
    if isinstance(error, OperationalError):
        return f"The database does not answer: {str(error.orig).splitlines()[0]}"
    return str(error)
