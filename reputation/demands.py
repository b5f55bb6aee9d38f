"""What follows when the site asks for more points, or for fewer, before somebody may do more."""

from collections.abc import Set as AbstractSet

from sqlalchemy.orm import Session

from forum.members import site
from forum.members.standing import set_privileges
from reputation.rules import steps


def follow(session: Session, changed: AbstractSet[str]) -> None:
    """Give everybody the privileges of the new demands, if they are among what was changed; each next request has them.

    In the transaction of the change, after it: whoever sees the setting sees what came of it.
    """
    if "demands" in changed:
        set_privileges(session, steps(site.demands(session)))
