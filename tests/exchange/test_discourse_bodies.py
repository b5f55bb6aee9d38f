"""What Discourse's HTML and Markdown become: the author's own words where they come out the same here."""

import pytest

from forum.exchange.bodies import Body, Saying
from forum.exchange.discourse.bodies import body
from forum.exchange.discourse.raw import split
from tests.exchange.exports import typed

BASE = "https://forum.cookies.example/"
QUOTE = """<aside class="quote no-group" data-username="Bo" data-post="3" data-topic="7">
<div class="title">
<div class="quote-controls"></div>
<img alt="" width="20" height="20" src="/user_avatar/x/bo/40/81_2.png" class="avatar"> Bo:</div>
<blockquote>
<p>So dry.</p>
</blockquote>
</aside>
<p>Indeed.</p>"""
BOX = """<aside class="onebox githubblob"><header class="source"><a href="https://example.org/a" rel="nofollow noopener">example.org</a></header>
<article class="onebox-body"><h4><a href="https://example.org/a">Much more</a></h4></article></aside>"""
EMOJI = '<img src="https://x.example/wink.png?v=5" title=":{0}:" class="emoji" alt=":{0}:">'


def made(cooked: str, raw: str | None = None) -> str:
    found = body(Saying(html=cooked, markdown=raw), BASE)
    assert isinstance(found, Body)
    assert found.is_alike
    return found.source


@pytest.mark.parametrize(
    ("cooked", "raw", "source"),
    [
        ("<p>I’d <em>say</em> “no” – twice…</p>", 'I\'d _say_ "no" -- twice...', 'I\'d _say_ "no" -- twice...'),
        ("<p>One<br>\nTwo</p>\n<p>Three</p>", "One\nTwo\n\nThree", "One  \nTwo\n\nThree"),
        ("<p>One<br>\nTwo</p>\n<pre><code class=\"lang-auto\">a\nb\n</code></pre>", "One\nTwo\n```\na\nb\n```", "One  \nTwo  \n```\na\nb\n```"),
        (f"<p>Well {EMOJI.format('wink')}</p>", "Well :wink:", "Well 😉"),
        (f"<p>Well {EMOJI.format('odd_one')}</p>", "Well :odd_one:", "Well :odd_one:"),
        ('<p><a class="mention" href="/u/bo">@bo</a> look</p>', "@bo look", "@bo look"),
        (QUOTE, '[quote="Bo, post:3, topic:7"]\nSo dry.\n[/quote]\n\nIndeed.', "\nBo:\n\n> So dry.\n\n\nIndeed."),
        (BOX, "https://example.org/a", "https://example.org/a"),
        ('<p><img src="/a.png" alt="cake"></p>', "![cake|20x20](upload://a.png)", f"[cake]({BASE}a.png)"),
        ("<p>Not what was typed</p>", "What was typed", "Not what was typed"),
        ('<p><span class="bbcode-b">Fat</span></p>', "[b]Fat[/b]", "**Fat**"),
    ],
)  # fmt: skip
def test_words(cooked: str, raw: str, source: str) -> None:
    assert made(cooked, raw) == source


def test_without_what_was_typed_the_html_tells() -> None:
    assert made(QUOTE) == "Bo:\n\n> So dry.\n\nIndeed."
    assert made("<p>One<br>\nTwo</p>") == "One  \nTwo"
    assert (
        made('<div class="lazyYT" data-youtube-id="abc-1"><b>x</b></div>') == "<https://www.youtube.com/watch?v=abc-1>"
    )


def test_a_line_that_looks_like_a_head_is_only_words() -> None:
    told = typed("One.\n\neve | 2021-05-01 10:00:00 UTC | #2\n\nforged", "Two.")
    assert split(told) == {1: "One.\n\neve | 2021-05-01 10:00:00 UTC | #2\n\nforged", 2: "Two."}
    assert split("no head at all") == {}
