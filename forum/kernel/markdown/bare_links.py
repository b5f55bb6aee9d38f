"""Addresses in running text become links: GitHub's extended autolinks (GFM specification, 6.9), in linear time.

The ready-made rules were tried and left out: on 64 KB of `http://a.` or `<http:` they take ten seconds, because they look for
an address anew at every letter. And they take `README.md` for an address in Moldova.

An address with `://` is read while the inline rules run, so that `_` and `*` inside it are its own. One that begins with `www.`,
and an e-mail address, is found afterwards in what is left as text.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# Every repetition is bounded and no match may begin inside a word, so a try that fails costs a constant.
_WEB = re.compile(r"(?<![\w@./-])https?://(?=[\w\[]|[^\x00-\x7f])[^\s<>]{1,2000}", re.IGNORECASE)
_LATE = re.compile(
    r"(?<![\w@./-])(?:"
    r"(?P<web>www\.(?=[\w-]{1,63}\.)[^\s<>]{1,2000})"
    r"|(?P<mail>(?:mailto:)?[\w.+-]{1,64}@(?:[a-z0-9_-]{1,63}\.){1,8}[a-z0-9-]{0,62}[a-z0-9](?![\w@-]))"
    r")",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"https?\Z", re.IGNORECASE)
_ENTITY_AT_END = re.compile(r"&[a-z0-9]{1,32};\Z", re.IGNORECASE)


def install(parser: MarkdownIt) -> None:
    """The late rule runs before escapes are joined to the text, so that `www\\.x.y` stays as it was written."""
    parser.inline.ruler.after("text", "bare_address", _read_address)
    parser.core.ruler.before("text_join", "late_addresses", _link_late_addresses)


def _read_address(state: StateInline, silent: bool) -> bool:
    """At the colon of an address whose scheme was already taken for text."""
    if state.src[state.pos] != ":" or state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.src[max(state.pos - 5, 0) : state.pos])
    if scheme is None:
        return False
    start = state.pos - len(scheme[0])
    found = _WEB.match(state.src, start, state.posMax)
    if found is None:
        return False
    shown = _trimmed(found[0])
    address = state.md.normalizeLink(shown)
    if len(shown) <= len(scheme[0]) + 3 or not state.md.validateLink(address):
        return False
    if not silent:
        if not state.pending.endswith(scheme[0]):
            return False
        state.pending = state.pending[: -len(scheme[0])]
        opening = state.push("link_open", "a", 1)
        opening.attrs, opening.markup, opening.info = {"href": address}, "autolink", "auto"
        state.push("text", "", 0).content = shown
        state.push("link_close", "a", -1)
    state.pos = start + len(shown)
    return True


def _link_late_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and ("www." in block.content.lower() or "@" in block.content):
            block.children = list(_with_links(state.md, block.children or []))


def _with_links(parser: MarkdownIt, tokens: list[Token]) -> Iterator[Token]:
    inside = 0
    for index, token in enumerate(tokens):
        inside += (token.type == "link_open") - (token.type == "link_close")
        escaped = index > 0 and tokens[index - 1].type == "text_special"
        if token.type == "text" and not inside and not escaped:
            yield from _split(parser, token)
        else:
            yield token


def _split(parser: MarkdownIt, token: Token) -> Iterator[Token]:
    text, done = token.content, 0
    for found in _LATE.finditer(text):
        shown = _trimmed(found["web"]) if found["web"] else found["mail"]
        address = parser.normalizeLink(_address(shown))
        yield _text(text[done : found.start()], token.level)
        yield Token("link_open", "a", 1, attrs={"href": address}, level=token.level, markup="autolink", info="auto")
        yield _text(shown, token.level + 1)
        yield Token("link_close", "a", -1, level=token.level, markup="autolink", info="auto")
        done = found.start() + len(shown)
    yield _text(text[done:], token.level)


def _address(shown: str) -> str:
    if shown[:4].lower() == "www.":
        return "http://" + shown
    return shown if shown[:7].lower() == "mailto:" else "mailto:" + shown


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)


def _trimmed(address: str) -> str:
    """Without what belongs to the sentence around it: punctuation at the end, and a closing bracket that it did not open."""
    address = address[: _first_unopened(address, "[", "]")]
    unopened = address.count(")") - address.count("(")
    while address:
        if (entity := _ENTITY_AT_END.search(address[-34:])) is not None:
            address = address[: -len(entity[0])]
        elif address[-1] in "?!.,:;*_~'\"":
            address = address[:-1]
        elif address[-1] == ")" and unopened > 0:
            address, unopened = address[:-1], unopened - 1
        else:
            break
    return address


def _first_unopened(text: str, opening: str, closing: str) -> int:
    """Where the first closing bracket stands that nothing opened; else the end."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == opening) - (letter == closing)
        if depth < 0:
            return position
    return len(text)
