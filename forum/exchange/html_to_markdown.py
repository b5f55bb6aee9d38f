"""Turns the HTML of a Stack Exchange post into Markdown that our renderer shows alike.

markdownify walks the tree and escapes the text; here stands what it does otherwise than posts need: code kept to the
letter, lists and emphasis that read back as themselves, and images from elsewhere as links, since nothing is fetched.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from bs4.builder._htmlparser import BeautifulSoupHTMLParser, HTMLParserTreeBuilder
from bs4.element import NavigableString, Tag
from markdownify import MarkdownConverter

from forum.exchange.alike import absolute, unnamed
from forum.exchange.quick_html import QuickHTMLParser

Parents = set[str]

# Schemes that the renderer lets a link have; of any other link only its words are kept.
_SCHEMES = frozenset({"http", "https", "mailto"})
# A percent sign would be shown decoded between the angle brackets.
_AUTOLINK = re.compile(r"https?://[^\s<>\\%]+")
# What may begin or end something in running text; an underscore inside a word does not.
_MARKS = re.compile(r"[\\`*\[\]]|<(?=[a-zA-Z/!?]|\Z)|(?<![^\W_])_|_(?![^\W_])|~|&(?=#?\w+;)|(?<=\s)#(?=#*\s*\Z)")
_MARK_CHARACTERS = re.compile(r"[\\`*\[\]<_~&#]")
# What begins something at the start of a line. The text of an element may be such a start, or not: it costs a backslash.
_LINE_MARKS = re.compile(r"^( ?)([-+](?=\s|-*\s*$)|#(?=#{0,5}(?:\s|$))|[>|]|:(?=-)|=(?==*\s*$))", re.MULTILINE)
_LIST_NUMBERS = re.compile(r"^( ?\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
_LINE_CHARACTERS = re.compile(r" ?[-+#>|:=\d]")
# An address that was no link in the source is to stay none, and one among a link's words is not to end the link.
_BARE_ADDRESS = re.compile(r"(https?|ftp|www|\w)(:(?=//)|(?<=www)\.|@(?=\w))", re.IGNORECASE)
_LINE_ENDS, _BLANKS = re.compile(r"[ \t]*[\r\n][ \t\r\n]*"), re.compile(r"[\t ]{2,}|\t")
_LINES = re.compile(r"^(?=.)", re.MULTILINE)
_TICKS = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|])")
_LANGUAGE = re.compile(r"^lang(?:uage)?-([\w+#-]+)$")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
# Inside these, and around them, blanks at the ends of a text mean nothing.
_BLOCKS = frozenset(
    {"p", "blockquote", "article", "div", "section", "ol", "ul", "li", "dl", "dt", "dd", "table", "thead", "tbody"}
    | {"tfoot", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6"}
)
# Stands for the marks of another emphasis.
_MARK = "\0"
# CommonMark lets a list begin with a number of at most nine digits.
_LARGEST_START = 999_999_999


def to_markdown(html: str, *, base: str = "") -> str:
    """The Markdown for a piece of HTML; relative links are made absolute against `base`.

    Raises:
        RecursionError: the HTML is nested deeper than any post is.
    """
    # Without any tag the parser would warn that it was given a file's name.
    markdown: str = _converter(base).convert(f"<div>{html}</div>")
    return markdown.rstrip()


@lru_cache(8)
def _converter(base: str) -> "_Converter":
    """Making one costs as much as a short post."""
    return _Converter(base)


class _Tag(Tag):
    """markdownify asks every element whether it lies in a `<pre>`, for which the parser's own search is slow."""

    def find_parent(self, name: Any = None, attrs: Any = None, **kwargs: Any) -> Any:
        if not isinstance(name, str) or attrs or kwargs:
            return super().find_parent(name, attrs, **kwargs)
        parent = self.parent
        while parent is not None and parent.name != name:
            parent = parent.parent
        return parent


class _Parser(QuickHTMLParser, BeautifulSoupHTMLParser):
    pass


class _Builder(HTMLParserTreeBuilder):
    def feed(self, markup: Any, _parser_class: type[BeautifulSoupHTMLParser] = _Parser) -> None:
        super().feed(markup, _parser_class)


