"""What must be true of the demo community as a whole, beyond the shape of its files."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from moderation.guidelines import REASONS, RULES
from web.demo.blocks import ContentError, Names
from web.demo.content import Community, Person, Reply, Ruling, Thread, links, read_community

A_DAY = timedelta(days=1)
YEAR = timedelta(days=365)
OWN_WORD = timedelta(days=7)  # before that, the asker alone accepts
NEEDS_WORDS = ("planned", "in_progress", "shipped", "declined")
MODERATORS = ("moderator", "administrator")
MENTION = re.compile(r"(?<![\w@/.])@([a-z]+)\b")
LONGEST_FILE = 500

Faults = Iterator[str]


def checked_community() -> Community:
    """The demo community, read and checked.

    Raises:
        ContentError: names every contradiction found.
    """
    community = read_community()
    found = faults(community)
    if found:
        raise ContentError("\n".join(found))
    return community


def faults(community: Community) -> list[str]:
    """Everything that contradicts something else, one sentence each."""
    found = [*_twice("handle", [person.handle for person in community.people])]
    found += _twice("thread", [thread.key for thread in community.threads])
    found += _twice("article", [thread.article.key for thread in community.threads if thread.article])
    for person in community.people:
        found += _person(person)
    for thread in community.threads:
        found += [f"{thread.category}/{thread.key}: {fault}" for fault in _thread(community, thread)]
    return found


def _twice(what: str, names: list[str]) -> Faults:
    return (f"the {what} {name!r} exists {count} times" for name, count in Counter(names).items() if count > 1)


def _person(person: Person) -> Faults:
    if bool(person.team) != bool(person.title):
        yield f"{person.handle}: who has a team has a title, and the other way round"
    if bool(person.bond) != bool(person.organisation) or (person.bond and person.team):
        yield f"{person.handle}: who is bound to the company names an organisation, and does not belong to it"
    if person.bio == "-":
        yield f"{person.handle}: says nothing about themselves"


def _thread(community: Community, thread: Thread) -> Faults:
    unknown = sorted(_named(thread) - {person.handle for person in community.people})
    if unknown:
        yield f"nobody is called {', '.join(unknown)}"
        return
    if thread.category not in {category.slug for category in community.categories}:
        yield "there is no such category"
        return
    yield from _placed(community, thread)
    yield from _timely(community, thread)
    yield from _votes(community, thread)
    yield from _answers(community, thread)
    yield from _edits(thread)
    yield from _idea(community, thread)
    yield from _moderation(community, thread)
    yield from _article(community, thread)
    yield from _links(community, thread)


def _named(thread: Thread) -> set[str]:
    """Every handle that the file mentions in a head or with an @."""
    names = {change.by for change in thread.changes}
    names |= {thread.article.by} if thread.article else set()
    for post in thread.posts:
        names |= {post.by, *post.up, *post.down, *(edit.by for edit in post.edits)}
        names |= set(MENTION.findall(post.body))
    names |= {ruling.by for ruling in thread.rulings}
    for reply in thread.replies:
        names |= {reply.accepted_by, *(flag.by for flag in reply.flags), *(ruling.by for ruling in reply.rulings)}
    return names - {""}


def _placed(community: Community, thread: Thread) -> Faults:
    category = community.category(thread.category)
    if thread.kind not in category.kinds:
        yield f"no {thread.kind} may be opened in {category.slug}"
    if thread.kind == "announcement" and not community.person(thread.by).is_staff:
        yield "only the company announces"
    strangers = [post.by for post in thread.posts if not community.person(post.by).is_staff]
    if category.audience == "staff" and strangers:
        yield f"{strangers[0]} cannot be heard in {category.slug}"
    missing = set(thread.tags) - {tag.name for tag in community.tags}
    if missing or len(set(thread.tags)) != len(thread.tags) or len(thread.tags) > 5:
        yield f"at most five different tags out of tags.toml, not {thread.tags}"
    if any(not post.body for post in thread.posts):
        yield "a post without words"


def _timely(community: Community, thread: Thread) -> Faults:
    if not timedelta(minutes=5) <= thread.ago <= YEAR:
        yield f"opened {thread.ago} ago, outside the last year"
    moments = [reply.after for reply in thread.replies]
    if moments != sorted(moments) or len(set(moments)) != len(moments):
        yield "the replies are not in the order of their moments"
    if any(after <= timedelta(0) or after >= thread.ago for after in moments):
        yield "a reply before its thread or in the future"
    for handle, after in [(thread.by, timedelta(0)), *((reply.by, reply.after) for reply in thread.replies)]:
        if timedelta(days=community.person(handle).joined) <= thread.ago - after:
            yield f"{handle} speaks before joining"
    yield from _peers_first(community, thread)


def _peers_first(community: Community, thread: Thread) -> Faults:
    """The forum would let staff in once a peer has replied; the demo shows the courtesy in full, but for urgent threads."""
    hours = timedelta(hours=community.category(thread.category).peers_first_hours)
    if thread.urgent or community.person(thread.by).is_staff:
        return
    for reply in thread.replies:
        if community.person(reply.by).is_staff and reply.after < hours:
            yield f"{reply.by} answers before the hours of the peers are over"


def _votes(community: Community, thread: Thread) -> Faults:
    for post in thread.posts:
        said = thread.ago - (post.after if isinstance(post, Reply) else timedelta(0))
        voters = Names([*post.up, *post.down])
        if post.by in voters or len(set(voters)) != len(voters):
            yield f"a vote for oneself or a second vote under {post.body[:30]!r}"
        for voter in voters:
            if timedelta(days=community.person(voter).joined) <= said:
                yield f"{voter} votes before joining under {post.body[:30]!r}"
        if isinstance(post, Reply) and (post.remark or post.rulings) and voters:
            yield f"a vote on a remark, or on what may be out of sight: {post.body[:30]!r}"


def _answers(community: Community, thread: Thread) -> Faults:
    several = community.category(thread.category).several_solutions
    if thread.kind != "question" and thread.accepted:
        yield "only a question has accepted answers"
    if len(thread.accepted) > 1 and not several:
        yield "more than one accepted answer"
    if len([reply for reply in thread.replies if reply.official is not None]) > 1:
        yield "more than one official answer"
    for reply in thread.replies:
        yield from _acceptance(community, thread, reply)
        if reply.official is not None and not community.person(reply.by).is_staff:
            yield f"{reply.by} cannot speak for the company"
        if reply.official is not None and not reply.after <= reply.official < thread.ago:
            yield f"the official mark on {reply.by} is out of time"


def _acceptance(community: Community, thread: Thread, reply: Reply) -> Faults:
    if reply.accepted is None:
        return
    if reply.remark or not reply.after < reply.accepted <= thread.ago:
        yield f"the acceptance of {reply.by} is out of place or time"
    if reply.accepted_by:
        helper = community.person(reply.accepted_by)
        if reply.accepted < OWN_WORD or not (helper.is_staff or helper.role in MODERATORS):
            yield f"{helper.handle} may not accept for {thread.by} then"


def _edits(thread: Thread) -> Faults:
    for post in thread.posts:
        said = post.after if isinstance(post, Reply) else timedelta(0)
        moments = [said, *(edit.after for edit in post.edits)]
        if moments != sorted(set(moments)) or moments[-1] >= thread.ago:
            yield f"the edits under {post.body[:30]!r} are out of time"
        texts = [post.body, *(edit.body for edit in post.edits)]
        if any(before == after or not after for before, after in pairwise(texts)):
            yield f"an edit that changes nothing under {post.body[:30]!r}"


def _idea(community: Community, thread: Thread) -> Faults:
    if thread.changes and thread.kind != "idea":
        yield "only an idea has a status"
    moments = [change.after for change in thread.changes]
    statuses = ["new", *(change.status for change in thread.changes)]
    if moments != sorted(set(moments)) or any(moment >= thread.ago for moment in moments):
        yield "the statuses are out of time"
    if any(before == after for before, after in pairwise(statuses)):
        yield "a status that changes nothing"
    for change in thread.changes:
        if not community.person(change.by).is_staff:
            yield f"{change.by} cannot decide for the company"
        if change.status in NEEDS_WORDS and not change.body:
            yield f"{change.status} needs a public response"


def _moderation(community: Community, thread: Thread) -> Faults:
    yield from _closing(community, thread)
    for reply in thread.replies:
        if any(flag.by == reply.by or flag.after <= reply.after for flag in reply.flags):
            yield "a flag on oneself, or before the post"
        last, hidden = reply.after, False
        for ruling in reply.rulings:
            if community.person(ruling.by).role not in MODERATORS or ruling.by == reply.by:
                yield f"{ruling.by} may not decide about {reply.by}"
            yield from _grounds(ruling)
            if (ruling.action == "hide") == hidden or not last < ruling.after < thread.ago:
                yield f"{ruling.action} comes out of turn"
            last, hidden = ruling.after, ruling.action == "hide"


def _closing(community: Community, thread: Thread) -> Faults:
    last = max([reply.after for reply in thread.replies], default=timedelta(0))
    for ruling in thread.rulings:
        yield from _grounds(ruling)
        if community.person(ruling.by).role not in MODERATORS or not last < ruling.after < thread.ago:
            yield f"{ruling.by} may not close the thread then"


def _grounds(ruling: Ruling) -> Faults:
    if ruling.rule not in RULES or ruling.reason not in REASONS or not ruling.body:
        yield "a decision names a rule, a reason and says why"


def _article(community: Community, thread: Thread) -> Faults:
    article = thread.article
    if article is None:
        return
    accepted = [reply.accepted for reply in thread.accepted if reply.accepted is not None]
    if not accepted or not min(accepted) + A_DAY <= article.drafted < article.published < thread.ago:
        yield "an article is written a day after an answer was accepted, and published after that"
    if community.person(article.by).role not in MODERATORS:
        yield f"{article.by} may not publish"
    if len(article.body) < 200:
        yield "an article that says nothing"


def _links(community: Community, thread: Thread) -> Faults:
    """A link must lead to something that existed when it was written."""
    written = [(thread.ago, thread.body), *((thread.ago - reply.after, reply.body) for reply in thread.replies)]
    written += [(thread.ago - edit.after, edit.body) for post in thread.posts for edit in post.edits]
    written += [(thread.ago - change.after, change.body) for change in thread.changes]
    if thread.article:
        written.append((thread.ago - thread.article.published, thread.article.body))
    born: dict[tuple[str, str], timedelta] = {("thread", other.key): other.ago for other in community.threads}
    born |= {("article", o.article.key): o.ago - o.article.published for o in community.threads if o.article}
    for moment, text in written:
        for target in links(text):
            if target not in born:
                yield f"a link to {target[0]} {target[1]!r}, which does not exist"
            elif born[target] <= moment:
                yield f"a link to {target[0]} {target[1]!r} before it existed"
