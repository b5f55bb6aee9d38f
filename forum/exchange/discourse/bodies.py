"""What a Discourse post says, as Markdown and HTML of our own. Pure, so that it can run in other processes."""

import re

import msgspec

from forum.exchange import bodies
from forum.exchange.alike import bare, pieces
from forum.exchange.bodies import Body, Saying
from forum.exchange.discourse.cooked import our_markdown, plain_html
from forum.kernel import markdown
from forum.kernel.errors import Invalid, Text

# Files that only that site can find, and the tags of older forums: what has them never comes out the same.
_HOPELESS = re.compile(r"upload://|\[(?:img|url|b|i|u|s|size|color|list|code)[\]=]", re.IGNORECASE)
# Discourse makes quotation marks and dashes of what people type.
_TYPED = str.maketrans({"‘": "'", "’": "'", "“": "'", "”": "'", '"': "'", "–": "-", "—": "-"})


def body(saying: Saying, base: str) -> Body | Text:
    """Prepare one body: the author's own Markdown where it comes out the same here, else Markdown made of the HTML.

    The same means: the same content, line breaks where they were, quotation marks and dashes however they are drawn.
    """
    html = plain_html(saying.html)
    if saying.markdown is not None:
        own = _own(saying.markdown, html, base)
        if own is not None:
            return own
    return bodies.body(msgspec.structs.replace(saying, html=html, markdown=None), base)


def _own(raw: str, html: str, base: str) -> Body | None:
    if _HOPELESS.search(raw):
        return None
    breaks = html.count("<br")
    source = our_markdown(raw, with_breaks=breaks > 0)
    try:
        ours = markdown.render(source).html
        if ours.count("<br") == breaks and _same(html, ours, base):
            return Body(source=source, html=ours)
    except (Invalid, RecursionError, AssertionError):
        return None  # the HTML has the last word, and the reason if that cannot be kept either
    return None


def _same(one: str, other: str, base: str) -> bool:
    return bare(one) == bare(other) or _typed(one, base) == _typed(other, base)


def _typed(html: str, base: str) -> list[tuple[str, str]]:
    return [
        (kind, value.translate(_TYPED).replace("--", "-") if kind == "text" else value)
        for kind, value in pieces(html, base=base)
    ]
