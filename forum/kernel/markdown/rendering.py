"""The parser, put together once."""

from markdown_it import MarkdownIt

from forum.kernel.errors import Invalid
from forum.kernel.markdown import bare_links, output, shaping

_MAX_HTML = 1024 * 1024


def rendered(source: str, below: int) -> tuple[str, str]:
    """The source as clean HTML and as plain text. Raises Invalid (field "body") if it has too many parts."""
    env = shaping.Env(below)
    html = _parser.render(source, env)
    if len(html) > _MAX_HTML:
        raise Invalid({"body": shaping.TOO_MANY_PARTS})
    return output.clean(html), env.text()


def _made_parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "tasklists": True, "strikethrough_single_tilde": True}
    parser = MarkdownIt("commonmark", options, renderer_cls=output.Renderer)
    parser.enable(["table", "strikethrough"])
    parser.validateLink = output.is_safe_address  # type: ignore[method-assign, assignment]
    bare_links.install(parser)
    shaping.install(parser)
    return parser


_parser = _made_parser()
