"""Who sees what, said a second time: plain Python over plain data, slow, and sharing nothing with the product.

Whoever changes a rule of visibility changes it here too, from the words of docs/permissions.md, not from the code.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Person:
    role: str = "member"  # or "moderator", "administrator"
    staff: bool = False
    groups: set[str] = field(default_factory=set)
    suspended: bool = False
    silenced: bool = False


@dataclass
class Place:
    audience: str  # "everybody", "members", "groups" or "staff"
    groups: set[str] = field(default_factory=set)
    moderators: set[str] = field(default_factory=set)


@dataclass
class Talk:
    place: str
    author: str
    kind: str
    hidden: bool = False


@dataclass
class Said:
    talk: int
    author: str
    opening: bool = False
    hidden: bool = False
    taken_back: bool = False


@dataclass
class Model:
    """The visitor is called "" and is nobody in `people`."""

    people: dict[str, Person] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    talks: dict[int, Talk] = field(default_factory=dict)
    said: dict[int, Said] = field(default_factory=dict)

    def sees_place(self, who: str, slug: str) -> bool:
        place = self.places[slug]
        if place.audience == "everybody":
            return True
        if not who or self.people[who].suspended:
            return False
        person = self.people[who]
        if place.audience == "members":
            return True
        if person.role == "administrator":
            return True
        return person.staff if place.audience == "staff" else bool(person.groups & place.groups)

    def moderates(self, who: str, slug: str) -> bool:
        if not who or self.people[who].suspended or self.people[who].silenced:
            return False
        return self.people[who].role != "member" or who in self.places[slug].moderators

    def _in_sight(self, who: str, slug: str, author: str, hidden: bool) -> bool:
        own = bool(who) and who == author and not self.people[who].suspended
        return not hidden or own or self.moderates(who, slug)

    def sees_talk(self, who: str, talk: int) -> bool:
        one = self.talks[talk]
        return self.sees_place(who, one.place) and self._in_sight(who, one.place, one.author, one.hidden)

    def reads(self, who: str, said: int) -> bool:
        one = self.said[said]
        place = self.talks[one.talk].place
        return (
            self.sees_talk(who, one.talk) and not one.taken_back and self._in_sight(who, place, one.author, one.hidden)
        )

    def finds(self, who: str, talk: int) -> bool:
        """What was hidden is not searched, whoever searches."""
        return self.sees_talk(who, talk) and not self.talks[talk].hidden

    def talks_of(self, who: str, author: str, kind: str) -> list[int]:
        mine = (key for key, one in self.talks.items() if (one.author, one.kind) == (author, kind))
        return sorted(key for key in mine if self.sees_talk(who, key))

    def answers_of(self, who: str, author: str) -> list[int]:
        mine = (key for key, one in self.said.items() if one.author == author and not one.opening)
        return sorted(key for key in mine if self.reads(who, key))
