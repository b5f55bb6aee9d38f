"""What `asking` and `replying` share: a post with the badge that its author wears now."""

from datetime import datetime

from forum.kernel import markdown
from forum.kernel.access import Actor
from forum.kernel.errors import NotAllowed
from forum.threads.tables import Post, Thread


def made(actor: Actor, thread: Thread, *, number: int, body: str, is_statement: bool, at: datetime) -> Post:
    """A post of a thread. Team and title are kept with it, so it shows for good as whom its author spoke."""
    return Post(
        thread_id=thread.id,
        number=number,
        author_id=member_of(actor),
        source=body,
        html=html_of(body, number=number),
        renderer=markdown.RENDERER_VERSION,
        locale=thread.locale if number == 1 else "",
        created_at=at,
        is_company=actor.is_staff,
        badge_team=actor.team if actor.is_staff else "",
        badge_title=actor.title if actor.is_staff else "",
        is_statement=is_statement,
    )


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
