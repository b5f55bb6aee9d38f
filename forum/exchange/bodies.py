"""What posts and comments say, as Markdown and as HTML of our own. Pure, so that it can run in other processes."""

import re

import msgspec
from bs4.exceptions import ParserRejectedMarkup

from forum.exchange.alike import alike
from forum.exchange.html_to_markdown import to_markdown
from forum.kernel import markdown
from forum.kernel.errors import N_, Invalid, Text

# A comment there is one paragraph with emphasis, code and links; what would begin a block with us gets a backslash.
_BLOCK = re.compile(
    r"^[ \t]*(?:([-+*](?=\s)|#{1,6}(?=\s|$)|[>|]|`{3}|~{3}|=+\s*$|-+\s*$)|(\d{1,9})([.)])(?=\s))", re.MULTILINE
)


class Saying(msgspec.Struct, frozen=True):
    """What somebody wrote, as the source has it: HTML and, where the history brings it, Markdown."""

    html: str = ""
    markdown: str | None = None
    is_comment: bool = False
    # Whether somebody wants to know if it is alike afterwards.
    is_compared: bool = True


class Body(msgspec.Struct, frozen=True):
    """The same as we keep it. `is_alike` tells whether our HTML has the content of the source's."""

    source: str
    html: str
    is_alike: bool = True


Bodies = list[Body | Text]


def body(saying: Saying, base: str) -> Body | Text:
    """Prepare one body; relative links are read against `base`. A reason comes back where it cannot be kept.

    The author's own Markdown is taken if it renders alike with us. The source's dialect knows more (`[tag:one]`, raw
    HTML, links that show a question's title); where that is used, the HTML is turned into Markdown instead.
    """
    try:
        if saying.is_comment:
            return _rendered(_comment(saying.html))
        if saying.markdown is not None:
            own = _rendered(saying.markdown.replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
            if alike(saying.html, own.html, base=base):
                return own
        if not saying.html.strip():
            return Body("", "")
        converted = _rendered(to_markdown(saying.html, base=base))
        if not saying.is_compared:
            return converted
        return msgspec.structs.replace(converted, is_alike=alike(saying.html, converted.html, base=base))
    except Invalid as error:
        return next(iter(error.fields.values()), error.text)
    except RecursionError:
        return Text(N_("It is nested too deeply."))
    except (AssertionError, ParserRejectedMarkup):
        return Text(N_("Its HTML cannot be read."))


def _rendered(source: str) -> Body:
    return Body(source=source, html=markdown.render(source).html)


def _comment(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _BLOCK.sub(lambda match: f"{match[2]}\\{match[3]}" if match[2] else f"\\{match[1]}", lines)
