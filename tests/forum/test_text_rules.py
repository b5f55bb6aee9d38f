"""Titles, bodies, comments, slugs and tags, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.kernel.errors import Invalid
from forum.threads import tags, text

anything = st.text(st.characters(codec=None), max_size=400)


def refused(faults: text.Faults) -> set[str]:
    try:
        faults.refuse()
    except Invalid as refusal:
        return set(refusal.fields)
    return set()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  The grinder\n\tstops  at once ", "The grinder stops at once"),
        ("The grinder\u202e stops\u200b at once", "The grinder stops at once"),
        ("Il caffe\u0300 è tiepido e acquoso", "Il caffè è tiepido e acquoso"),
        ("My \U0001f469\u200d\U0001f527 says it is broken", "My \U0001f469\u200d\U0001f527 says it is broken"),
    ],
)
def test_a_title_as_it_is_kept(typed: str, kept: str) -> None:
    faults = text.Faults()
    assert text.title(typed, faults) == kept
    faults.refuse()


@given(anything)
def test_a_title_is_refused_or_can_be_kept(typed: str) -> None:
    faults = text.Faults()
    kept = text.title(typed, faults)
    if refused(faults):
        assert refused(faults) == {"title"}
        return
    assert kept.encode()
    assert "\n" not in kept
    assert 15 <= len(kept) <= 300
    assert not text.is_blank(kept)
    assert text.title(kept, faults) == kept


@given(anything)
def test_a_slug_is_ascii_and_never_empty(title: str) -> None:
    made = text.slug(title)
    assert 0 < len(made) <= text.SLUG_LENGTH
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Caffè  Moka", "caffe-moka"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("node.js", "node.js"),
        ("_steam_wand_", "steam-wand"),
        ("ＷＡＴＥＲ", "water"),
    ],
)
def test_a_tag_has_one_spelling(typed: str, kept: str) -> None:
    assert tags.folded(typed) == kept


@given(anything)
def test_folding_a_tag_again_changes_nothing(typed: str) -> None:
    assert tags.folded(tags.folded(typed)) == tags.folded(typed)


def test_a_comment_is_wanted_only_where_it_is_required() -> None:
    free, wanted, long = text.Faults(), text.Faults(), text.Faults()
    assert text.comment(" ", free, required=False) == ""
    text.comment(" \u200b", wanted, required=True)
    text.comment("x" * 301, long, required=False)
    assert [refused(faults) for faults in (free, wanted, long)] == [set(), {"comment"}, {"comment"}]
