"""The pictures that members wear, each at an address that names what it shows: whoever has one need not ask again."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from forum.kernel.errors import NotFound
from forum.members import avatars
from web.installation import installation_of

_HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",  # it came from a person, whatever we made of it
}


@get("/avatars/{name:str}", action="member.picture", sync_to_thread=True, include_in_schema=False)
def avatar(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """One picture."""
    content = avatars.read(installation_of(request).settings.uploads_dir, name)
    if content is None:
        raise NotFound()
    return Response(content, media_type="image/webp", headers=_HEADERS)


routes = [avatar]
