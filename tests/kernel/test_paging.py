"""Cursors: what goes in comes out, and nothing else does."""

import math
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.kernel.errors import Invalid
from forum.kernel.paging import decode_cursor, encode_cursor

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=80)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(INTEGERS, TEXTS, NUMBERS)
def test_what_goes_in_comes_out_with_its_type(number: int, text: str, measure: float) -> None:
    assert decode_cursor(encode_cursor(number, text), int, str) == (number, text)
    (found,) = decode_cursor(encode_cursor(measure), float)
    assert (found, type(found), math.copysign(1, found)) == (measure, float, math.copysign(1, measure))


@given(INTEGERS, TEXTS)
def test_it_stands_in_an_address_as_it_is(number: int, text: str) -> None:
    cursor = encode_cursor(number, text)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


def refused(text: str, *types: type) -> bool:
    with pytest.raises(Invalid) as refusal:
        decode_cursor(text, *types)
    return str(refusal.value.fields["cursor"]) == "That place in the list is unknown. Start from the first page."


@given(INTEGERS, TEXTS, st.data())
def test_a_letter_changed_lost_or_added_is_noticed(number: int, text: str, data: st.DataObject) -> None:
    cursor = encode_cursor(number, text)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("AZaz09-_=+/ ~é"))
    for mangled in (
        cursor[:place] + other + cursor[place + 1 :],
        cursor[:place] + cursor[place + 1 :],
        cursor + other,
        other + cursor,
    ):
        assert mangled == cursor or refused(mangled, int, str)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_anything_else_is_refused(text: str) -> None:
    assert refused(text, int)


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = encode_cursor(1, "a")
    for types in ((int,), (str, int), (int, int), (int, str, int), (float, str), (bool, str)):
        assert refused(cursor, *types)
    assert refused(encode_cursor("1"), int)
    assert refused(encode_cursor(1.0), int)
    assert refused("", int)
    assert refused("A" * 5000, int)


def test_a_long_title_fits_into_a_cursor() -> None:
    title = "𝄞" * 500
    assert decode_cursor(encode_cursor(title, 1), str, int) == (title, 1)


@pytest.mark.parametrize("part", [2**63, -(2**63) - 1, math.nan, math.inf, True, "a\x00b", "\ud800"])
def test_what_no_list_is_sorted_by_is_the_caller_s_mistake(part: float | str) -> None:
    with pytest.raises(ValueError):
        encode_cursor(part)
