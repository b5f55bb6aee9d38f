"""Shaped tokens are written as HTML, and the HTML is cleaned: whatever the parser let through, only what is listed here leaves."""

import re
from collections.abc import Sequence
from typing import cast

import nh3
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from forum.kernel.markdown import highlighting
from forum.kernel.markdown.shaping import Env

_MAX_HIGHLIGHTED = 32 * 1024

_SCHEME = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SAFE_SCHEMES = frozenset({"http", "https", "mailto"})

_TAGS = "a blockquote br code div em h2 h3 h4 h5 h6 hr img input label li ol p pre s span strong table tbody td th thead tr ul"

_cleaner = nh3.Cleaner(
    tags=set(_TAGS.split()),
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt", "title", "width", "height", "loading"},
        "input": {"disabled", "checked"},
        "ol": {"start"},
        "div": {"aria-label"},
    },
    tag_attribute_values={
        "div": {"role": {"group"}, "tabindex": {"0"}},
        "input": {"type": {"checkbox"}},
        "pre": {"tabindex": {"0"}},
        "th": {"scope": {"col"}},
    },
    set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
    allowed_classes={
        "code": {f"language-{name}" for name in highlighting.LANGUAGES},
        "div": {"scroll"},
        "span": set(highlighting.CLASSES),
        "td": {"align-end", "align-middle"},
        "th": {"align-end", "align-middle"},
    },
    url_schemes=set(_SAFE_SCHEMES),
    link_rel="nofollow ugc noopener",
)


# What is left of a link whose address the cleaner could not parse.
_DEAD_LINK = re.compile(r'<a(?: title="[^"]*")? rel="[^"]*">(.*?)</a>', re.DOTALL)


def clean(html: str) -> str:
    """Only what is allowed, with its links marked as strangers' work. Cleaning again changes nothing."""
    return _DEAD_LINK.sub(r"\1", _cleaner.clean(html))


def is_safe_address(address: str) -> bool:
    """Whether a link may lead there. What may not stays in the text as it was typed, so nothing is lost silently."""
    scheme = _SCHEME.match(address)
    return scheme is None or scheme[1].lower() in _SAFE_SCHEMES


class Renderer(RendererHTML):
    """Where our HTML differs from the library's: code, tables that scroll by themselves, task lists."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _code(tokens[idx].content, tokens[idx].info, env)

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _code(tokens[idx].content, "", env)

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        label = tokens[idx].meta["label"]
        named = f' role="group" aria-label="{escapeHtml(label)}"' if label else ""
        return f'<div class="scroll" tabindex="0"{named}>\n<table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table>\n</div>\n"

    def list_item_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self.renderToken(tokens, idx, options, env)


def _code(content: str, info: str, env: EnvType) -> str:
    rendering = cast("Env", env)
    language = highlighting.language_of(info)
    rendering.highlighted += len(content)
    if language is None or rendering.highlighted > _MAX_HIGHLIGHTED:
        inner = escapeHtml(content)
    else:
        inner = highlighting.coloured(content, language)
    named = f' class="language-{language}"' if language else ""
    return f'<pre tabindex="0"><code{named}>{inner}</code></pre>\n'
