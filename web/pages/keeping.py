"""How long a page that visitors see may be kept: until anything changes, or until its thread does."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.threads.pages import public_version
from web.edge.cache import keep
from web.edge.visit import Version, visit_of
from web.installation import AnyConnection, db_of, installation_of


def version_before(request: AnyConnection, connection: Connection, actor: Actor) -> Version:
    """What a list will be kept under; to be read before anything that the list shows. Nothing for members, whose pages are theirs."""
    return "" if actor.is_signed_in else db_of(request).last_change(connection)


def keep_list(request: AnyConnection, actor: Actor, *, address: str, version: Version) -> None:
    """Keep a list for visitors until anything at all is committed: a list can change with any of its threads and people."""
    if not actor.is_signed_in:
        _keep(request, address, version, db_of(request).last_change)


def keep_thread(request: AnyConnection, actor: Actor, *, address: str, thread_id: int, version: int) -> None:
    """Keep a thread's page for visitors until the thread changes. Points beside names may lag by the cache's own lifetime."""
    if not actor.is_signed_in:
        keep_one(request, address, version, lambda connection: public_version(connection, thread_id=thread_id))


def keep_one(request: AnyConnection, address: str, version: int, version_of: Callable[[Connection], int]) -> None:
    """Keep a visitor's page of one thing until that changes, or the site around it does."""
    _keep(request, address, version, version_of)


def _keep(request: AnyConnection, address: str, version: Version, version_of: Callable[[Connection], Version]) -> None:
    """The settings of the site are on every page, and may be half a second old on one that is newer."""
    sites = installation_of(request).sites

    def both(connection: Connection) -> Version:
        return f"{version_of(connection)} {sites.now(connection).version}"

    keep(request, address=address, version=f"{version} {visit_of(request).site_version}", version_of=both)
