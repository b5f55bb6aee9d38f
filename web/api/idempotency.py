"""`Idempotency-Key`: a program that does not know whether its POST arrived may send it again, and it takes effect once.

The key is written in the transaction of its effect, so there is no moment in which one exists without the other. A POST that
was refused leaves no key. The answer to the second sending shows the thing as it is then. Keys are forgotten after a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Request
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.kernel.errors import N_, Invalid
from web.api.tables import IdempotencyKey
from web.edge.visit import visit_of

_LONGEST: Final = 255
_FIELD = "Idempotency-Key"


def once(
    request: Request[Any, Any, Any], session: Session, actor: Actor, data: msgspec.Struct, do: Callable[[], int]
) -> int:
    """Do it, unless it was done under this request's key before; returns the id of what it made, then or now.

    Raises:
        Invalid: the key cannot be one, or it was used for something else.
    """
    key = _key(request)
    if key is None or actor.member_id is None:
        return do()
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + msgspec.json.encode(data)).hexdigest()
    values = {"member_id": actor.member_id, "key": key, "digest": digest, "made_id": 0, "created_at": now()}
    # while somebody else's sending of the same is under way, this waits for it to end
    taken = session.execute(insert_new(session, IdempotencyKey).values(values).returning(IdempotencyKey.key))
    mine = (IdempotencyKey.member_id == actor.member_id, IdempotencyKey.key == key)
    if taken.one_or_none() is None:
        return _done_before(session.execute(select(IdempotencyKey).where(*mine)).scalar_one(), digest)
    made_id = do()
    session.execute(update(IdempotencyKey).where(*mine).values(made_id=made_id))
    return made_id


def _key(request: Request[Any, Any, Any]) -> str | None:
    sent = visit_of(request).headers.get(b"idempotency-key")
    if sent is None:
        return None
    key = sent.decode("latin-1").strip()
    if not 1 <= len(key) <= _LONGEST or not key.isascii() or not key.isprintable():
        raise Invalid({_FIELD: N_("This key must be 1 to 255 visible ASCII characters.")})
    return key


def _done_before(row: IdempotencyKey, digest: str) -> int:
    if row.digest != digest:
        raise Invalid({_FIELD: N_("This key was used for another request. Use a new key for each one.")})
    return row.made_id
