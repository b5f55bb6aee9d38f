"""Who acts, and what an answer to "may they?" looks like. The rules themselves are in each capability's `policies.py`."""

from dataclasses import dataclass, field, replace
from typing import Literal

from forum.kernel.errors import NotAllowed, Text

Role = Literal["anonymous", "member", "moderator", "administrator"]

PUBLIC, MEMBERS, STAFF = 0, 1, 2  # clearances: what is shown to whom, the wider first
GROUPS = 3  # no clearance reaches it but that of administrators: the groups that are named decide

_MODERATOR_RIGHTS = frozenset(
    {
        "thread:accept-any",
        "thread:close",
        "thread:retag",
        "post:edit-any",
        "post:see-hidden",
        "moderate",
        "article:review",
    }
)
_ROLE_RIGHTS: dict[Role, frozenset[str]] = {
    "anonymous": frozenset(),
    "member": frozenset(),
    "moderator": _MODERATOR_RIGHTS,
    "administrator": _MODERATOR_RIGHTS | {"administer"},
}
IN_ONES_OWN_NAME = frozenset({"thread:ask", "thread:answer", "post:flag", "vote:up", "vote:down"})
"""Rights to what somebody does in their own name. All others but "administer" are rights over others, or to speak for the company."""
OF_THE_COMPANY = {"moderator": "staff-moderator", "administrator": "staff-administrator"}
"""The voice of those who belong to the company and have a role besides. Records from before say the role alone."""
_STAFF_RIGHTS = frozenset({"thread:accept-any", "post:official", "idea:decide", "article:review"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever acts: a person, a program with a token, or nobody in particular.

    Built by `forum.members.actors.actor_of` alone. `privileges` are those that reputation earned; `rights` come with roles.
    Categories, by their ids: `opens_in` and `replies_in` where a group of theirs may, `moderates` those that they moderate alone.
    """

    member_id: int | None
    handle: str = ""
    name: str = ""
    role: Role = "anonymous"
    is_staff: bool = False
    team: str = ""
    title: str = ""
    bond: str = ""  # partner, reseller or contractor; nobody who belongs to the company is that too
    organisation: str = ""
    bond_is_confirmed: bool = False
    points: int = 0
    trust_level: int = 0
    privileges: frozenset[str] = field(default_factory=frozenset)
    rights: frozenset[str] = field(default_factory=frozenset)
    clearance: int = PUBLIC
    locale: str = ""
    time_zone: str = ""
    via: str = ""  # "command line" or "system" where no person acts
    avatar: str = ""
    is_bot: bool = False
    suspended: bool = False
    silenced: bool = False
    unverified: bool = False  # has not shown yet that their address is theirs
    opens_in: frozenset[int] = field(default_factory=frozenset)
    replies_in: frozenset[int] = field(default_factory=frozenset)
    moderates: frozenset[int] = field(default_factory=frozenset)

    def within(self, category_id: int) -> "Actor":
        """This actor as they act on what stands in a category: who moderates it alone is a moderator there, and only there.

        The one place where that is so. Policies are asked of the result wherever the subject's category is known.
        """
        if category_id not in self.moderates or self.can("moderate"):
            return self
        role: Role = "moderator" if self.role == "member" else self.role
        return replace(self, role=role, rights=self.rights | _MODERATOR_RIGHTS)

    def can_in(self, right: str, category_id: int) -> bool:
        """Whether this actor can do that with what stands in a category."""
        return self.within(category_id).can(right)

    @property
    def viewer_id(self) -> int:
        """As whom this actor reads: somebody suspended, or not confirmed yet, reads as the public does."""
        return 0 if self.member_id is None or self.suspended or self.unverified else self.member_id

    def can(self, right: str) -> bool:
        """Whether a role or an earned privilege of this actor brings `right`."""
        return right in self.rights or right in self.privileges

    @property
    def has_rights_over_others(self) -> bool:
        """Whether a role, a privilege or a category brings more than what one does in one's own name."""
        return bool(self.moderates or (self.rights | self.privileges) - IN_ONES_OWN_NAME - {"administer"})

    @property
    def is_signed_in(self) -> bool:
        return self.member_id is not None

    @property
    def voice(self) -> str:
        """As what this actor speaks and decides; public records keep this word.

        Whoever belongs to the company does so as one of it, whatever else they are: see `OF_THE_COMPANY`.
        """
        return self.role if not self.is_staff else OF_THE_COMPANY.get(self.role, "staff")


ANONYMOUS = Actor(member_id=None)


def rights_of(role: Role, *, is_staff: bool) -> frozenset[str]:
    """The rights that a role brings, and those of staff with them: only who is shown as the company's own speaks for it."""
    rights = _ROLE_RIGHTS[role]
    return rights | _STAFF_RIGHTS if is_staff else rights


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes."""

    allowed = True


@dataclass(frozen=True, slots=True)
class Denied:
    """No, and the sentence that says why."""

    text: Text
    allowed = False


Verdict = Allowed | Denied
ALLOWED = Allowed()


def denied(msgid: str, **values: object) -> Denied:
    """A refusal whose sentence was marked with `N_`."""
    return Denied(Text(msgid, **values))


def require(verdict: Verdict) -> None:
    """Go on only if allowed.

    Raises:
        NotAllowed: with the sentence of the refusal.
    """
    if isinstance(verdict, Denied):
        raise NotAllowed(verdict.text)
