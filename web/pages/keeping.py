"""How long a page that visitors see may be kept: until anything changes, or until its thread does."""

from __future__ import annotations

from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.threads.pages import public_version
from web.edge.cache import keep
from web.edge.visit import Version
from web.installation import AnyConnection, db_of


def version_before(request: AnyConnection, connection: Connection, actor: Actor) -> Version:
    """What a list will be kept under; to be read before anything that the list shows. Nothing for members, whose pages are theirs."""
    return "" if actor.is_signed_in else db_of(request).last_change(connection)


def keep_list(request: AnyConnection, actor: Actor, *, address: str, version: Version) -> None:
    """Keep a list for visitors until anything at all is committed: a list can change with any of its threads and people."""
    if not actor.is_signed_in:
        keep(request, address=address, version=version, version_of=db_of(request).last_change)


def keep_thread(request: AnyConnection, actor: Actor, *, address: str, thread_id: int, version: int) -> None:
    """Keep a thread's page for visitors until the thread changes. Points beside names may lag by the cache's own lifetime."""
    if actor.is_signed_in:
        return

    def version_of(connection: Connection) -> Version:
        return public_version(connection, thread_id=thread_id)

    keep(request, address=address, version=version, version_of=version_of)
