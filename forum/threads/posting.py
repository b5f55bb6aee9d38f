"""What `asking` and `replying` share: a post with the badge that its author wears now."""

from datetime import datetime
from typing import Any

from forum.kernel import markdown
from forum.kernel.access import Actor
from forum.kernel.errors import NotAllowed
from forum.threads.tables import Post, Thread

BADGE = ("is_company", "badge_team", "badge_title", "badge_kind", "badge_is_confirmed")
"""What posts and their versions keep of the badge that was worn."""


def made(actor: Actor, thread: Thread, *, number: int, body: str, is_statement: bool, at: datetime) -> Post:
    """A post of a thread. Team and title, or organisation, are kept with it, so it shows for good as whom its author spoke."""
    return Post(
        thread_id=thread.id,
        number=number,
        author_id=member_of(actor),
        source=body,
        html=html_of(body, number=number),
        renderer=markdown.RENDERER_VERSION,
        locale=thread.locale if number == 1 else "",
        created_at=at,
        is_statement=is_statement,
        **worn(actor),
    )


def worn(actor: Actor) -> dict[str, Any]:
    """The badge that somebody wears now, as posts and their versions keep it: of the company, or of who is bound to it."""
    return {
        "is_company": actor.is_staff,
        "badge_team": actor.team if actor.is_staff else actor.organisation,
        "badge_title": actor.title,
        "badge_kind": actor.bond,
        "badge_is_confirmed": actor.bond_is_confirmed,
    }


def html_of(source: str, *, number: int) -> str:
    """The HTML of a post: the opening post's headings stand under the title, those of a reply one level lower.

    Raises:
        Invalid: the source cannot be rendered.
    """
    return markdown.render(source, below=1 if number == 1 else 2).html


def member_of(actor: Actor) -> int:
    """The member who acts; the house itself and visitors write nothing.

    Raises:
        NotAllowed: nobody is signed in.
    """
    if actor.member_id is None:
        raise NotAllowed()
    return actor.member_id
