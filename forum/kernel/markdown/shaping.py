"""What the parser found is bent to our rules, in one walk over its tokens, and the plain text is gathered on the way."""

import re
from collections.abc import Callable
from typing import cast

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.token import Token

from forum.kernel.errors import N_, Invalid

TOO_MANY_PARTS = N_("This text has too many parts to show. Split it, or attach it as a file.")

# 64 KB of prose, lists or tables that somebody wrote stay far below; 64 KB of "#" or "|" do not.
_MAX_BLOCKS = 50_000
_MAX_BRACKETS = 4_000

_OWN_FILE = re.compile(r"/files/(?:[\w-]+/)*[\w-][\w.-]*\Z", re.ASCII)
_SIZE_IN_ALT = re.compile(r"\|(\d{1,4})x(\d{1,4})\Z", re.ASCII)


class Env(dict[str, object]):
    """One rendering: where the text will stand, and what the walk learns of it. The parser wants a dict and keeps references in it."""

    def __init__(self, below: int) -> None:
        super().__init__()
        self.below = below
        self.outline: list[int] = []
        self.dropped: set[int] = set()
        self.brackets = 0
        self.highlighted = 0
        self.lines: list[str] = []
        self.line: list[str] = []

    def end_line(self) -> None:
        if self.line:
            self.lines.append(" ".join(self.line))
            self.line = []

    def text(self) -> str:
        return "\n".join(self.lines)


def install(parser: MarkdownIt) -> None:
    parser.core.ruler.after("block", "few_enough", _refuse_too_many_blocks)
    parser.core.ruler.push("shape", _shape)
    parser.inline.ruler.at("link", _bounded_link)
    parser.inline.ruler.at("image", _bounded_image)


def _refuse_too_many_blocks(state: StateCore) -> None:
    if len(state.tokens) > _MAX_BLOCKS:
        raise Invalid({"body": TOO_MANY_PARTS})


def _bounded_link(state: StateInline, silent: bool) -> bool:
    return state.src[state.pos] == "[" and _may_open(state) and link(state, silent)


def _bounded_image(state: StateInline, silent: bool) -> bool:
    return state.src.startswith("![", state.pos) and _may_open(state) and image(state, silent)


def _may_open(state: StateInline) -> bool:
    """An opening bracket sends the parser looking for its end; past some thousands it is text."""
    env = cast("Env", state.env)
    env.brackets += 1
    return env.brackets <= _MAX_BRACKETS


def _shape(state: StateCore) -> None:
    env = cast("Env", state.env)
    for index, token in enumerate(state.tokens):
        if (shape := _SHAPES.get(token.type)) is not None:
            shape(env, state.tokens, index)
    if env.dropped:
        state.tokens = [token for index, token in enumerate(state.tokens) if index not in env.dropped]


def _shape_inline(env: Env, tokens: list[Token], index: int) -> None:
    token = tokens[index]
    token.children = _shaped_children(token.children or [])
    if words := _words(token.children).strip():
        env.line.append(words)
    if tokens[index - 1].tag not in ("td", "th"):
        env.end_line()


def _shape_heading(env: Env, tokens: list[Token], index: int) -> None:
    """Give it its place among those before it, never skipping a level, however the source counts. Without words it goes."""
    opening, content, closing = tokens[index : index + 3]
    if not content.content:
        env.dropped.update((index, index + 1, index + 2))
        return
    level = int(opening.tag[1])
    while env.outline and env.outline[-1] >= level:
        env.outline.pop()
    env.outline.append(level)
    opening.tag = closing.tag = f"h{min(env.below + len(env.outline), 6)}"


def _keep_code(env: Env, tokens: list[Token], index: int) -> None:
    env.lines.append(tokens[index].content.rstrip("\n"))


def _shape_cell(env: Env, tokens: list[Token], index: int) -> None:
    opening, content, closing = tokens[index : index + 3]
    style = opening.attrs.pop("style", None)
    if style in ("text-align:right", "text-align:center"):
        opening.attrs["class"] = "align-end" if style == "text-align:right" else "align-middle"
    if opening.tag == "th" and content.content:
        opening.attrs["scope"] = "col"
    elif opening.tag == "th":  # a heading that says nothing is no heading
        opening.tag = closing.tag = "td"


def _end_row(env: Env, tokens: list[Token], index: int) -> None:
    env.end_line()


def _name_table(env: Env, tokens: list[Token], index: int) -> None:
    tokens[index].meta = {"label": _header_words(tokens, index)}


def _header_words(tokens: list[Token], table: int) -> str:
    """What a listener hears when a wide table takes the focus: its column headings, which need no translation."""
    words: list[str] = []
    for token in tokens[table:]:
        if token.type == "thead_close":
            break
        if token.type == "inline" and token.content:
            words.append(
                "".join(child.content for child in token.children or [] if child.type in ("text", "code_inline"))
            )
    return ", ".join(words)[:120]


def _mark_task(env: Env, tokens: list[Token], index: int) -> None:
    """Put a check box before the item's first line and make that line its label, so that it is announced in the author's words."""
    content = tokens[index + 2] if index + 2 < len(tokens) else None
    if "checked" not in tokens[index].meta or content is None or content.type != "inline":
        return
    checked = " checked" if tokens[index].meta["checked"] else ""
    box = Token("html_inline", "", 0, content=f'<label><input type="checkbox" disabled{checked}> ')
    content.children = [box, *(content.children or []), Token("html_inline", "", 0, content="</label>")]


def _shaped_children(children: list[Token]) -> list[Token]:
    if not any(child.type == "image" for child in children):
        return children
    shaped: list[Token] = []
    inside = 0
    for child in children:
        inside += (child.type == "link_open") - (child.type == "link_close")
        if child.type == "image":
            shaped += _shaped_image(child, inside_link=inside > 0)
        else:
            shaped.append(child)
    return shaped


def _shaped_image(token: Token, *, inside_link: bool) -> list[Token]:
    """Our own file stays an image, with its size if the alt text ends in `|640x480`; any other becomes a link to it."""
    source = str(token.attrs["src"])
    alt = _words(token.children or [])
    size = _SIZE_IN_ALT.search(alt)
    alt = alt[: size.start()] if size else alt
    if _OWN_FILE.match(source):
        token.children = [Token("text", "", 0, content=alt)]
        if size:
            token.attrs |= {"width": size[1], "height": size[2]}
        token.attrs["loading"] = "lazy"
        return [token]
    shown = Token("text", "", 0, content=alt.strip() or source)
    if inside_link:
        return [shown]
    opening = Token("link_open", "a", 1, attrs={name: value for name, value in token.attrs.items() if name == "title"})
    opening.attrs["href"] = source
    return [opening, shown, Token("link_close", "a", -1)]


def _words(children: list[Token]) -> str:
    words: list[str] = []
    for child in children:
        if child.type == "image":
            words.append(_words(child.children or []))
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type != "html_inline":
            words.append(child.content)
    return "".join(words)


_SHAPES: dict[str, Callable[[Env, list[Token], int], None]] = {
    "inline": _shape_inline,
    "heading_open": _shape_heading,
    "fence": _keep_code,
    "code_block": _keep_code,
    "td_open": _shape_cell,
    "th_open": _shape_cell,
    "tr_close": _end_row,
    "table_open": _name_table,
    "list_item_open": _mark_task,
}
