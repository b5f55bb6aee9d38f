"""The first pass over a dump: what makes up threads goes to the staging, and everything is counted."""

from collections.abc import Iterator
from typing import TypeVar

from forum.exchange.reporting import BadRow, Report
from forum.exchange.stackexchange.reader import Dump
from forum.exchange.stackexchange.rows import CommentRow, HistoryRow, PostRow, Row, VoteRow
from forum.exchange.stackexchange.staging import Staging
from forum.kernel.errors import N_, Text

R = TypeVar("R", bound=Row)

_COUNTED_VOTES = frozenset({VoteRow.ACCEPTED, VoteRow.UP, VoteRow.DOWN})
_TWICE = Text(N_("The id stands in the file twice."))


def good_rows(dump: Dump, kind: type[R], report: Report) -> Iterator[tuple[int, R]]:
    """The rows of one kind with their numbers; the bad ones go to the report."""
    for number, row in dump.rows(kind):
        if isinstance(row, BadRow):
            report.bad(row)
        else:
            yield number, row


def fill(staging: Staging, dump: Dump, report: Report) -> None:
    """Read posts, comments, history and votes, and put them in order."""
    _posts(staging, dump, report)
    for number, comment in good_rows(dump, CommentRow, report):
        report.found["comments"] += 1
        if not staging.add_comment(number, comment):
            report.refuse(CommentRow.file, number, _TWICE)
    for _number, history in good_rows(dump, HistoryRow, report):
        report.found["history"] += 1
        staging.add_history(history)
    for _number, vote in good_rows(dump, VoteRow, report):
        report.found["votes"] += 1
        if vote.vote_type_id in _COUNTED_VOTES:
            staging.add_vote(vote)
        else:
            report.left_out["votes"] += 1
    staging.sort()
    _lonely(staging, report)


def _posts(staging: Staging, dump: Dump, report: Report) -> None:
    for number, row in good_rows(dump, PostRow, report):
        report.found[_kind(row)] += 1
        report.found["accepted"] += row.accepted_answer_id is not None
        report.found["closed"] += row.closed_date is not None
        if row.post_type_id in (PostRow.QUESTION, PostRow.ANSWER):
            if not staging.add_post(number, row):
                report.refuse(PostRow.file, number, _TWICE)
        else:
            staging.add_text(row)
            report.left_out["other_posts"] += row.post_type_id not in (PostRow.TAG_EXCERPT, PostRow.TAG_WIKI)


def _kind(row: PostRow) -> str:
    kinds = {PostRow.QUESTION: "questions", PostRow.ANSWER: "answers"}
    kinds |= {PostRow.TAG_EXCERPT: "tag_texts", PostRow.TAG_WIKI: "tag_texts"}
    return kinds.get(row.post_type_id, "other_posts")


def _lonely(staging: Staging, report: Report) -> None:
    for number in staging.lone_answers():
        report.refuse(PostRow.file, number, Text(N_("Its question is not in the dump.")))
    for number, is_about_a_text in staging.lone_comments():
        if is_about_a_text:
            report.left_out["comments"] += 1
        else:
            report.refuse(CommentRow.file, number, Text(N_("Its question or answer is not in the dump.")))
