"""What Discourse made of Markdown, said in plain HTML; and its Markdown, said in ours. Pure.

Discourse writes its HTML by machine, in always the same words, so the parts that differ are found by their marks: quotes with
a head, boxes about a link, pictures with a lens, names as links, smileys as pictures.
"""

import re
from html import escape

from forum.exchange.discourse.smileys import smiley

_EMOJI = re.compile(r'<img\b[^>]*\bclass="emoji[^"]*"[^>]*>')
_ALT = re.compile(r'\b(?:title|alt)="(:[^"]+:)"')
_MENTION = re.compile(r'<a class="mention[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_QUOTE = re.compile(r'<aside class="quote\b([^>]*)>\s*(?:<div class="title">.*?</div>\s*)?(?=<blockquote)', re.DOTALL)
_QUOTED = re.compile(r'\bdata-username="([^"]*)"')
_QUOTE_END = re.compile(r"(</blockquote>)\s*</aside>")
_BOX = re.compile(r'<aside class="onebox\b[^>]*>.*?href="([^"]+)".*?</aside>', re.DOTALL)
_VIDEO = re.compile(r'<div class="lazyYT"[^>]*\bdata-youtube-id="([\w-]+)"[^>]*>.*?</div>', re.DOTALL)
_LENS = re.compile(r'<div class="meta">.*?</div>', re.DOTALL)
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_BBCODE = re.compile(r'<span class="bbcode-([bis])">([^<]*)</span>')
_BBCODE_TAGS = {"b": "strong", "i": "em", "s": "del"}
_AUTO = re.compile(r'<code class="lang-(?:auto|nohighlight|plaintext)">')

_COLONS = re.compile(r"(?<![\w:]):([\w+-]+):(?![\w:])")
_QUOTE_BEGINS = re.compile(r'\[quote(?:="([^",\]]*)[^\]]*)?\]', re.IGNORECASE)
_QUOTE_ENDS = re.compile(r"\[/quote\]", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def plain_html(cooked: str) -> str:
    """The same content without Discourse's furniture."""
    if "<aside" in cooked:
        cooked = _QUOTE_END.sub(r"\1", _QUOTE.sub(_with_name, cooked))
        cooked = _BOX.sub(lambda box: f'<p><a href="{box[1]}">{box[1]}</a></p>', cooked)
    if "<img" in cooked:
        cooked = _EMOJI.sub(_as_character, cooked)
    if "<div" in cooked:
        cooked = _VIDEO.sub(_video, _LENS.sub("", cooked))
    if "<svg" in cooked:
        cooked = _DRAWING.sub("", cooked)
    if '="bbcode-' in cooked:
        cooked = _BBCODE.sub(lambda span: f"<{_BBCODE_TAGS[span[1]]}>{span[2]}</{_BBCODE_TAGS[span[1]]}>", cooked)
    return _AUTO.sub("<code>", _MENTION.sub(r"\1", cooked))


def our_markdown(raw: str, *, with_breaks: bool) -> str:
    """Discourse's Markdown in our dialect, as far as that is sure; `with_breaks` where its line ends break lines."""
    lines = _quotes(_COLONS.sub(lambda name: smiley(name[1]) or name[0], raw).split("\n"))
    return "\n".join(_broken(lines) if with_breaks else lines)


def _with_name(quote: re.Match[str]) -> str:
    """A quote's head says whose words they are; the blockquote that follows begins with that."""
    name = _QUOTED.search(quote[1])
    return f"<p>{name[1]}:</p>\n" if name is not None and name[1] else ""


def _as_character(image: re.Match[str]) -> str:
    name = _ALT.search(image[0])
    return "" if name is None else smiley(name[1].strip(":")) or escape(name[1])


def _video(found: re.Match[str]) -> str:
    address = f"https://www.youtube.com/watch?v={found[1]}"
    return f'<p><a href="{address}">{address}</a></p>'


def _quotes(lines: list[str]) -> list[str]:
    """Quotes in brackets become quotes with angles; where they do not stand in pairs they are left alone."""
    if not any("[" in line for line in lines):
        return lines
    found, depth = [], 0
    for line in lines:
        begins = _QUOTE_BEGINS.fullmatch(line.strip())
        if begins is not None:
            name = f"{begins[1].strip()}:" if begins[1] else ""
            found += ["", *([name, ""] if name and not depth else [name] if name else [])]
            depth += 1
        elif _QUOTE_ENDS.fullmatch(line.strip()) and depth:
            depth -= 1
            found.append("")
        else:
            found.append(f"{'> ' * depth}{line}")
    return found


def _broken(lines: list[str]) -> list[str]:
    """With two blanks at the end of each line that another follows, outside code."""
    found, fence = [], ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        mark = _FENCE.match(line)
        if mark is not None:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        breaks = not fence and mark is None and line.strip() and following.strip()
        found.append(line.rstrip() + "  " if breaks else line)
    return found
