"""The first pass over an export: what will be taken goes to the staging, everything is counted, and the site is found out."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from forum.exchange.discourse.files import Told, told
from forum.exchange.discourse.rows import (
    CLOSING,
    SMALL_ACTION,
    WHISPER,
    CategoryRow,
    PostRow,
    TopicRow,
    moment,
    post_of,
    topic_of,
)
from forum.exchange.discourse.staging import StagedPerson, Staging
from forum.exchange.reporting import BadRow, Progress, Report
from forum.kernel.errors import N_, Text

_AVATAR = re.compile(r"/user_avatar/([\w.-]+\.[a-z]+)/")
_LINK = re.compile(r'href="https?://([\w.-]+)/t/[^"/]+/\d')


def fill(staging: Staging, paths: list[Path], report: Report, *, progress: Progress) -> Counter[str]:
    """Read all files; returns the hosts that the posts tell of, each with how often."""
    filling = _Filling(staging, report)
    for found in told(paths, progress=progress):
        if isinstance(found, BadRow):
            report.bad(found)
        elif found.raw_of is not None:
            staging.add_raw(found.raw_of, found.value)
        elif isinstance(found.value, dict):
            filling.take(found)
        else:
            report.refuse(found.file, found.row, Text(N_("This is no topic.")))
    staging.finish()
    report.found["users"] = staging.count("person")
    return filling.hosts


class _Filling:
    def __init__(self, staging: Staging, report: Report) -> None:
        self._staging, self._report = staging, report
        self.hosts: Counter[str] = Counter()

    def take(self, found: Told) -> None:
        """A topic, a list of categories, or something that is neither and is only counted."""
        value = found.value
        categories = value.get("categories") or (value.get("category_list") or {}).get("categories")
        if "title" in value and ("post_stream" in value or "topic_id" in value):
            self._topic(found)
        elif "post_stream" in value and isinstance(value.get("id"), int):
            self._posts(found, value["id"], (value["post_stream"] or {}).get("posts") or [])
        elif isinstance(categories, list):
            self._categories(found, categories)
        else:
            self._report.left_out["other"] += 1

    def _categories(self, found: Told, rows: list[Any]) -> None:
        for row in rows:
            try:
                self._staging.add_category(msgspec.convert(_without_nulls(row), CategoryRow))
            except msgspec.ValidationError as error:
                self._refuse(found.file, found.row, error)
            if isinstance(row, dict):
                self._categories(found, row.get("subcategory_list") or [])

    def _topic(self, found: Told) -> None:
        try:
            topic, posts = topic_of(found.value)
        except (msgspec.ValidationError, AttributeError, TypeError) as error:
            self._refuse(found.file, found.row, error)
            return
        reason = _left_out(topic)
        if reason:
            self._report.left_out[reason] += 1
            return
        if self._staging.add_topic(found.file, found.row, topic):
            self._report.found["topics"] += 1
            self._report.found["closed"] += topic.closed or topic.archived
        self._posts(found, topic.id, posts)

    def _posts(self, found: Told, topic_id: int, posts: list[Any]) -> None:
        # A file of one topic has its posts as rows; a file of many topics has the topics.
        is_alone = found.file.endswith(".json")
        for index, each in enumerate(posts, start=1):
            row = index if is_alone and found.row == 1 else found.row
            try:
                post = post_of(each)
            except msgspec.ValidationError as error:
                self._report.found["posts"] += 1
                self._refuse(found.file, row, error)
                continue
            self._post(found.file, row, topic_id, post)

    def _post(self, file: str, row: int, topic_id: int, post: PostRow) -> None:
        if not self._staging.add_post(topic_id, file, row, post):
            # The same post again is a second copy, or the page after the last; the same id elsewhere is a mistake.
            if not self._staging.has_post(topic_id, post.post_number):
                self._report.refuse(file, row, Text(N_("The id stands there twice.")))
            return
        at, report = moment(post.created_at), self._report
        report.found["posts"] += 1
        report.found["likes"] += post.likes
        report.found["accepted"] += post.accepted_answer
        if post.action_code in CLOSING and at is not None:
            self._staging.add_closing(topic_id, at)
        if post.accepted_answer:
            self._staging.add_solution(topic_id)
        if post.username is not None:
            self._person(post, at)
        if post.avatar_template is not None and (host := _AVATAR.search(post.avatar_template)) is not None:
            self.hosts[host[1].lower()] += 1
        if "/t/" in post.cooked:
            self.hosts.update(host.lower() for host in _LINK.findall(post.cooked))

    def _person(self, post: PostRow, at: datetime | None) -> None:
        username = post.username or ""
        is_program = post.user_id is not None and post.user_id < 0
        person = StagedPerson(username=username, name=post.name or username, is_program=is_program)
        self._staging.add_person(person, at or _LONG_AGO)

    def _refuse(self, file: str, row: int, error: Exception) -> None:
        self._report.refuse(file, row, Text(N_("Not readable: %(problem)s"), problem=str(error)))


def unsaid(post: PostRow) -> str:
    """Under what a post is counted that is none for readers; empty for the others."""
    if post.post_type == SMALL_ACTION:
        return "actions"
    if post.post_type == WHISPER:
        return "whispers"
    return "deleted_posts" if post.deleted_at is not None or post.user_deleted else ""


def _left_out(topic: TopicRow) -> str:
    """Under what a topic is counted that not everybody could find there; empty for the others."""
    if topic.archetype != "regular":
        return "private_messages"
    if topic.deleted_at is not None:
        return "deleted_topics"
    return "" if topic.visible else "unlisted_topics"


def _without_nulls(row: Any) -> Any:
    return {name: value for name, value in row.items() if value is not None} if isinstance(row, dict) else row


_LONG_AGO = datetime(2013, 2, 5, tzinfo=UTC)