class _Converter(MarkdownConverter):
    """One `convert_…` an element, as markdownify wants it: the element, its converted content, the elements around."""

    def __init__(self, base: str) -> None:
        parsing: Any = {"builder": _Builder, "store_line_numbers": False, "element_classes": {Tag: _Tag}}
        super().__init__(heading_style="atx", bs4_options=parsing)
        self._base = base

    def escape(self, text: str, parent_tags: Parents) -> str:
        """Keep words from being read as marks, and leave alone what could not be, since people will edit this."""
        if not text:
            return ""
        # Most texts have none of these, which is quicker to see than to search for each in its surroundings.
        if _MARK_CHARACTERS.search(text):
            text = _MARKS.sub(r"\\\g<0>", text)
        if "\n" in text or _LINE_CHARACTERS.match(text):
            text = _LINE_MARKS.sub(r"\1\\\2", text)
            text = _LIST_NUMBERS.sub(r"\1\\\2", text)
        if "://" in text or "@" in text or "www" in text.lower():
            text = _BARE_ADDRESS.sub(r"\1\\\2", text)
        if "td" in parent_tags or "th" in parent_tags:
            text = text.replace("|", r"\|")
        return text

    def process_text(self, el: NavigableString, parent_tags: Parents) -> str:
        """Words with single blanks, escaped, and without blanks where a block begins or ends: as markdownify does it, but quicker."""
        text = str(el)
        if "pre" not in parent_tags:
            text = _plain_blanks(text)
        if "_noformat" not in parent_tags:
            text = self.escape(text, parent_tags)
        inside = el.parent is not None and el.parent.name in _BLOCKS
        if (inside and not el.previous_sibling) or _parts_words(el.previous_sibling):
            text = text.lstrip(" \t\r\n")
        if (inside and not el.next_sibling) or _parts_words(el.next_sibling):
            text = text.rstrip()
        # Before a link it would make an image.
        return text[:-1] + r"\!" if text.endswith("!") and el.next_sibling is not None else text

    def convert_a(self, el: Tag, text: str, parent_tags: Parents) -> str:
        before, words, after = _split_edges(text)
        address = absolute(_attribute(el, "href"), self._base)
        if not words or not _may_link(address):
            return text
        if el.find(True) is None and el.get_text() == address and _AUTOLINK.fullmatch(address):
            return f"{before}<{address}>{after}"
        title = re.sub(r"\s+", " ", _attribute(el, "title")).strip()
        return f"{before}[{words}]({_destination(address)}{_quoted(title)}){after}"

    def convert_img(self, el: Tag, text: str, parent_tags: Parents) -> str:
        address = absolute(_attribute(el, "src"), self._base)
        words = _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", _attribute(el, "alt") or unnamed(address)))
        if "a" in parent_tags or not _may_link(address):
            return words
        return f"[{words}]({_destination(address)})"

    def convert_em(self, el: Tag, text: str, parent_tags: Parents) -> str:
        return _emphasis(el, text, "*", parent_tags)

    def convert_strong(self, el: Tag, text: str, parent_tags: Parents) -> str:
        return _emphasis(el, text, "**", parent_tags)

    def convert_del(self, el: Tag, text: str, parent_tags: Parents) -> str:
        return _emphasis(el, text, "~~", parent_tags)

    convert_i = convert_em
    convert_b = convert_strong
    convert_s = convert_del
    convert_strike = convert_del

    def convert_sub(self, el: Tag, text: str, parent_tags: Parents) -> str:
        return _shifted(text, _LOWERED)

    def convert_sup(self, el: Tag, text: str, parent_tags: Parents) -> str:
        return _shifted(text, _RAISED)

    def convert_hr(self, el: Tag, text: str, parent_tags: Parents) -> str:
        # "- ---" would be a rule instead of a rule in a list.
        return "\n\n___\n\n" if "li" in parent_tags else "\n\n---\n\n"

    def convert_pre(self, el: Tag, text: str, parent_tags: Parents) -> str:
        code = el.get_text().rstrip("\n")
        fence = "`" * max(3, _longest_run(code) + 1)
        return f"\n\n{fence}{_language(el)}\n{code}\n{fence}\n\n"

    def convert_code(self, el: Tag, text: str, parent_tags: Parents) -> str:
        if "_noformat" in parent_tags:
            return text
        # A line end counts as a blank there, but the words behind it would begin a line.
        before, code, after = _split_edges(text.replace("\n", " "))
        if not code:
            return text
        if "td" in parent_tags or "th" in parent_tags:
            code = code.replace("|", r"\|")
        ticks = "`" * (_longest_run(code) + 1)
        gap = " " if "`" in code else ""
        return f"{before}{ticks}{gap}{code}{gap}{ticks}{after}"

    convert_kbd = convert_code
    convert_samp = convert_code

    def convert_list(self, el: Tag, text: str, parent_tags: Parents) -> str:
        if "li" not in parent_tags:
            return f"\n\n{text.rstrip()}\n\n"
        # A list whose number is not 1 cannot follow a line of words directly.
        return ("\n\n" if el.get("start") else "\n") + text.rstrip() + ("\n\n" if _followed(el) else "\n")

    convert_ul = convert_list
    convert_ol = convert_list

    def convert_li(self, el: Tag, text: str, parent_tags: Parents) -> str:
        bullet = _bullet(el) + " "
        lines = _LINES.sub(" " * len(bullet), text.strip())
        return f"{bullet}{lines[len(bullet) :]}".rstrip() + "\n"

    def convert_dt(self, el: Tag, text: str, parent_tags: Parents) -> str:
        return f"\n\n{text.strip()}\n\n"

    convert_dd = convert_dt


