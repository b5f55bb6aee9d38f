"""Rows for rights over others. Each is a decision in the public log, but for looking and for letting a post stand."""

from __future__ import annotations

from typing import Final

from moderation import policies
from web.policy.words import read, write

_THEIRS: Final = "category-moderator moderator administrator"
_COMPANY: Final = "In a thread that is critical of the company, only a moderator who is not of it."

MODERATION: Final = (
    read("case.list", "See the review queue", policies.may_see_queue, who=f"elsewhere-moderator {_THEIRS}", scopes="read moderate", provided="Who moderates one category sees what waits there."),
    read("case.post", "See a post with its reports", policies.may_see_queue, who=_THEIRS, on="post", scopes="read moderate"),
    read("case.thread", "See a thread with its reports", policies.may_see_queue, who=_THEIRS, on="thread", scopes="read moderate"),
    write("case.keep", "Let a reported post stand", policies.may_keep, who=_THEIRS, never="author", on="post", scopes="moderate"),
    write("post.hide", "Remove a post", policies.may_moderate, who=_THEIRS, on="post", scopes="moderate", provided=_COMPANY),
    write("post.restore", "Bring a removed post back", policies.may_restore, who=_THEIRS, never="author", on="post", scopes="moderate"),
    write("thread.hide", "Remove a thread", policies.may_moderate, who=_THEIRS, on="thread", scopes="moderate", provided=_COMPANY),
    write("thread.restore", "Bring a removed thread back", policies.may_restore, who=_THEIRS, never="asker", on="thread", scopes="moderate"),
    write("thread.close", "Close a thread, or open it again", policies.may_close, who=f"trusted {_THEIRS}", on="thread", scopes="moderate"),
    write("member.sanction", "Suspend or silence somebody, or end that", policies.may_sanction, who="moderator administrator", scopes="moderate", provided="Nobody themselves, and nobody whose role is the same or higher; staff alone nobody who criticised the company."),
    write("category.narrow", "Let fewer people see a category in which threads stand", policies.may_narrow, who="administrator", scopes="administer", outside="the form of the category", provided="A decision in the public log; of the company, nobody takes it where a thread is critical of it."),
    write("log.redact", "Take words and target out of a log entry", policies.may_redact, who="administrator", scopes="administer"),
)  # fmt: skip
