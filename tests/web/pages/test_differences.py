"""What changed between two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.pages.differences import Patience, Piece, compared
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


@given(TEXTS, TEXTS, st.integers(0, 60))
def test_both_texts_can_be_read_however_little_patience_there_is(old: str, new: str, steps: int) -> None:
    pieces = compared(old, new, Patience(steps))
    assert side(pieces, "in") == old
    assert side(pieces, "out") == new


def test_the_shortest_way_is_shown() -> None:
    pieces = compared("one two three four five", "one three four six five seven")
    assert [(piece.how, piece.text) for piece in pieces if piece.how != "same"] == [
        ("out", "two "), ("in", "six "), ("in", " seven"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\n" + "\n" * 15_000, "b\n" + "\n" * 15_000 + "c"),
        ("a\nb\n" * 8_000, "b\nb\na\n" * 5_300),
        ("a b " * 8_000, "b b a " * 5_300),
        ("".join(f"{n}\nx{n}\n" for n in range(2_500)), "".join(f"{n}\ny{n}\n" for n in range(2_500))),
    ],
    ids=["lines that are all alike", "two lines in turn", "two words in turn", "every second line"],
)
def test_texts_that_are_hard_to_compare_cost_no_more_than_others(old: str, new: str) -> None:
    patience = Patience()
    pieces = compared(old, new, patience)
    assert patience.steps >= -max(len(old), len(new))
    assert {piece.how for piece in pieces} & {"out", "in"}


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
