"""The site that an export is of, and its addresses."""

from urllib.parse import quote

import msgspec

from forum.exchange.hosts import slugged


class Site(msgspec.Struct, frozen=True):
    """A Discourse site by its host name. `licence` is that of what people wrote there, where somebody knows it."""

    host: str
    licence: str = ""

    @property
    def base(self) -> str:
        return f"https://{self.host}/"

    @property
    def slug(self) -> str:
        """What people call it: `urho3d` for discourse.urho3d.io."""
        names = [name for name in self.host.split(".")[:-1] if name not in _PLACES] or [self.host]
        return slugged(names[-1])

    @property
    def name(self) -> str:
        return self.slug.replace("-", " ").title()

    def post_url(self, topic_id: int, slug: str | None, number: int) -> str:
        return f"{self.base}t/{quote(slug or '-', safe='')}/{topic_id}" + (f"/{number}" if number > 1 else "")

    def user_url(self, username: str) -> str:
        return f"{self.base}u/{quote(username, safe='')}"


_PLACES = frozenset({"www", "discourse", "discuss", "forum", "forums", "community", "meta", "talk"})
