"""What an address says: ids in its path, arguments in its query. Read strictly, so that one page has one address."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from forum.kernel.errors import NotFound
from web import forms
from web.edge.visit import HasScope

S = TypeVar("S", bound=msgspec.Struct)


def path_id(text: str) -> int:
    """The id that a path part spells: plain ASCII digits, from 1 to what a database holds. Handlers take ids as `str`.

    Raises:
        NotFound: anything else, also `+1`, `1_0`, `01` and digits of other scripts, which `int` would read.
    """
    number = forms.whole_number(text)
    if number is None or number < 1:
        raise NotFound()
    return number


def query(request: HasScope, arguments: type[S]) -> S:
    """The query's arguments as a struct, by the rules of `web.forms`.

    Raises:
        Invalid: with a sentence for each argument that cannot be used.
    """
    return forms.read(forms.pairs_of(request.scope["query_string"]), arguments)
