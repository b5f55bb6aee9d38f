"""Reading plain HTML quickly: what machines write, with its quotes and brackets in order, needs no patience.

Python's own parser looks at every character for what may be wrong with it. That costs more than all else that an import does
with a post; it is kept for the few texts that need it.
"""

import re
from html import unescape
from html.parser import HTMLParser

_PART = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][\w-]*="[^"]*")*)\s*(/?)>|([^<]+)')
_ATTRIBUTE = re.compile(r'\s([a-zA-Z][\w-]*)="([^"]*)"')
# What stands inside these is not HTML.
_OTHER = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"})


class QuickHTMLParser(HTMLParser):
    """Calls its handlers as `HTMLParser` does, for a text that is fed whole; text comes in one piece between two tags."""

    def feed(self, data: str) -> None:
        parts = _parts(data)
        if parts is None:
            super().feed(data)
            return
        for part in parts:
            closing, tag, attributes, empty, text = part.groups()
            if text is not None:
                self.handle_data(unescape(text) if "&" in text else text)
            elif closing:
                self.handle_endtag(tag)
            elif empty:
                self.handle_startendtag(tag, _pairs(attributes))
            else:
                self.handle_starttag(tag, _pairs(attributes))


def _parts(html: str) -> list[re.Match[str]] | None:
    """Tags and texts in their order; None where anything is not as plain as that."""
    found, end = [], 0
    for part in _PART.finditer(html):
        if part.start() != end or part[2] in _OTHER or (part[1] and (part[3] or part[4])):
            return None
        found.append(part)
        end = part.end()
    return found if end == len(html) else None


def _pairs(attributes: str) -> list[tuple[str, str | None]]:
    return [(name.lower(), unescape(value)) for name, value in _ATTRIBUTE.findall(attributes)] if attributes else []
