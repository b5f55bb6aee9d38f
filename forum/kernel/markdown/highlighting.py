"""Code in colour: class names on spans, the colours are the style sheet's.

The language is the one the author names, never guessed, and one of those listed: each lexer is a pile of patterns that a
stranger may feed, and is loaded when first used.
"""

from functools import cache, lru_cache

from markdown_it.common.utils import escapeHtml, unescapeAll
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType

CLASSES = {
    "hl-c": "comment, prompt",
    "hl-k": "keyword",
    "hl-t": "type, built-in name",
    "hl-f": "function, class, tag",
    "hl-a": "attribute, decorator, key",
    "hl-v": "variable",
    "hl-s": "text",
    "hl-e": "escape, placeholder inside a text",
    "hl-m": "number, constant",
    "hl-i": "line added",
    "hl-x": "line removed, error",
    "hl-h": "heading",
}

_ALIASES = {
    "sh": "bash", "shell": "bash", "zsh": "bash", "shell-session": "console",
    "c++": "cpp", "cc": "cpp", "h": "c", "cs": "csharp", "c#": "csharp", "golang": "go", "hs": "haskell",
    "htm": "html", "js": "javascript", "node": "javascript", "mjs": "javascript", "jsonc": "json", "kt": "kotlin",
    "make": "makefile", "md": "markdown", "objc": "objective-c", "patch": "diff", "pl": "perl", "ps1": "powershell",
    "py": "python", "python3": "python", "pycon": "pycon", "rb": "ruby", "rs": "rust", "ts": "typescript",
    "dockerfile": "docker", "yml": "yaml", "cfg": "ini", "conf": "ini", "properties": "ini", "proto": "protobuf",
    "tf": "terraform", "postgres": "postgresql", "svg": "xml",
}  # fmt: skip

LANGUAGES = frozenset({
    "bash", "c", "console", "cpp", "csharp", "css", "diff", "docker", "go", "graphql", "groovy", "haskell", "html", "ini",
    "java", "javascript", "json", "kotlin", "lua", "makefile", "markdown", "nginx", "objective-c", "perl", "php",
    "postgresql", "powershell", "protobuf", "pycon", "python", "r", "ruby", "rust", "scala", "scss", "sql", "swift",
    "terraform", "toml", "typescript", "xml", "yaml",
})  # fmt: skip

_KINDS = {
    Token.Comment: "hl-c", Token.Generic.Prompt: "hl-c", Token.Generic.Output: "",
    Token.Keyword: "hl-k", Token.Operator.Word: "hl-k", Token.Keyword.Type: "hl-t", Token.Keyword.Constant: "hl-m",
    Token.Name.Builtin: "hl-t", Token.Name.Exception: "hl-t", Token.Name.Function: "hl-f", Token.Name.Class: "hl-f",
    Token.Name.Tag: "hl-f", Token.Name.Attribute: "hl-a", Token.Name.Decorator: "hl-a", Token.Name.Property: "hl-a",
    Token.Name.Variable: "hl-v", Token.Name.Constant: "hl-m", Token.Literal.String: "hl-s",
    Token.Literal.String.Escape: "hl-e", Token.Literal.String.Interpol: "hl-e", Token.Literal.Number: "hl-m",
    Token.Generic.Inserted: "hl-i", Token.Generic.Deleted: "hl-x", Token.Generic.Error: "hl-x",
    Token.Generic.Traceback: "hl-x", Token.Generic.Heading: "hl-h", Token.Generic.Subheading: "hl-h",
}  # fmt: skip


def language_of(info: str) -> str | None:
    """The language that the words after a fence name, if we colour it."""
    words = unescapeAll(info).split(maxsplit=1)
    name = words[0].lower() if words else ""
    name = _ALIASES.get(name, name)
    return name if name in LANGUAGES else None


def coloured(code: str, language: str) -> str:
    """The code as HTML, in spans of `CLASSES`; neighbours of one kind share a span."""
    parts: list[str] = []
    current, held = "", ""
    for kind, value in _lexer(language).get_tokens(code):
        name = _class_of(kind)
        if name != current and not value.isspace():
            parts.append(_span(current, held))
            current, held = name, value
        else:
            held += value
    parts.append(_span(current, held))
    return "".join(parts)


def _span(name: str, value: str) -> str:
    return f'<span class="{name}">{escapeHtml(value)}</span>' if name and value else escapeHtml(value)


@lru_cache(maxsize=1024)
def _class_of(kind: _TokenType) -> str:
    place: _TokenType | None = kind
    while place is not None:
        if place in _KINDS:
            return _KINDS[place]
        place = place.parent
    return ""


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)
