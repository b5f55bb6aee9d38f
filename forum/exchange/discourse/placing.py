"""What a Discourse category becomes, and of what kind its topics are."""

from collections.abc import Iterable

import msgspec

from forum.exchange.discourse.rows import TopicRow
from forum.exchange.discourse.site import Site
from forum.exchange.discourse.staging import Staging, Use
from forum.exchange.hosts import slugged
from forum.exchange.places import Place

# Where one topic in ten is solved, people come to ask.
_ASKED = 0.1
_NAME_LENGTH, _SLUG_LENGTH, _DESCRIPTION_LENGTH = 60, 40, 300
_IDEAS = frozenset({"feature-requests", "feature-request", "features", "ideas", "idea", "suggestions", "feature-ideas"})
_STATUSES = {
    "under-review": "under_review",
    "planned": "planned",
    "in-progress": "in_progress",
    "started": "in_progress",
    "completed": "shipped",
    "done": "shipped",
    "implemented": "shipped",
    "shipped": "shipped",
    "released": "shipped",
    "declined": "declined",
    "wontfix": "declined",
    "rejected": "declined",
}


class Placing(msgspec.Struct, frozen=True):
    """A category: what it becomes, and whether its topics are ideas, or else questions."""

    place: Place
    holds_ideas: bool
    holds_questions: bool

    def kind_of(self, topic: TopicRow, *, is_solved: bool) -> str:
        """A topic that has a solution is a question, wherever it stands, unless it is an idea."""
        if self.holds_ideas or topic.can_vote:
            return "idea"
        return "question" if self.holds_questions or is_solved else "discussion"


def placings(staging: Staging, site: Site, ideas: Iterable[str]) -> dict[str, Placing]:
    """Every category that has topics, by its key; `ideas` names those, by name, slug or id, that hold ideas."""
    named = {slugged(name) for name in ideas} | _IDEAS
    return {use.category: _placing(use, staging, site, named) for use in staging.uses()}


def status_of(topic: TopicRow) -> str:
    """Where an idea stands, by its tags: Discourse has no other word for it."""
    return next((_STATUSES[tag.lower()] for tag in topic.tags if tag.lower() in _STATUSES), "new")


def _placing(use: Use, staging: Staging, site: Site, ideas: set[str]) -> Placing:
    row, key = staging.category(use.category), use.category
    if row is not None:
        name, slug = row.name, row.slug or slugged(row.name)
    elif key.isdecimal() or not key:
        # An export may bring the ids of its categories alone.
        name, slug = f"{site.name} {key}".strip(), f"{site.slug}-{key}".strip("-")
    else:
        name, slug = key, slugged(key)
    holds_ideas = bool({slug, slugged(name), key} & ideas)
    holds_questions = not holds_ideas and use.solved >= use.topics * _ASKED
    kinds = ("idea",) if holds_ideas else ("question", "discussion") if use.solved else ("discussion",)
    place = Place(
        key=slugged(key) or key,
        slug=(slug or f"{site.slug}-{key}")[:_SLUG_LENGTH].strip("-"),
        name=name[:_NAME_LENGTH],
        description=((row.description_text or "") if row is not None else "")[:_DESCRIPTION_LENGTH],
        kinds=kinds,
        several_solutions=use.most_solutions > 1,
        is_restricted=row is not None and row.read_restricted,
    )
    return Placing(place, holds_ideas, holds_questions)
