"""Which site a dump is of, and the addresses of its posts and people there.

A dump does not say where it comes from. Its posts do: they link to each other, with their titles in the address.
"""

import re
from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import msgspec

from forum.exchange.hosts import given_host, is_host, slugged
from forum.exchange.reporting import BadRow
from forum.exchange.stackexchange.reader import Dump
from forum.exchange.stackexchange.rows import PostRow
from forum.kernel.errors import N_, Invalid

_LINK = re.compile(r'href="https?://([\w.-]+)/questions/(\d+)/([\w-]+)')
# As many characters of a title prove that a link means this question; later edits change the end more often.
_PROOF = 15
# How many posts are asked; they hold some hundred such links.
_ENOUGH = 50_000
# When the network went from one licence of its contents to the next.
_LICENCES = (
    (datetime(2018, 5, 2, tzinfo=UTC), "CC BY-SA 4.0"),
    (datetime(2011, 4, 8, tzinfo=UTC), "CC BY-SA 3.0"),
    (datetime.min.replace(tzinfo=UTC), "CC BY-SA 2.5"),
)


class Site(msgspec.Struct, frozen=True):
    """A site of the network by its host name, as `cardano.stackexchange.com`."""

    host: str

    @property
    def base(self) -> str:
        return f"https://{self.host}/"

    @property
    def slug(self) -> str:
        """The name that people use for it: `cardano`, `french-meta`, `superuser`."""
        names = self.host.removesuffix(".stackexchange.com").removesuffix(".com")
        return slugged(names)

    @property
    def name(self) -> str:
        return self.slug.replace("-", " ").title()

    def post_url(self, post_id: int, *, is_question: bool) -> str:
        return f"{self.base}{'q' if is_question else 'a'}/{post_id}"

    def comment_url(self, comment_id: int, *, post_id: int, question_id: int) -> str:
        return f"{self.base}q/{question_id}#comment{comment_id}_{post_id}"

    def user_url(self, user_id: int | None) -> str:
        """Empty for nobody in particular."""
        return "" if user_id is None else f"{self.base}users/{user_id}"

    def tag_url(self, tag: str) -> str:
        return f"{self.base}tags/{tag}/info"


def site_of(dump: Dump, given: str | None) -> Site:
    """The site that was given; else the one that the directory is named after; else the one that the posts tell of.

    Raises:
        Invalid: (field "site") none of these, or what was given is no host name.
    """
    if given is not None:
        return Site(given_host(given))
    if is_host(dump.directory.name):
        return Site(dump.directory.name.lower())
    host = _told(dump)
    if host is None:
        raise Invalid({"site": N_("The dump does not tell which site it is of. Name its host.")})
    return Site(host)


def licence_at(moment: datetime) -> str:
    """The licence of what was posted at a moment, for dumps that do not say it (stackoverflow.com/help/licensing)."""
    return next(licence for since, licence in _LICENCES if moment >= since)


def _told(dump: Dump) -> str | None:
    """The host to which most links lead that bear both a question's id and the beginning of its title."""
    links: Counter[tuple[str, int, str]] = Counter()
    titles: dict[int, str] = {}
    for _number, row in islice(dump.rows(PostRow), _ENOUGH):
        if isinstance(row, BadRow):
            continue
        if row.post_type_id == PostRow.QUESTION:
            titles[row.id] = _words(row.title)
        for host, question_id, slug in _LINK.findall(row.body):
            links[host.lower(), int(question_id), _words(slug)] += 1
    hosts: Counter[str] = Counter()
    for (host, question_id, words), count in links.items():
        if words and words == titles.get(question_id):
            hosts[host] += count
    return max(hosts, key=lambda host: (hosts[host], host)) if hosts else None


def _words(title: str) -> str:
    return slugged(title)[:_PROOF]
