"""What changed between two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.pages.differences import Piece, compared
from web.pages.rows import beginning

TEXTS = st.text(alphabet="ab \n.é", max_size=60)


def side(pieces: tuple[Piece, ...], left_out: str) -> str:
    return "".join(piece.text for piece in pieces if piece.how != left_out)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_pieces(old: str, new: str) -> None:
    pieces = compared(old, new)
    assert side(pieces, "in") == old
    assert side(pieces, "out") == new


def test_words_are_compared_not_letters() -> None:
    assert compared("The valve is blue.", "The valve was blue.") == (
        Piece("same", "The valve "), Piece("out", "is"), Piece("in", "was"), Piece("same", " blue."),
    )  # fmt: skip


def test_far_unchanged_text_is_left_out() -> None:
    far = "word " * 200
    pieces = compared(far + "\nold end", far + "\nnew end")
    assert [piece.how for piece in pieces] == ["gap", "same", "out", "in", "same"]
    assert sum(len(piece.text) for piece in pieces) < 250


def test_nothing_changed() -> None:
    assert compared("a\nb", "a\nb") == (Piece("same", "a\nb"),)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<p>One &amp; two</p>\n<p>three</p>", "One & two three"),
        ("<p>Here it is:</p><pre><code>x = 1</code></pre><p>So.</p>", "Here it is: So."),
        ("<p>cut <a href='x", "cut"),
        ("<ul>\n<li>a</li>\n<li>b</li></ul>", "a b"),
        ("<p>" + "word " * 20 + "</p>", "word word word word word word …"),
        ("", ""),
    ],
)
def test_the_beginning_of_a_post(source: str, shown: str) -> None:
    assert beginning(source, 30) == shown
