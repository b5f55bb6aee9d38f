"""What people type, and what becomes of it before a database is asked."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.search.excerpts import excerpt
from forum.search.queries import for_fts5, for_tsquery, parsed, plain, telling_words
from forum.search.words import fold, italian_forms, stem
from tests.shared import shared_data

OPERATORS = (
    '"',
    '""',
    "a AND",
    "NEAR(a b)",
    "title:a",
    "a*",
    "^a",
    "a OR",
    "(a",
    "{a",
    "'",
    "a' | b",
    "!a",
    "a <-> b",
    "\\",
    "a:*",
    ":::",
)


def test_words_phrases_and_exclusions_are_told_apart() -> None:
    question = parsed('"Steam Valve" hissing -grinder -"pump motor"')
    assert question.wanted == (("steam", "valve"), ("hissing",))
    assert question.unwanted == (("grinder",), ("pump", "motor"))
    assert question.open_end is False


@pytest.mark.parametrize(
    ("typed", "open_end"), [("pressu", True), ("pressu ", False), ('"pressu"', False), ("a b", False)]
)
def test_only_the_last_word_may_be_a_beginning(typed: str, open_end: bool) -> None:
    assert parsed(typed).open_end is open_end


def test_common_words_need_not_occur_unless_there_are_no_others() -> None:
    assert parsed("how do I descale the boiler").wanted == (("descale",), ("boiler",))
    assert parsed("come si pulisce la caldaia").wanted == (("pulisce",), ("caldaia",))
    assert parsed("how to").wanted == (("how",), ("to",))
    assert parsed('"to be"').wanted == (("to", "be"),)


def test_operators_narrow_and_wrong_ones_leave_a_hint() -> None:
    question = parsed("valve tag:duo is:solved by:@Jonas after:2026-10 is:blue after:soon")
    assert question.wanted == (("valve",),)
    assert question.tags == (("duo",),)
    assert (question.narrowing.states, question.narrowing.by) == (frozenset({"solved"}), "jonas")
    assert question.narrowing.after == datetime(2026, 10, 1, tzinfo=UTC)
    assert [hint.values["value"] for hint in question.hints] == ["blue", "soon"]


@pytest.mark.parametrize("typed", ["after:2026-13", "after:2026-02-30", "after:0000", "after:٢٠٢٦"])
def test_a_date_that_is_none_leaves_a_hint(typed: str) -> None:
    assert parsed(typed).narrowing.after is None
    assert len(parsed(typed).hints) == 1


def test_what_looks_like_an_operator_and_is_none_is_looked_for() -> None:
    assert parsed("node:js tag:").wanted == (("node", "js"), ("tag",))


def test_what_only_a_search_understands_does_not_go_into_a_question() -> None:
    assert plain('Valve "hisses loudly" -grinder tag:duo is:open') == "Valve hisses loudly"


def test_telling_words_are_those_that_few_texts_have() -> None:
    assert telling_words("Why does the boiler of my Duo not get warm?") == ("boiler", "duo", "warm")


def test_folding_keeps_every_character_in_its_place() -> None:
    text = "Perché l’È già ﬁne İstanbul naïve ß"
    assert len(fold(text)) == len(text)
    assert fold(text).startswith("perche l’e gia")


def test_endings_of_both_languages_are_taken_off() -> None:
    assert stem("valves") == stem("valve")
    assert stem("descaling") == stem("descaled")
    assert stem("valvola") == stem("valvole")
    assert "macchine" in italian_forms("macchina")
    assert italian_forms("duo") == italian_forms("pumps") == ()


def test_an_excerpt_is_the_piece_with_most_of_the_words() -> None:
    early = "The pump is loud. " + "Nothing of interest. " * 30
    pieces = excerpt([early, "Yes. " * 60 + "Open the pump and clean its valves well."], ("pump", "valve"))
    assert [text for text, is_word in pieces if is_word] == ["pump", "valves"]
    assert pieces[0][0].startswith("… ")


def test_an_excerpt_without_any_of_the_words_is_the_beginning() -> None:
    assert excerpt(["A long story. " * 40], ("tag",))[0][0].startswith("A long story.")
    assert excerpt([], ("tag",)) == ()
    assert excerpt([""], ("tag",)) == ()


@given(st.lists(st.text(), max_size=3), st.lists(st.text(min_size=1), max_size=3))
def test_an_excerpt_says_nothing_that_the_text_does_not(parts: list[str], words: list[str]) -> None:
    folded = tuple(word for one in words for word in parsed(one).words)
    said = "".join(text for text, _ in excerpt(parts, folded))
    core = said.removeprefix("… ").removesuffix(" …")
    assert any(core in part for part in parts) or not core


@pytest.fixture(scope="module")
def index() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    made.execute(
        "CREATE VIRTUAL TABLE t USING fts5(title, tags, body, tokenize='porter unicode61 remove_diacritics 2')"
    )
    return made


@given(
    typed=st.text()
    | st.sampled_from(OPERATORS)
    | st.lists(st.sampled_from((*OPERATORS, "valve", "-valve"))).map(" ".join)
)
def test_nothing_typed_is_ever_syntax(index: sqlite3.Connection, typed: str) -> None:
    question = parsed(typed)
    for any_word in (False, True):
        for_tsquery(question, any_word=any_word)
        if not question.is_empty:
            index.execute("SELECT 1 FROM t WHERE t MATCH ?", (for_fts5(question, any_word=any_word),)).fetchall()


def test_naughty_strings_are_no_syntax_either(index: sqlite3.Connection) -> None:
    for typed in json.loads((shared_data("data/naughty-strings") / "blns.json").read_text()):
        question = parsed(typed)
        if not question.is_empty:
            index.execute("SELECT 1 FROM t WHERE t MATCH ?", (for_fts5(question),)).fetchall()
