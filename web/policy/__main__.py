"""For developers: `python -m web.policy write` makes docs/permissions.md; `python -m web.policy check` tells of every gap in the table."""

from __future__ import annotations

import sys

from web import routes
from web.policy import lint
from web.policy.document import FILE, written
from web.policy.table import TABLE


def main(arguments: list[str]) -> int:
    """0 when routes, table and document agree, 1 when they do not, 2 for a wrong call."""
    match arguments:
        case ["check"]:
            return _check()
        case ["write"]:
            FILE.write_text(written())
            return 0
    sys.stderr.write(f"{__doc__}\n")
    return 2


def _check() -> int:
    gaps = [gap for handler in routes.ROUTES for gap in lint.gaps_of(handler, TABLE)]
    gaps += lint.unused_rows(routes.ROUTES, TABLE)
    if not FILE.exists() or FILE.read_text() != written():
        gaps.append("docs/permissions.md is not today's: run `python -m web.policy write`.")
    sys.stderr.writelines(f"{gap}\n" for gap in gaps)
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
