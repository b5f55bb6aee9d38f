"""What an import found, what it wrote, and what it could not take."""

from collections import Counter
from collections.abc import Callable

import msgspec

from forum.kernel.errors import Text

# A source can be wrong in every row; so many are named, the others only counted.
_NAMED = 1_000


# Called with what is being read or written, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


class BadRow(msgspec.Struct, frozen=True):
    """A row that could not be taken: the file, the row's number in it (from 1), and why."""

    file: str
    row: int
    reason: Text


class Report(msgspec.Struct, kw_only=True):
    """Counts by kind: `found` in the source, `added` by this run, `left_out` because the forum has no place for it.

    Kinds of what was found in a dump: users, tags, questions, answers, tag_texts, other_posts, accepted, closed, comments, votes,
    history, links, duplicates, badges. `unlike` names by address the posts whose HTML says something else with us.
    """

    site: str
    missing_files: tuple[str, ...] = ()
    found: Counter[str] = msgspec.field(default_factory=Counter)
    added: Counter[str] = msgspec.field(default_factory=Counter)
    left_out: Counter[str] = msgspec.field(default_factory=Counter)
    bad_rows: list[BadRow] = msgspec.field(default_factory=list)
    bad_count: int = 0
    unlike: list[str] = msgspec.field(default_factory=list)
    unlike_count: int = 0

    def refuse(self, file: str, row: int, reason: Text) -> None:
        """A row could not be taken."""
        self.bad(BadRow(file=file, row=row, reason=reason))

    def bad(self, row: BadRow) -> None:
        self.bad_count += 1
        if len(self.bad_rows) < _NAMED:
            self.bad_rows.append(row)

    def differs(self, url: str) -> None:
        """A post was taken, but says something else than it did there."""
        self.unlike_count += 1
        if len(self.unlike) < _NAMED:
            self.unlike.append(url)
