"""What strangers type: nothing of it runs, nothing of it breaks the page, nothing of it takes the machine's time."""

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.kernel.errors import Invalid
from forum.kernel.markdown import output, render
from tests.shared import shared_data

_TAGS = {"a", "blockquote", "br", "code", "div", "em", "h3", "h4", "h5", "h6", "hr", "img", "input", "label", "li", "ol", "p"} | {
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"href", "title", "rel", "src", "alt", "width", "height", "loading", "type", "disabled", "checked", "start"} | {
    "class", "role", "aria-label", "tabindex", "scope",
}  # fmt: skip


class _Inspector(HTMLParser):
    """Collects whatever should not be there. What is allowed is spelled out here anew, not taken from the renderer."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name not in _ATTRIBUTES:
                self.wrong.append(f"{tag} {name}")
            if name == "href" and not _harmless(value or ""):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "src" and not re.match(r"/files/[\w/.-]+\Z", value or ""):
                self.wrong.append(f"{tag} {name}={value}")
        if tag == "a" and dict(attrs).get("rel") != "nofollow ugc noopener":
            self.wrong.append("a link that passes for ours")
        if tag == "a" and "href" not in dict(attrs):
            self.wrong.append("a link to nowhere")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}")


def _harmless(address: str) -> bool:
    bare = re.sub(r"[\t\r\n]", "", address.lstrip("".join(map(chr, range(33)))))
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", bare, re.IGNORECASE)
    return scheme is None or scheme[1].lower() in ("http", "https", "mailto")


def assert_harmless(html: str) -> None:
    inspector = _Inspector()
    inspector.feed(html)
    inspector.close()
    assert inspector.wrong == []
    assert output.clean(html) == html, "another reading of the page sees another page"


def everywhere(payload: str) -> str:
    """The payload in each place that Markdown has for it."""
    line = payload.replace("\n", " ")
    return (
        f"{payload}\n\n- {line}\n\n[x]({line})\n\n![x]({line})\n\n![{line}](/files/{line})\n\n<{line}>\n\n[y]: {line} '{line}'\n\n"
        f'[y] ![y]\n\n| {line} | a |\n|--|--|\n| `{line}` | b |\n\n```{line}\n{payload}\n```\n\n[z](/a "{line}")\n\n> # {line}\n'
    )


def test_no_known_attack_comes_through() -> None:
    for vector in _vectors():
        payload = _storable(vector["payload"])[:6000]
        assert_harmless(render(everywhere(payload)).html)


def test_markdown_attacks_come_through_nowhere_by_themselves() -> None:
    vectors = [vector for vector in _vectors() if vector["kind"] == "markdown"]
    assert vectors
    for vector in vectors:
        assert_harmless(render(_storable(vector["payload"])).html)


def test_naughty_strings_survive_as_words() -> None:
    for text in json.loads(shared_data("data/naughty-strings/blns.json").read_text()):
        assert_harmless(render(everywhere(_storable(text))).html)
        shown = render(f"```\n{_storable(text)}\n```").text
        assert shown.split() == _kept(text).split()


def _vectors() -> list[dict[str, str]]:
    lines = shared_data("data/xss-vectors/vectors.jsonl").read_text().split("\n")
    return [json.loads(line) for line in lines if line]


def _storable(text: str) -> str:
    return re.sub("[\x00\ud800-\udfff]", "", text)


def _kept(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]", "", text)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\udfff"])
def test_what_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        render(text)
    assert "cannot be stored" in str(refusal.value.fields["body"])


def test_control_characters_go_silently() -> None:
    rendered = render("a\x01b\x0c\x1bc\ufffe `d\x08`\tand\n\ne")
    assert rendered.text == "abc d\tand\ne"
    assert rendered.html == "<p>abc <code>d</code>\tand</p>\n<p>e</p>\n"


def test_the_limit_is_64_kilobytes_not_characters() -> None:
    render("a" * 65536)
    with pytest.raises(Invalid) as refusal:
        render("à" * 32769)
    assert (
        str(refusal.value.fields["body"]) == "This is 65 KB long, and 64 KB is the most. Shorten it, or attach a file."
    )


@pytest.mark.parametrize("piece", ["#\n", "* a\n * b\n", "| a\n"])
def test_a_text_of_nothing_but_parts_is_refused(piece: str) -> None:
    head = "| h\n|--\n" if piece.startswith("|") else ""
    with pytest.raises(Invalid) as refusal:
        render((head + piece * 65536)[:65536])
    assert "too many parts" in str(refusal.value.fields["body"])


def test_brackets_past_some_thousands_are_text() -> None:
    rendered = render("[a](b) " * 4500)
    assert rendered.html.count("<a ") == 4000
    assert rendered.text.endswith("[a](b)")


_MARKS = st.sampled_from(
    [*"[]()<>*_~`#|\\!&:/\"'-+= \n\t", "http://", "www.", "a@b.cd", "![", "](", "\n\n", "```", "- [x] ", "\n> "]
)
_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
_SOURCES = st.lists(_MARKS | _WORDS, max_size=60).map("".join)


@given(_SOURCES)
def test_any_text_renders_to_a_harmless_and_stable_page(source: str) -> None:
    rendered = render(source)
    assert_harmless(rendered.html)
    assert render(source) == rendered
    assert "\x00" not in rendered.text


@given(_SOURCES)
def test_fenced_code_is_kept_to_the_letter(source: str) -> None:
    code = _kept(source).replace("\r", "").replace("`", "'").expandtabs(4)
    for language in ("", "python", "html", "bash"):
        assert render(f"````{language}\n{code}\n````").text == code.rstrip("\n")


def _pathological() -> dict[str, str]:
    recipes = json.loads(shared_data("data/markdown-conformance/pathological.json").read_text())
    return {recipe["name"]: _storable(_built(recipe)) for recipe in recipes}


def _built(recipe: dict[str, Any]) -> str:
    if "parts" in recipe:
        return "".join(piece * count for piece, count in recipe["parts"])
    steps = recipe["progressive"]
    make: Callable[[int], str] = {
        "deeply nested lists": lambda x: "  " * x + "* a\n",
        "backticks": lambda x: "e" + "`" * x,
    }[recipe["name"]]
    return "".join(make(x) for x in range(steps["from"], steps["to"]))


def test_inputs_that_hang_bad_parsers_end_or_are_refused() -> None:
    for source in _pathological().values():
        assert_harmless(_rendered_or_refused(source[:65536]))


def _rendered_or_refused(source: str) -> str:
    try:
        return render(source).html
    except Invalid as refusal:
        return str(refusal.fields["body"])


_REPEATED = [
    *'[*_`<&~>|\\"(:@',
    *(
        "![",
        "](",
        "- ",
        "a|",
        "http://a.",
        "<http:",
        "mailto:",
        "www.",
        "www.a.b/(",
        "a@b.c ",
        "a@",
        "x@b.",
        "[a](",
        "[a][b]",
        "1. ",
    ),
    *(
        "**a ",
        "- [ ] a\n",
        "[a]: b\n",
        "<!--",
        "a*b_",
        "http://a&a;",
        "e\u0301",
        "|a|\n|-|\n|b|\n\n",
        "~~~js\n'a\n",
    ),
]


@pytest.mark.parametrize("piece", _REPEATED)
def test_cost_grows_with_the_length_alone(piece: str) -> None:
    small, middle, large = (piece * (size // len(piece)) for size in (4_000, 16_000, 32_000))
    # the constant: an address may be 2,000 letters long and is then one call, which favours the small text
    assert _calls(middle) <= 5 * _calls(small) + 30_000
    usual = min(_cpu(small) for _ in range(3))
    assert any(
        _cpu(large) <= 24 * usual + 0.02 for _ in range(3)
    )  # eight times the text; a square law would take 64 times


def test_brackets_in_addresses_stay_below_the_bound_of_brackets() -> None:
    inside, outside = ((piece * 65536)[:65536] for piece in ("http://a/b[", "http://a[ "))
    assert _calls(inside) <= _calls(outside)


def _calls(source: str) -> int:
    """How many functions are called: the same on every machine."""
    count = 0

    def counted(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        render(source)
    finally:
        sys.setprofile(None)
    return count


def _cpu(source: str) -> float:
    start = time.thread_time()
    render(source)
    return time.thread_time() - start


def test_threads_share_the_renderer() -> None:
    sources = [f"# {n}\n\n[a{n}]: /x{n}\n\n[a{n}] `c{n}`\n\n```python\nx = {n}\n```\n" for n in range(40)]
    alone = [render(source) for source in sources]
    together: list[object] = [None] * len(sources)

    def work(first: int) -> None:
        for index in range(first, len(sources), 4):
            together[index] = render(sources[index])

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
