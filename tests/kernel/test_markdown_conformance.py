"""CommonMark's and GitHub's own examples, read through what we do differently on purpose.

Before comparing, both sides are brought to one form: heading levels, colours, wrappers and `rel` go, an image of the specification
becomes the link that we make of it. What still differs is named below with its reason, and a case that begins to agree must leave the list.
"""

import json
import re
from html.parser import HTMLParser

import pytest

from forum.kernel.markdown import render
from tests.shared import shared_data

_UNSEEN = {"div", "label", "span", "thead", "tbody"}
_SAME = {"del": "s", "th": "td", **{f"h{level}": "h" for level in range(1, 7)}}
_BLOCKS = {"p", "li", "ul", "ol", "blockquote", "pre", "h", "hr", "table", "tr", "td", "br"}
_KEPT = {"href", "title", "start", "checked", "align"}


class _Form(HTMLParser):
    """The tags, attributes and words that matter, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.in_link = self.in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag, values = _SAME.get(tag, tag), dict(attrs)
        if tag == "img":
            self._image(values)
            return
        if tag in _UNSEEN:
            return
        self.in_link |= tag == "a"
        self.in_pre |= tag == "pre"
        for name in ("right", "center"):
            if (
                values.get("align") == name
                or values.get("class") == {"right": "align-end", "center": "align-middle"}[name]
            ):
                values["align"] = name
        kept = [f"{name}={value or ''}" for name, value in sorted(values.items()) if name in _KEPT and value != "left"]
        self.parts.append(f"<{' '.join([tag, *kept])}>")

    def handle_endtag(self, tag: str) -> None:
        tag = _SAME.get(tag, tag)
        self.in_link &= tag != "a"
        self.in_pre &= tag != "pre"
        if tag not in _UNSEEN | {"br", "hr", "img", "input"}:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self.in_pre else re.sub(r"\s+", " ", data))

    def _image(self, values: dict[str, str | None]) -> None:
        shown = re.sub(r"\s+", " ", values.get("alt") or values.get("src") or "")
        if self.in_link:
            self.parts.append(shown)
        else:
            title = f" title={values['title']}" if values.get("title") else ""
            self.parts.append(f"<a href={values.get('src')}{title}>{shown}</a>")


def form(html: str) -> str:
    reader = _Form()
    reader.feed(html)
    reader.close()
    joined = "".join(reader.parts)
    blocks = "|".join(sorted(_BLOCKS))
    joined = re.sub(rf"(?<!<pre>)\s*(</?(?:{blocks})(?: [^>]*)?>)\s*", r"\1", joined)
    return joined.strip()


def _cases(suite: str) -> list[dict[str, str]]:
    cases: list[dict[str, str]] = json.loads(shared_data(f"data/markdown-conformance/{suite}.json").read_text())
    return cases


def differing(cases: list[dict[str, str]]) -> set[int]:
    return {number for number, case in enumerate(cases, 1) if form(render(case["markdown"]).html) != form(case["html"])}


RAW_HTML = "tags are shown as text"
SCHEMES = "only http, https and mailto are linked"
BARE = "bare addresses are linked, as GitHub does"
EMPTY = "a heading without words is dropped"
FOOTNOTES = "footnotes are not part of the dialect"
TYPOGRAPHY = "quotes, dashes and dots stay as they were typed"
TILDES = "one or two tildes strike out, longer runs do not, as GitHub says"
ADDRESS = "a host is shown as typed, and one that cannot be parsed is no link"
LIBRARY = "the parser keeps two spaces after an escaped backslash from breaking the line"

EXCEPTIONS: dict[str, dict[str, set[int]]] = {
    "commonmark-spec": {
        RAW_HTML: {21, 31, *range(148, 192), 308, 309, 344, 475, 476, 477, 491, 524, 536, *range(614, 618), 623}
        | {*range(625, 632), 642, 643},
        EMPTY: {79},
        SCHEMES: {596, 598, 599, 601},
        BARE: {602, 608, 611, 612},
    },
    "gfm-spec": {
        RAW_HTML: {*range(118, 161), 288, 289, 317, 327, 354, 484, 485, 486, 500, 532, 544, *range(633, 637), 642, 644}
        | {647, 648, 649, 650, 651, 653, 663, 664},
        EMPTY: {49},
        SCHEMES: {604, 606, 607, 609, 628},
        BARE: {610, 616, 619, 620},
    },
    "gfm-extensions": {FOOTNOTES: {15}},
    "cmark-regression": {RAW_HTML: {2, 4, 10}},
    "markdown-it-fixtures": {
        RAW_HTML: {14, 15, 28, 30, 33, 35, 44},
        SCHEMES: {51},
        ADDRESS: {48, 52},
        LIBRARY: {29},
        TYPOGRAPHY: {56, 57, *range(59, 68), 73, 89, 90, 91, 93},
        TILDES: {69, 70, 71, 74},
    },
}


@pytest.mark.parametrize("suite", EXCEPTIONS)
def test_a_suite_agrees_but_for_the_named_exceptions(suite: str) -> None:
    cases = _cases(suite)
    assert differing(cases) == set().union(*EXCEPTIONS[suite].values())


def test_of_1448_examples_1257_agree() -> None:
    total = sum(len(_cases(suite)) for suite in EXCEPTIONS)
    excepted = sum(len(numbers) for reasons in EXCEPTIONS.values() for numbers in reasons.values())
    assert (total, total - excepted) == (1448, 1257)
