"""Forms say everything that is wrong at once; addresses lead back to this site alone."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from forum.kernel.errors import Invalid
from web.app import LARGEST_BODY
from web.forms import LARGEST, MOST_FIELDS, pairs_of, parse, shown, whole_number
from web.problems import Refused
from web.returning import safe_next
from web.routes import ROUTES


class Ask(Struct, frozen=True):
    title: Annotated[str, Meta(min_length=5, max_length=20)]
    body: Annotated[str, Meta(max_length=60)]
    category: int
    kind: Literal["question", "idea"] = "question"
    tags: Annotated[tuple[str, ...], Meta(max_length=2)] = ()
    notify: bool = False
    parent: int | None = None
    note: str = ""
    password: Annotated[str, Meta(extra={"verbatim": True})] = ""
    page: Annotated[int, Meta(ge=1, le=9)] = 1
    slug: Annotated[str, Meta(pattern="^[a-z]+$")] = "a"


GOOD: dict[str, str | list[str]] = {"title": "A title", "body": "Words", "category": "3"}


def ask(**fields: str | list[str]) -> Ask:
    return parse(urlencode(GOOD | fields, doseq=True).encode(), Ask)


def wrong(**fields: str | list[str]) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        ask(**fields)
    return {name: str(text) for name, text in refused.value.fields.items()}


def test_a_form_becomes_its_struct() -> None:
    made = ask(
        kind="idea", tags=["a", "", " b "], notify="on", parent="7", password=" x ", csrf="ignored", title="  A title "
    )
    assert made == Ask(
        title="A title", body="Words", category=3, kind="idea", tags=("a", "b"), notify=True, parent=7, password=" x "
    )


def test_what_is_left_empty_takes_its_default() -> None:
    assert ask(note="", parent="", page="", tags="", kind="") == Ask(title="A title", body="Words", category=3)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = wrong(
        title="", body="x" * 61, category="x", kind="poem", tags=["a", "b", "c"], page="10", slug="A1", parent="+1"
    )
    assert found == {
        "title": "This is needed.",
        "body": "This may have at most 60 characters.",
        "category": "This wants a whole number.",
        "kind": "Choose one of what is offered.",
        "tags": "At most 2 can be chosen.",
        "page": "This wants a number up to 9.",
        "slug": "This cannot be used.",
        "parent": "This wants a whole number.",
    }
    assert wrong(title="abc") == {"title": "This wants at least 5 characters."}
    assert wrong(page="0") == {"page": "This wants a number from 1 on."}


def test_nul_becomes_the_mark_that_html_has_for_it() -> None:
    assert pairs_of(b"title=a%00b&note=%00") == {"title": ["a\ufffdb"], "note": ["\ufffd"]}


def test_line_ends_are_as_typed() -> None:
    assert ask(body="a\r\nb\rc\nd").body == "a\nb\nc\nd"


@pytest.mark.parametrize(
    "body", [b"title=%ff", b"title=\xff", b"title=%ed%a0%80", b"&".join([b"a=1"] * (MOST_FIELDS + 1))]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        parse(body, Ask)


def test_what_was_typed_can_be_shown_again() -> None:
    assert shown(pairs_of(b"title=%3Cb%3E&tags=a&tags=b&x=")) == {"title": "<b>", "tags": "b", "x": ""}


@given(st.text(max_size=30))
def test_a_whole_number_is_spelled_in_one_way_alone(text: str) -> None:
    number = whole_number(text)
    assert number is None or (str(number) == text and -LARGEST - 1 <= number <= LARGEST)


@given(st.integers(-LARGEST - 1, LARGEST))
def test_every_number_that_fits_is_read(number: int) -> None:
    assert whole_number(str(number)) == number


@given(st.dictionaries(st.sampled_from([*Ask.__struct_fields__, "other"]), st.text(max_size=70)))
def test_no_text_breaks_the_reading(fields: dict[str, str]) -> None:
    try:
        made = parse(urlencode(fields, errors="ignore").encode(), Ask)
    except (Invalid, Refused):
        return
    assert 5 <= len(made.title) <= 20


# Where to go next


ELSEWHERE = [
    *(
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
    ),
    *("\\/evil.example", "https://evil.example", "http:evil.example", "https:/evil.example", "https:evil.example"),
    *(
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "ftp://evil",
    ),
    *(
        "/\tevil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "\x00//evil.example",
    ),
    *(
        "/\r\nlocation: https://evil.example",
        "/%0d\r",
        "//evil.example@127.0.0.1",
        "@evil.example",
        "evil.example",
        ".",
    ),
    *("..//evil.example", "/x//evil.example", "/.//evil.example", "/..//evil.example", "/x\\evil", "/x\\..\\..\\evil"),
    *(
        "",
        "?",
        "#",
        "#//evil.example",
        "?next=//evil.example",
        "/é",
        "/\u2028/evil",
        "/\uff0fevil.example",
        "／／evil.example",
    ),
    *(
        "/\u200b/evil.example",
        "/" + "a" * 2_000,
        "/<script>",
        '/"onload=x',
        "/x#fragment",
        "//",
        "///",
        "/login",
        "/login/",
    ),
    *("/login?next=/login", "/register", "/logout", "blob:x", "mailto:a@evil.example", "tel:1", "//[::1]", "//0"),
    *("/\x7f/evil", "/\x1b[2J", "/x y", "/^", "/|", "/`", "/{x}", "file:///etc/passwd", "view-source:x", "about:blank"),
]
HERE = [
    "/",
    "/t/1/a-title",
    "/t/1/a-title?page=2",
    "/search?q=a%20b&tag=x",
    "/m/marta",
    "/c/x?sort=top",
    "/%2F%2Fevil",
    "/a?u=//x",
]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_could_lead_elsewhere_leads_to_the_front(text: str) -> None:
    assert safe_next(text) == "/"


@pytest.mark.parametrize("text", HERE)
def test_a_page_of_this_site_is_where_one_returns_to(text: str) -> None:
    assert safe_next(text) == text


@given(st.text(max_size=20) | st.text(st.sampled_from("/\\?#:@.\t\r\n aev%2f"), max_size=12))
def test_whatever_is_asked_a_browser_stays_here(text: str) -> None:
    went = safe_next(text)
    # what a browser does first: it drops tabs and line ends, and reads a backslash as a slash
    read = went.replace("\t", "").replace("\n", "").replace("\r", "").replace("\\", "/")
    assert urlsplit(urljoin("https://community.example.com/login", read)).netloc == "community.example.com"


def test_the_proxy_lets_through_what_the_site_takes() -> None:
    """deploy/nginx.conf refuses bodies on its own, with a page that is not ours."""
    written = (Path(__file__).parents[2] / "deploy" / "nginx.conf").read_text()
    let_through = re.search(r"client_max_body_size (\d+)m;", written)
    taken = [limit for handler in ROUTES if isinstance(limit := handler.request_max_body_size, int)]
    assert let_through is not None
    assert int(let_through[1]) * 2**20 >= max(taken) > LARGEST_BODY
