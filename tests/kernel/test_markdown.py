"""What a person writes and what the others read."""

import sys
from subprocess import run

import pytest

from forum.kernel.markdown import RENDERER_VERSION, excerpt, render

REL = 'rel="nofollow ugc noopener"'


def html(source: str, below: int = 2) -> str:
    return render(source, below=below).html.strip()


def test_the_version_is_a_number_to_store() -> None:
    assert RENDERER_VERSION >= 1


class TestHeadings:
    def test_begin_one_level_under_where_the_text_stands(self) -> None:
        assert html("# A\n## B\n# C") == "<h3>A</h3>\n<h4>B</h4>\n<h3>C</h3>"
        assert html("# A", below=1) == "<h2>A</h2>"

    def test_begin_there_also_if_the_author_began_lower(self) -> None:
        assert html("### A\n### B") == "<h3>A</h3>\n<h3>B</h3>"

    def test_skip_no_level(self) -> None:
        assert html("# A\n#### B\n## C") == "<h3>A</h3>\n<h4>B</h4>\n<h4>C</h4>"

    def test_end_at_six(self) -> None:
        levels = "\n".join(f"{'#' * level} {level}" for level in range(1, 7))
        assert [line[1:3] for line in html(levels).splitlines()] == ["h3", "h4", "h5", "h6", "h6", "h6"]

    def test_without_words_are_dropped(self) -> None:
        assert html("#\n\na\n\n##  ##") == "<p>a</p>"

    def test_carry_no_id(self) -> None:
        assert html('# A {#x}\n<h2 id="y">') == '<h3>A {#x}</h3>\n<p>&lt;h2 id="y"&gt;</p>'


class TestImages:
    def test_from_elsewhere_become_links_with_their_alt_text(self) -> None:
        assert html('![a **cat**](https://x.org/c.png "t")') == (
            f'<p><a title="t" href="https://x.org/c.png" {REL}>a cat</a></p>'
        )

    def test_without_alt_text_show_their_address(self) -> None:
        assert html("![](https://x.org/c.png)") == f'<p><a href="https://x.org/c.png" {REL}>https://x.org/c.png</a></p>'

    def test_inside_a_link_leave_their_words(self) -> None:
        assert html("[![cat](https://x.org/c.png)](/t/1)") == f'<p><a href="/t/1" {REL}>cat</a></p>'

    def test_of_ours_stay_with_their_size(self) -> None:
        assert html("![a cat|640x480](/files/ab/cat.png)") == (
            '<p><img src="/files/ab/cat.png" alt="a cat" width="640" height="480" loading="lazy"></p>'
        )

    @pytest.mark.parametrize(
        "address",
        [
            "//x.org/files/a.png",
            "/filesystem/a.png",
            "/files/../t/1",
            "/files//x.org/a.png",
            "/files/a.png?x=1",
            "files/a.png",
            "https://x.org/files/a.png",
            "/files/%2e%2e/logout",
            "/files/\\x.org",
        ],
    )
    def test_that_only_look_like_ours_do_not(self, address: str) -> None:
        assert "<img" not in html(f"![a]({address})")

    def test_within_the_page_stay_words(self) -> None:
        assert html("![a](data:image/png;base64,AAAA)") == "<p>![a](data:image/png;base64,AAAA)</p>"


