"""Forms that bring a file (`multipart/form-data`), read from a body that is whole in memory already."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from multipart import MultipartError, MultipartParser, parse_options_header

from forum.kernel.errors import N_, Invalid, Text
from web.edge.visit import HasScope, visit_of
from web.problems import BAD_REQUEST, Refused

OVERHEAD: Final = 16 * 2**10
"""What a form with a file may be larger than the file: boundaries, headers and the token."""
_MOST_PARTS: Final = 10
_UNREADABLE = Text(N_("The form could not be read."))
_NO_FILE = Text(N_("Choose a file first."))
_TOO_LARGE = Text(N_("This file is too large. %(megabytes)s MB are the most."))


def file_in(request: HasScope, body: bytes, field: str, *, most: int) -> bytes:
    """The file of a form's field. What the sender calls it, and of which kind they say it is, is not even read.

    Raises:
        Invalid: (of the field) no file was chosen, or it is larger than `most` bytes.
        Refused: the body is no such form.
    """
    kind, options = parse_options_header(visit_of(request).headers.get(b"content-type", b"").decode("latin-1"))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Refused(BAD_REQUEST, _UNREADABLE)
    whole = len(body) + 1  # it is in memory already, so no part of it goes to a file
    parser = MultipartParser(
        BytesIO(body), options["boundary"], part_limit=_MOST_PARTS, memory_limit=whole, spool_limit=whole
    )
    try:
        part = parser.get(field)
    except MultipartError:
        raise Refused(BAD_REQUEST, _UNREADABLE) from None
    content: bytes = b"" if part is None else part.raw
    if not content:
        raise Invalid({field: _NO_FILE})
    if len(content) > most:
        raise Invalid({field: Text(_TOO_LARGE.msgid, megabytes=most // 2**20)})
    return content
