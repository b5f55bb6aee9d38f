"""Rows for finding and reading, which is filtered in the database by `visible_to`, and for what belongs to the site itself."""

from __future__ import annotations

from typing import Final

from forum.members.policies import may_see_activity
from forum.visibility import visible_to
from web.policy.words import EVERYBODY, personal, read

SITE: Final = (
    read("site.health", "Ask whether the site is up", None, who=EVERYBODY),
    read("site.metrics", "Read the process's figures", None, who=EVERYBODY, provided="With the token of the figures; without one set, from the machine itself alone."),
    read("site.look", "Fetch stylesheet, script and pictures, and read about the site", None, who=EVERYBODY),
    read("site.describe", "Fetch what search engines and browsers ask for: site map, robots, search description", visible_to, who=EVERYBODY, seen_as="anonymous"),
    personal("site.choose", "Choose language and appearance, kept in a cookie", None, who=EVERYBODY),
)  # fmt: skip

READING: Final = (
    read("thread.list", "See lists of threads and ideas, and their feeds", visible_to, who=EVERYBODY),
    read("thread.feed", "Follow a thread with a feed reader", visible_to, who=EVERYBODY, on="thread", seen_as="anonymous"),
    read("category.feed", "Follow a category with a feed reader", visible_to, who=EVERYBODY, on="category", seen_as="anonymous"),
    read("category.list", "See the list of categories", visible_to, who=EVERYBODY),
    read("category.read", "See a category", visible_to, who=EVERYBODY, on="category"),
    read("thread.read", "Read a thread, its posts and its history", visible_to, who=EVERYBODY, on="thread"),
    read("post.find", "Find where a post stands in its thread", visible_to, who=EVERYBODY, on="thread", provided="Where a post was removed, the thread says so."),
    read("post.read", "Read a post", visible_to, who=EVERYBODY, on="post"),
    read("post.history", "Read earlier versions of a post", visible_to, who=EVERYBODY, on="post"),
    read("tag.read", "See the tags, and the threads of one", visible_to, who=EVERYBODY),
    read("search.find", "Search threads and articles, and see what is alike", visible_to, who=EVERYBODY),
    read("member.activity", "See what a member wrote in one place, and the ledger of their points", may_see_activity, who=EVERYBODY, provided="Who chose not to have it gathered sees it alone, and moderators do."),
    read("member.picture", "See the picture that somebody wears, by its address", None, who=EVERYBODY),
    read("member.read", "See somebody's profile, points and badges", visible_to, who=EVERYBODY, provided="What they wrote is shown as far as the reader sees it."),
    read("article.list", "See lists of help articles", visible_to, who=EVERYBODY),
    read("article.read", "Read a help article", visible_to, who=EVERYBODY, on="article"),
    read("log.read", "Read the public log of decisions, and its feed", visible_to, who=EVERYBODY, provided="Every entry is public; words and target are shown to whoever sees the thread."),
)  # fmt: skip
