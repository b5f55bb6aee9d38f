"""Markdown becomes HTML here, once, when it is written.

The dialect is GitHub's without raw HTML: what looks like a tag is shown as text. Three things differ on purpose. An image from
elsewhere becomes a link, so that reading fetches nothing from anybody. Headings are demoted to fit the page they land in.
Names of people (`@ada`) stay plain text; who is meant is decided by whoever notifies.

`rendering` puts the parser together and is loaded by the first text that is rendered, because most processes that import this
module only show what is stored. `bare_links` finds addresses in running text, `shaping` bends the parsed tokens to these rules,
`output` writes and cleans the HTML, `highlighting` colours code.
"""

import re

import msgspec

from forum.kernel.errors import N_, Invalid, Text

RENDERER_VERSION = 1
"""Stored beside the HTML; raise it when the same source would come out differently."""

MAX_BYTES = 64 * 1024
"""Of source, in UTF-8. The time to render grows with the length alone, so this bounds it too."""

# What PostgreSQL cannot store (NUL), what no encoder takes (lone surrogates) …
_REFUSED = re.compile("[\x00\ud800-\udfff]")
# … and what XML, hence our feeds, cannot carry. These have no look and go silently.
_DROPPED = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class Rendered(msgspec.Struct, frozen=True):
    """HTML that is safe to put into a page as it is, and the same in plain text, for search and previews."""

    html: str
    text: str


def render(source: str, *, below: int = 2) -> Rendered:
    """Render what a person wrote.

    `below` is the level of the heading it stands under on its page: 1 for what follows the title directly (the opening post, an
    article), 2 for replies. The highest heading of the source comes one level under it, and no level is skipped.

    Raises:
        Invalid: (field "body") over 64 KB, characters that cannot be stored, or too many parts to show.
    """
    check(source)
    from forum.kernel.markdown import rendering

    html, text = rendering.rendered(_DROPPED.sub("", source), below)
    return Rendered(html=html, text=text)


def check(source: str) -> None:
    """Refuse what `render` refuses for its length or its characters, without rendering.

    Raises:
        Invalid: (field "body").
    """
    if _REFUSED.search(source):
        raise Invalid(
            {"body": N_("There is a character in this text that cannot be stored. Remove it, then try again.")}
        )
    size = len(source.encode())
    if size > MAX_BYTES:
        wrong = N_("This is %(size)d KB long, and %(most)d KB is the most. Shorten it, or attach a file.")
        raise Invalid({"body": Text(wrong, size=-(-size // 1024), most=MAX_BYTES // 1024)})


def excerpt(text: str, length: int) -> str:
    """The beginning of a plain text on one line, in at most `length` characters, cut between words where there are any."""
    line = " ".join(text[: length * 8].split())
    if len(line) <= length and len(text) <= length * 8:
        return line
    cut = line[: length - 1]
    if " " in cut and not line[length - 1 : length].isspace():
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:.-–—(") + "…"