def _parts_words(sibling: Any) -> bool:
    return isinstance(sibling, Tag) and (sibling.name in _BLOCKS or sibling.name == "pre")


def _plain_blanks(text: str) -> str:
    if "\n" in text or "\r" in text:
        text = _LINE_ENDS.sub("\n", text)
    return _BLANKS.sub(" ", text) if "  " in text or "\t" in text else text


def _attribute(el: Tag, name: str) -> str:
    value = el.get(name)
    return value if isinstance(value, str) else ""


def _split_edges(text: str) -> tuple[str, str, str]:
    """White space at both ends and what lies between; it may not touch a delimiter from inside."""
    words = text.strip()
    if not words:
        return text, "", ""
    start = text.index(words)
    return text[:start], words, text[start + len(words) :]


def _may_link(address: str) -> bool:
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return False
    return bool(address) and (not scheme or scheme in _SCHEMES)


def _destination(address: str) -> str:
    """A link's address; in angle brackets where blanks or brackets would end it."""
    address = re.sub(r"[\r\n\t]", "", address)
    if re.search(r"[\s()<>]", address) is None:
        return address.replace("\\", "\\\\")
    return "<" + re.sub(r"([<>\\])", r"\\\1", address) + ">"


def _quoted(title: str) -> str:
    return ' "' + re.sub(r'(["\\])', r"\\\1", title) + '"' if title else ""


def _emphasis(el: Tag, text: str, mark: str, parents: Parents) -> str:
    """Words between two marks, if CommonMark would read those as an opening and a closing one; else the words alone."""
    before, words, after = _split_edges(text)
    if not words or "_noformat" in parents:
        return text
    opens = _free(words[0], before[-1:] or _neighbour(el, -1))
    closes = _free(words[-1], after[:1] or _neighbour(el, 0))
    return f"{before}{mark}{words}{mark}{after}" if opens and closes else text


def _free(inside: str, outside: str) -> bool:
    """A mark between punctuation and a letter faces the wrong way; between two marks it would run into the other."""
    return outside != _MARK and (inside.isalnum() or not outside.isalnum())


def _neighbour(el: Tag, side: int) -> str:
    """The character that stands before (-1) or after (0) an element, or a mark where another emphasis touches it."""
    sibling = el.previous_sibling if side else el.next_sibling
    if isinstance(sibling, NavigableString):
        return str(sibling)[side : side + 1 or None] if side else str(sibling)[:1]
    if isinstance(sibling, Tag) and sibling.name in ("em", "strong", "i", "b", "del", "s", "strike"):
        return _MARK
    return ""


def _shifted(text: str, table: dict[int, int]) -> str:
    """Raised or lowered digits where Unicode has them; words stay as they are."""
    shifted = text.translate(table)
    return shifted if text and all(ord(char) in table for char in text) else text


def _longest_run(code: str) -> int:
    return max((len(run) for run in _TICKS.findall(code)), default=0)


def _language(el: Tag) -> str:
    classes = el.get("class")
    for name in classes if isinstance(classes, list) else ():
        if (match := _LANGUAGE.match(name)) is not None:
            return match[1]
    return ""


def _followed(el: Tag) -> bool:
    return any(not isinstance(sibling, NavigableString) or sibling.strip() for sibling in el.next_siblings)


def _bullet(el: Tag) -> str:
    """The mark of a list item; a list right after another of its kind takes the other mark, or the two would join."""
    parent = el.parent
    other = parent is not None and _follows_its_kind(parent)
    if parent is None or parent.name != "ol":
        return "*" if other else "-"
    start = _attribute(parent, "start")
    first = int(start) if start.isascii() and start.isdecimal() and len(start) < 10 else 1
    number = first + sum(1 for _item in el.find_previous_siblings("li"))
    return f"{min(number, _LARGEST_START)}{')' if other else '.'}"


def _follows_its_kind(el: Tag) -> bool:
    """Whether the nth list in a row of lists without words between, counted from nought, has an odd n."""
    odd = False
    sibling = el.previous_sibling
    while sibling is not None:
        if isinstance(sibling, Tag):
            if sibling.name == el.name:
                odd = not odd
            elif sibling.get_text(strip=True) or sibling.find(["hr", "img"]) or sibling.name == "hr":
                break
        elif isinstance(sibling, NavigableString) and sibling.strip():
            break
        sibling = sibling.previous_sibling
    return odd
