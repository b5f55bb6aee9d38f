"""Rows for what members do with threads and posts."""

from __future__ import annotations

from typing import Final

from forum.ideas.policies import may_set_status
from forum.threads import policies as threads
from moderation.policies import may_decide_idea, may_flag
from web.policy.words import EVERYBODY, personal, read, write

_COMPANY: Final = "staff"

TAKING_PART: Final = (
    read("thread.begin", "See the form for a new thread", threads.may_take_part, who=EVERYBODY, provided="Visitors may write first and sign in afterwards."),
    personal("post.preview", "See Markdown as it will be published", None, who=EVERYBODY),
    write("thread.solved-mine", "Say while asking that a thread solved it", None, who=EVERYBODY, even="suspended silenced unverified", on="thread", provided="Counted once a day for each person."),
    write("article.solved-mine", "Say while asking that a help article solved it", None, who=EVERYBODY, even="suspended silenced unverified", on="article", refused="draft", provided="Counted once a day for each person."),
    write("thread.open", "Open a thread", threads.may_ask, who="member", on="category", only="group speaks: insider administrator; staff opens: staff administrator"),
    write("thread.reply", "Answer a thread, or comment on an answer", threads.may_reply, who="member", on="thread", refused="closed, hidden thread", only="group speaks: insider administrator", provided="Where customers answer first, staff wait."),
    write("thread.follow", "Follow a thread", threads.may_take_part, who="member", on="thread"),
    write("thread.unfollow", "Follow a thread no longer, even one that is out of sight by now", None, who="member", even="unverified silenced"),
    write("thread.me-too", "Say that one has the problem too", threads.may_say_me_too, who="member", never="asker", on="thread", refused="closed", provided="Of a question that is not solved."),
    write("thread.not-me", "Take that back", threads.may_take_part, who="member", on="thread"),
    write("thread.needs-info", "Let a question wait for details from its asker", threads.may_ask_for_details, by_right="trusted staff category-moderator moderator administrator", never="asker", on="thread", provided="Of a question that is open and not solved."),
    write("thread.enough-info", "Wait for the asker no longer", threads.may_ask_for_details, by_right="trusted staff category-moderator moderator administrator", never="asker", on="thread"),
    write("post.vote-up", "Say that a post is helpful", threads.may_vote, who="member", never="author", on="post"),
    write("post.vote-down", "Say that a post is not helpful", threads.may_vote, who="trusted", never="author", on="post"),
    write("post.unvote", "Take one's vote back", threads.may_vote, who="member", never="author", on="post"),
    write("post.edit", "Edit a post", threads.may_edit_post, who="author", by_right="trusted category-moderator moderator administrator", on="post", provided="What staff wrote, only staff edit; what is critical of the company, staff do not."),
    write("post.delete", "Take one's own reply back", threads.may_delete_post, who="author", on="post", provided="Not the opening post, and not a marked answer."),
    write("post.report", "Report a post", may_flag, who="member", never="author", on="post"),
    write("thread.retitle", "Change the title of a thread", threads.may_edit_post, who="asker", by_right="trusted category-moderator moderator administrator", on="thread", provided="As for editing the opening post."),
    write("thread.retag", "Change the tags of a thread", threads.may_retag, who="asker", by_right="trusted category-moderator moderator administrator", on="thread", provided="Of what is critical of the company, staff do not."),
    write("thread.move", "Put a thread into another category", threads.may_move, who="asker", by_right="trusted category-moderator moderator administrator", on="thread", refused="group", only="group speaks: administrator", provided="Into one that is seen by as many, where they may open threads."),
    write("tag.describe", "Describe a tag", threads.may_describe_tags, who="trusted moderator administrator", scopes="moderate", outside="the demo community"),
)  # fmt: skip

ANSWERS: Final = (
    write("answer.accept", "Say which reply solved it", threads.may_accept, who="asker", by_right="staff category-moderator moderator administrator", on="post", provided="For seven days after the asker's last word, only the asker."),
    write("answer.withdraw", "Say that an answer did not work", threads.may_withdraw, who="asker", by_right="staff category-moderator moderator administrator", on="thread", provided="What the asker chose, only the asker takes away."),
    write("answer.official", "Mark a reply as the company's answer; speak for the company", threads.may_speak_officially, who=_COMPANY, scopes="moderate", on="post"),
    write("answer.unofficial", "Take the company's mark away", threads.may_speak_officially, who=_COMPANY, scopes="moderate", on="thread"),
    write("idea.answer", "Say for the company what becomes of an idea", may_decide_idea, who=_COMPANY, scopes="moderate", on="thread", provided="A decision in the public log."),
    write("idea.status", "Set an idea's status; only a decision does it", may_set_status, who=_COMPANY, scopes="moderate", outside="the decision about an idea"),
)  # fmt: skip