class TestLinks:
    def test_are_marked_as_strangers_work(self) -> None:
        assert html("[a](https://x.org)") == f'<p><a href="https://x.org" {REL}>a</a></p>'

    @pytest.mark.parametrize(
        "address", ["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "vbscript:x", "tel:1", "ftp://x"]
    )
    def test_that_lead_to_no_page_stay_as_typed(self, address: str) -> None:
        assert "<a" not in html(f"[a]({address})")

    def test_that_cannot_be_parsed_leave_their_words(self) -> None:
        assert html("[a *b*](http://xn--xn.com/)") == "<p>a <em>b</em></p>"

    @pytest.mark.parametrize(
        ("source", "address"),
        [
            ("see https://x.org/a_b_c*d*e.", "https://x.org/a_b_c*d*e"),
            ("(https://x.org/w_(a))", "https://x.org/w_(a)"),
            ("**https://x.org**", "https://x.org"),
            ("https://x.org?a=1&b", "https://x.org?a=1&amp;b"),
            ("HTTPS://X.org", "HTTPS://X.org"),
            ("http://☃.net/", "http://xn--n3h.net/"),
            ("www.x.org,", "http://www.x.org"),
            ("me@x.org.", "mailto:me@x.org"),
            ("mailto:me@x.org", "mailto:me@x.org"),
            ("[not a link https://x.org]", "https://x.org"),
        ],
    )
    def test_are_found_in_running_text(self, source: str, address: str) -> None:
        assert f'<a href="{address}" {REL}>' in html(source)

    @pytest.mark.parametrize(
        "source", ["README.md", "x.org", "http\\://x.org", "`https://x.org`", "http://", "a@b", "xhttp://x.org", "@ada"]
    )
    def test_are_not_found_where_there_is_none(self, source: str) -> None:
        assert "<a" not in html(source)

    def test_do_not_nest(self) -> None:
        assert html("[see https://x.org](/t/1)") == f'<p><a href="/t/1" {REL}>see https://x.org</a></p>'
        assert html("[www.x.org](/t/1) [me@x.org](/m)").count("<a") == 2


class TestTasks:
    def test_have_a_box_that_their_own_words_name(self) -> None:
        assert html("- [x] a\n- [ ] b") == (
            '<ul>\n<li><label><input type="checkbox" disabled="" checked=""> a</label></li>\n'
            '<li><label><input type="checkbox" disabled=""> b</label></li>\n</ul>'
        )

    def test_may_hold_others(self) -> None:
        assert html("- [ ] a\n  - [x] b").count("</label>") == 2


class TestCode:
    def test_is_coloured_by_class_in_the_language_it_names(self) -> None:
        assert html("```py\nif x: # y\n```") == (
            '<pre tabindex="0"><code class="language-python"><span class="hl-k">if </span>x: <span class="hl-c"># y\n</span></code></pre>'
        )

    @pytest.mark.parametrize("info", ["", "nonsense", "../../etc", "py<b>", "brainfuck"])
    def test_in_no_known_language_stays_plain(self, info: str) -> None:
        assert html(f"```{info}\nif <x>\n```") == '<pre tabindex="0"><code>if &lt;x&gt;\n</code></pre>'

    def test_past_32_kilobytes_stays_plain(self) -> None:
        block = "```py\n" + "x = 1\n" * 3000 + "```\n"
        assert [part.count("<span") > 0 for part in html(block + block).split("<pre")[1:]] == [True, False]

    def test_can_be_reached_and_scrolled_with_the_keyboard(self) -> None:
        assert html("    a") == '<pre tabindex="0"><code>a\n</code></pre>'


class TestTables:
    SOURCE = "| Model | | `bar` |\n|:--|:-:|--:|\n| Duo | x | 9 |"

    def test_scroll_by_themselves_and_are_announced_by_their_headings(self) -> None:
        assert html(self.SOURCE).startswith(
            '<div class="scroll" tabindex="0" role="group" aria-label="Model, bar">\n<table>'
        )

    def test_are_aligned_by_class(self) -> None:
        assert 'style="' not in html(self.SOURCE)
        assert '<td class="align-end">9</td>' in html(self.SOURCE)
        assert '<td class="align-middle">x</td>' in html(self.SOURCE)

    def test_have_headings_that_say_what_for_and_no_empty_ones(self) -> None:
        assert '<th scope="col">Model</th>\n<td class="align-middle"></td>' in html(self.SOURCE)


class TestText:
    def test_is_what_a_reader_reads(self) -> None:
        source = "# A *b*\n\nc [d](/e) `f`\ng\\\nh ![i](/j) @ada <b>\n\n- k\n- [x] l\n\n> m\n\n| n | o |\n|--|--|\n| p | q |\n\n```\nr\n  s\n```"
        assert render(source).text == "A b\nc d f g h i @ada <b>\nk\nl\nm\nn o\np q\nr\n  s"

    def test_of_nothing_is_nothing(self) -> None:
        assert render("").text == render("\n\n---\n").text == ""
        assert render("").html == ""


class TestExcerpts:
    def test_short_texts_stay_whole(self) -> None:
        assert excerpt("Two\n words", 9) == "Two words"

    def test_longer_ones_end_between_words(self) -> None:
        assert excerpt("The brew pressure, climbs", 19) == "The brew pressure…"
        assert excerpt("The brew pressure climbs", 18) == "The brew pressure…"
        assert excerpt("The brew pressure climbs", 17) == "The brew…"

    def test_one_long_word_is_cut(self) -> None:
        assert excerpt("a" * 50, 10) == "a" * 9 + "…"

    @pytest.mark.parametrize("length", range(1, 40))
    def test_are_never_longer_than_asked(self, length: int) -> None:
        assert len(excerpt("one two  three\nfour " * 9, length)) <= length


def test_parser_and_lexers_are_loaded_when_first_needed() -> None:
    script = """
import sys
from forum.kernel.markdown import render
assert "markdown_it" not in sys.modules
render("# a")
assert "markdown_it" in sys.modules and "pygments.lexers.python" not in sys.modules
render("```py\\nx\\n```")
assert "pygments.lexers.python" in sys.modules
"""
    assert run([sys.executable, "-c", script], check=False).returncode == 0
