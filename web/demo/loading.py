"""Bringing the demo community to life: every step through the verb that people use, each at its moment."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.db import Database
from forum.members.tables import Member
from web.demo.content import Community
from web.demo.stage import Stage
from web.demo.steps import Step, steps

DAY = timedelta(days=1)


def is_inhabited(db: Database) -> bool:
    """Whether anybody has an account here."""
    with db.reading() as connection:
        return connection.execute(select(Member.id).limit(1)).first() is not None


def fill(db: Database, community: Community, passwords: Mapping[str, str], react: Callable[[Session], object]) -> bool:
    """Fill an installation that nobody lives in yet; returns whether that was done.

    `react` tells the subscribers what happened. It is called at the end of each day of the story, at that day's time, so that
    reputation has grown when somebody needs it, and notifications bear the day on which they would have come.
    """
    if is_inhabited(db):
        return False
    stage, filled_at = Stage(dict(passwords)), clock.now()
    for _, day in groupby(steps(community), key=lambda step: step.ago // DAY):
        _live(db, stage, list(day), filled_at, react)
    return True


def _live(
    db: Database, stage: Stage, day: Sequence[Step], filled_at: datetime, react: Callable[[Session], object]
) -> None:
    """A day is one transaction: to commit each vote by itself would make a newcomer wait."""
    with db.transaction() as session:
        for step in day:
            with clock.at(filled_at - step.ago):
                step.act(stage, session)
        with clock.at(filled_at - day[-1].ago):
            react(session)


def passwords_of(community: Community, secret_key: str) -> dict[str, str]:
    """Passwords of those who show the house, this installation's own: made from its secret key, so that they can be shown at
    each start and need to be kept nowhere. The others have none, because each would cost a newcomer time."""
    return {person.handle: _password(person.handle, secret_key) for person in community.people if person.signs_in_as}


def _password(handle: str, secret_key: str) -> str:
    made = hmac.digest(secret_key.encode(), f"password of {handle} in the demo".encode(), hashlib.sha256)
    letters = base64.b32encode(made).decode().lower()
    return "-".join(letters[start : start + 5] for start in (0, 5, 10))
