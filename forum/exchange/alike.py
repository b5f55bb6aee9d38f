"""Do two pieces of HTML say the same?

Alike means: the same text, links, code, images, headings, lists, quotes, rules and tables, in the same order. An image
counts as a link with its alternative text, since that is what becomes of an image from elsewhere. Not compared: white
space outside code, emphasis, the level of a heading, and how paragraphs and line breaks are told apart.
"""

import re
import unicodedata
from urllib.parse import unquote, urljoin

from forum.exchange.quick_html import QuickHTMLParser

Piece = tuple[str, str]

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# Elements whose beginning and end are pieces of their own.
_STRUCTURE = _HEADINGS | {"ul", "ol", "li", "blockquote", "table", "tr", "td", "th"}
# Elements that part the words around them without being a piece.
_PARTING = frozenset({"p", "div", "br", "dl", "dt", "dd", "thead", "tbody"})
_CODE = frozenset({"code", "kbd", "samp"})
# Around nothing, these cannot be seen; an empty item or cell can.
_UNSEEN = frozenset({"a", "h", "ul", "ol", "blockquote", "table"})
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_BETWEEN, _REL = re.compile(r">\s+<"), re.compile(r'(<a href="[^"]*") rel="[^"]*"')
_WHITE = re.compile(r"\s+")


def alike(one: str, other: str, *, base: str = "") -> bool:
    """Whether two pieces of HTML have the same content; relative addresses are read against `base`."""
    # Two of three posts are the same to the letter, but for what no piece is made of.
    return bare(one) == bare(other) or pieces(one, base=base) == pieces(other, base=base)


def pieces(html: str, *, base: str = "") -> list[Piece]:
    """The content of a piece of HTML in its order."""
    reader = _Reader(base)
    reader.feed(html)
    reader.close()
    plain = ((kind, _plain(value) if kind == "text" else value) for kind, value in reader.found)
    return [piece for piece in plain if piece != ("text", "")]


def bare(html: str) -> str:
    """The HTML without what makes no piece: blanks between elements, and what links say of their relation."""
    return _REL.sub(r"\1", _BETWEEN.sub("><", html)).strip()


def absolute(address: str, base: str) -> str:
    """An address read against `base`; empty if it is none."""
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return ""


def unnamed(source: str) -> str:
    """What stands for an image that has no alternative text: the name of its file."""
    return unquote(_QUERY.sub("", source).rstrip("/").rsplit("/", 1)[-1])


def _plain(text: str) -> str:
    """Text without what only looks different; superscript digits count as digits."""
    return _WHITE.sub(" ", unicodedata.normalize("NFKC", text)).strip()


class _Reader(QuickHTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Piece] = []
        self._base = base
        self._inside = ""
        self._code = ""
        self._linked = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside:
            return
        if tag == "pre" or tag in _CODE:
            self._inside = tag
        elif tag == "a":
            self._begin_link(dict(attrs).get("href"))
        elif tag == "img":
            self._image(dict(attrs))
        elif tag == "hr" or tag in _STRUCTURE:
            self.found.append(("h" if tag in _HEADINGS else tag, ""))
        elif tag in _PARTING:
            self._say(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            if tag == self._inside:
                self._end_code()
        elif tag == "a":
            self._end_link()
        elif tag in _STRUCTURE:
            self._end("h" if tag in _HEADINGS else tag)
        elif tag in _PARTING:
            self._say(" ")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._code += data
        else:
            self._say(data)

    def _say(self, text: str) -> None:
        if self.found and self.found[-1][0] == "text":
            text = self.found.pop()[1] + text
        self.found.append(("text", text))

    def _end(self, kind: str) -> None:
        """Close an element, or take it away if there is nothing in it."""
        blank = self.found[-1:] and self.found[-1][0] == "text" and not self.found[-1][1].strip()
        opening = -2 if blank else -1
        if kind in _UNSEEN and self.found[opening:] and self.found[opening][0] == kind:
            rest = self.found[opening + 1 :] if blank else []
            del self.found[opening:]
            for _text, white in rest:
                self._say(white)
        else:
            self.found.append(("/" + kind, ""))

    def _end_code(self) -> None:
        kind, code = "pre" if self._inside == "pre" else "code", self._code
        self._inside = self._code = ""
        if not code.strip():
            self._say(code)
        else:
            # A block keeps every blank but the line ends that close it; in a line only the words count.
            self.found.append((kind, code.rstrip("\n") if kind == "pre" else _plain(code)))

    def _begin_link(self, href: str | None) -> None:
        self._linked = True
        self.found.append(("a", unquote(absolute(href or "", self._base))))

    def _end_link(self) -> None:
        if self._linked:
            self._linked = False
            self._end("a")

    def _image(self, attributes: dict[str, str | None]) -> None:
        """An image inside a link is that link's text."""
        source = attributes.get("src") or ""
        linked = self._linked
        if not linked:
            self._begin_link(source)
        self._say(attributes.get("alt") or unnamed(source))
        if not linked:
            self._end_link()
