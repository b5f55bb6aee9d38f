"""Tags: how they are spelled, made when first used, put on threads, described."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.kernel import markdown
from forum.kernel.access import Actor, require
from forum.kernel.db import insert_new
from forum.kernel.errors import N_, NotFound
from forum.threads import counting, text
from forum.threads.policies import may_describe_tags
from forum.threads.tables import Category, Tag, Thread, ThreadTag
from forum.threads.text import Faults

MOST = 5
LONGEST = 40
_SPELLED = re.compile(r"[a-z0-9.+#-]+")


def folded(name: str) -> str:
    """The one spelling of a tag: small letters without accents, words joined by hyphens ("Caffè  Moka" is "caffe-moka")."""
    plain = unicodedata.normalize("NFKD", name.strip()).casefold()
    without_accents = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[\s_-]+", "-", without_accents).strip("-")


def checked(names: Iterable[str], faults: Faults) -> list[str]:
    """Tags as somebody typed them, in the one spelling, each once."""
    wanted = list(dict.fromkeys(key for name in names if (key := folded(name))))
    if len(wanted) > MOST:
        faults.add("tags", N_("Choose at most %(most)s tags."), most=MOST)
    for name in wanted:
        if len(name) > LONGEST:
            faults.add("tags", N_("A tag has at most %(most)s characters."), most=LONGEST)
        elif not _SPELLED.fullmatch(name):
            faults.add(
                "tags", N_("Tags are made of the letters a to z, digits and . + # -; “%(tag)s” is not."), tag=name
            )
    return wanted


def of_thread(session: Session, thread: Thread) -> list[str]:
    """The tags of a thread, sorted."""
    named = select(Tag.name).join(ThreadTag, ThreadTag.tag_id == Tag.id).where(ThreadTag.thread_id == thread.id)
    return sorted(session.scalars(named))


def put_on(session: Session, thread: Thread, names: Sequence[str]) -> None:
    """Make `names`, which were checked, the tags of a thread that is locked or new."""
    wanted = {_tag(session, name).id for name in sorted(names)}
    present = set(session.scalars(select(ThreadTag.tag_id).where(ThreadTag.thread_id == thread.id)))
    gone, come = present - wanted, wanted - present
    session.execute(delete(ThreadTag).where(ThreadTag.thread_id == thread.id, ThreadTag.tag_id.in_(gone)))
    session.add_all(ThreadTag(thread_id=thread.id, tag_id=tag_id) for tag_id in sorted(come))
    counting.count_tags(session, thread, gone, -1)
    counting.count_tags(session, thread, come, 1)


def move(session: Session, thread: Thread, category: Category) -> None:
    """Take a thread that is locked to another category; its tags count it only where everybody sees it."""
    if thread.category_id == category.id:
        return
    worn = ids_of(session, thread)
    counting.count_tags(session, thread, worn, -1)
    thread.category_id = category.id
    counting.count_tags(session, thread, worn, 1)


def ids_of(session: Session, thread: Thread) -> Sequence[int]:
    """The ids of a thread's tags."""
    return session.scalars(select(ThreadTag.tag_id).where(ThreadTag.thread_id == thread.id)).all()


def describe(session: Session, actor: Actor, *, name: str, description: str) -> Tag:
    """Say what a tag is for.

    Raises:
        NotAllowed: this actor may not retag.
        NotFound: there is no such tag.
        Invalid: the description is too long.
    """
    require(may_describe_tags(actor))
    faults = Faults()
    description = text.description(description, faults)
    faults.refuse()
    tag = session.scalar(select(Tag).where(Tag.name_key == folded(name)).with_for_update(key_share=True))
    if tag is None:
        raise NotFound()
    tag.description, tag.description_html = description, markdown.render(description).html
    return tag


def _tag(session: Session, name: str) -> Tag:
    """The tag of that spelling, made if there is none yet; two people may make it at the same time."""
    named = select(Tag).where(Tag.name_key == name)
    found = session.scalar(named)
    if found is None:
        session.execute(insert_new(session, Tag).values(_new(name)))
        found = session.scalars(named).one()
    return found


def _new(name: str) -> dict[str, object]:
    return {"name": name, "name_key": name, "description": "", "description_html": "", "thread_count": 0}
