"""What exists of the demo community while it is being filled, by the names that the data files use."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.members.actors import actor_of
from web.demo.content import LINK


@dataclass
class Stage:
    """Ids and addresses of what was made so far."""

    passwords: dict[str, str]
    members: dict[str, int] = field(default_factory=dict)
    threads: dict[str, int] = field(default_factory=dict)
    posts: dict[tuple[str, int], int] = field(default_factory=dict)
    addresses: dict[tuple[str, str], str] = field(default_factory=dict)

    def actor(self, session: Session, handle: str) -> Actor:
        """The person as they may act at this moment."""
        return actor_of(session, self.members[handle])

    def with_addresses(self, text: str) -> str:
        """The text with its `(thread:key)` and `(article:key)` links as addresses of this installation."""
        return LINK.sub(lambda found: f"]({self.addresses[found[1], found[2]]})", text)
