"""For developers: `python -m web.migrations check` and `python -m web.migrations new "what and why"`."""

import sys
import tempfile
from pathlib import Path

from web import migrations


def main(arguments: list[str]) -> int:
    """0 when code and history agree, 1 when they do not, 2 for a wrong call."""
    match arguments:
        case ["check"]:
            return _check()
        case ["new", message]:
            return _new(message)
    sys.stderr.write(f"{__doc__}\n")
    return 2


def _check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/check.sqlite"
        migrations.upgrade(url)
        found = migrations.differences(url)
        migrations.downgrade(url, "base")
    for difference in found:
        sys.stderr.write(f"The history lacks: {difference}\n")
    return 1 if found else 0


def _new(message: str) -> int:
    from alembic import command

    number = f"{int(max(migrations._revisions(), default='0')) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/new.sqlite"
        if migrations._revisions():
            migrations.upgrade(url)
        with migrations._connected(url) as connection:
            made = command.revision(migrations._config(connection), message, autogenerate=True, rev_id=number)
    sys.stdout.write(Path(str(getattr(made, "path", ""))).name + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
