"""The Markdown that authors typed, as Discourse hands it out for a whole topic: each post under a line with its author and number."""

import re

_HEAD = re.compile(
    r"(?:\A|^-{25}\n\n)[^\n|]{1,80} \| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \| #(\d{1,9})\n\n", re.MULTILINE
)
_END = re.compile(r"\n*-{25}\n*\Z")


def split(text: str) -> dict[int, str]:
    """The Markdown of each post by its number. Somebody may have typed such a line themselves: compare before you believe."""
    text = text.replace("\r\n", "\n")
    found: dict[int, str] = {}
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):
        body = text[head.end() : end]
        found.setdefault(int(head[1]), _END.sub("", body).strip("\n"))
    return found
