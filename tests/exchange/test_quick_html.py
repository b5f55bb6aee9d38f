"""The quick reading of HTML tells of the same parts as Python's own."""

import json
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forum.exchange.quick_html import QuickHTMLParser
from tests.shared import shared_data


class _Noted:
    """What a parser tells, pieces of text that follow each other joined."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.told.append(("start", tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.told.append(("end", tag))

    def handle_data(self, data: str) -> None:
        before = self.told.pop()[1] if self.told and self.told[-1][0] == "text" else ""
        self.told.append(("text", before + data))


class Quick(_Noted, QuickHTMLParser):
    pass


class Patient(_Noted, HTMLParser):
    pass


def told(kind: type[Quick] | type[Patient], html: str) -> list[tuple[Any, ...]]:
    parser = kind()
    try:
        parser.feed(html)
        parser.close()
    except AssertionError:
        return [("refused",)]  # Python's parser has no better word for a declaration that is none
    return parser.told


_BITS = st.sampled_from(
    [
        "<p>", "</p>", "<br>", "<br/>", "<br />", '<a href="/x?a=1&amp;b=2" rel=\'no\'>', '<a href="/x?a=1&amp;b=&lt;2">', "</a>",
        "</a >", '</a id="x">', "<A>", "<!-- a -->", "<!", "<script>", "</script>", "<", ">", "&", "&amp;", "&am", "&#8217;", "&#x80;",
        "words", "\n", '"', "<img src=\"a.png\" alt=''>", '<img src="a.png" alt="">', "<img src=a>", "<p hidden>", "<p\nid=\"a\">", "</",
    ]
)  # fmt: skip


@given(st.lists(_BITS, max_size=8).map("".join))
def test_any_html_is_told_as_it_is(html: str) -> None:
    assert told(Quick, html) == told(Patient, html)


def test_real_attacks_are_told_as_they_are() -> None:
    for line in (shared_data("data/xss-vectors") / "vectors.jsonl").read_bytes().splitlines():
        payload = json.loads(line)["payload"]
        assert told(Quick, payload) == told(Patient, payload)
