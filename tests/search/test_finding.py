"""Finding threads and articles through the index that reactions keep level, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.tables import Article
from forum.kernel import clock
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.db import Database
from forum.search.pages import Asked, SearchPage, Similar, search_page, similar
from forum.threads import answers, editing, hiding
from forum.threads.tables import Thread
from tests.forum import making as make
from tests.installing import deliver_all
from tests.shared import shared_data


def look(database: Database, typed: str, actor: Actor = ANONYMOUS, **ticks: Any) -> SearchPage:
    with database.reading() as connection:
        return search_page(connection, actor, Asked(typed=typed, **ticks))


def found(database: Database, typed: str, actor: Actor = ANONYMOUS, **ticks: Any) -> list[int]:
    """The ids of what is found, threads and articles alike."""
    page = look(database, typed, actor, **ticks)
    assert not page.loosened
    things = [result.thread or result.article for result in page.results]
    return [thing.id for thing in things if thing is not None]


def put(database: Database, do: Callable[[Session], Thread]) -> int:
    """Do it, let the index follow, and say which thread it was."""
    with database.transaction() as session:
        made = do(session).id
    deliver_all(database)
    return made


def told(title: str, body: str = make.BODY, **fields: Any) -> Callable[[Session], Thread]:
    return lambda session: make.thread(session, title=title, body=body, **fields)


def test_title_body_replies_and_tags_are_searched(database: Database) -> None:
    def open_one(session: Session) -> Thread:
        opened = make.thread(
            session, title="Mokka pot whistles at noon", body="Nobody knows quokkas here.", tags=["zebrano"]
        )
        make.reply(session, opened, body="Perhaps the okapi gasket is worn.")
        return opened

    key = put(database, open_one)
    for typed in ("mokka", "quokkas", "okapi", "zebrano", "MOKKA Okapi", "tag:zebrano", "okapi tag:Zebrano", "mok"):
        assert found(database, typed) == [key], typed
    assert found(database, "okapi tag:walnut") == []


def test_endings_and_accents_need_not_be_the_same(database: Database) -> None:
    english = put(database, told("Descaling the wombats of the Leva", locale="en"))
    italian = put(database, told("La valvola perché gorgoglia di notte", locale="it"))
    assert found(database, "descale wombat") == [english]
    assert found(database, "valvole gorgoglia") == [italian]
    assert found(database, "perche gorgoglia") == found(database, "PERCHÉ gorgoglià") == [italian]


def test_marks_inside_of_words_are_no_hindrance(database: Database) -> None:
    key = put(database, told("Firmware 3.2 and node.js on a pre-infusion pump"))
    for typed in ("firmware 3.2", "node.js", "node js pump", "preinfusion OR pre-infusion pump"):
        assert key in [hit.thread.id for hit in look(database, typed).results if hit.thread], typed


def test_a_phrase_stands_as_it_is_and_an_exclusion_excludes(database: Database) -> None:
    together = put(database, told("The marmot lever of my machine sticks"))
    apart = put(database, told("The lever for a marmot is a curious thing"))
    assert found(database, '"marmot lever"') == [together]
    assert set(found(database, "marmot lever")) == {together, apart}
    assert found(database, "marmot -curious") == [together]
    assert found(database, 'marmot -"marmot lever"') == [apart]


def test_what_says_it_in_its_title_comes_first(database: Database) -> None:
    body = put(database, told("Something is wrong with mine today", "Is it the capybara valve? " * 3))
    title = put(database, told("The capybara valve of the Uno drips", "It drips on the table every morning."))
    assert found(database, "capybara valve") == [title, body]


def test_states_authors_and_dates_narrow(database: Database) -> None:
    with clock.at(datetime(2025, 3, 1, tzinfo=UTC)), database.transaction() as session:
        asker = make.member(session, handle="narrowminded")
        old = make.thread(session, asker, title="A tapir sat on my grinder lid")
        answers.accept(session, asker, post_id=make.reply(session, old).id)
    new = put(database, told("A tapir again, and a new grinder lid"))
    assert found(database, "tapir is:solved") == found(database, "tapir by:NarrowMinded") == [old.id]
    assert found(database, "tapir is:unanswered") == found(database, "tapir is:open") == [new]
    assert found(database, "tapir after:2025-04") == [new]
    assert set(found(database, "tapir after:2025-03-01")) == {old.id, new}
    assert found(database, "tapir by:nobody-of-that-name") == []


def test_ticks_narrow_and_are_counted_with_the_others_applied(database: Database) -> None:
    with database.transaction() as session:
        place = make.category(session)
        idea = make.thread(session, place=place, kind="idea", title="Let the ocelot lamp blink twice", locale="it")
        question = make.thread(session, place=place, title="Why does the ocelot lamp blink", locale="en")
        make.thread(session, title="The ocelot lamp is dark since May", locale="en")
    deliver_all(database)
    assert found(database, "ocelot lamp", kinds=("idea",)) == found(database, "ocelot", locales=("it",)) == [idea.id]
    page = look(database, "ocelot lamp", categories=(place.slug,), kinds=("question",))
    assert [result.thread.id for result in page.results if result.thread] == [question.id]
    assert {count.value: count.count for count in page.kinds} == {"question": 1, "idea": 1}
    assert {count.value: count.count for count in page.categories}[place.slug] == 1
    assert page.total == 1


def test_what_nothing_has_whole_is_loosened(database: Database) -> None:
    key = put(database, told("The pangolin spout leaks a little water"))
    page = look(database, "pangolin spout of obsidian")
    assert page.loosened
    assert next(result.thread.id for result in page.results if result.thread) == key
    assert not look(database, "obsidian").results
    assert not look(database, "pangolin obsidian -spout").results


def test_a_hidden_thread_is_not_found_from_the_moment_it_is_hidden(database: Database) -> None:
    with database.transaction() as session:
        author, moderator = make.member(session), make.moderator(session)
        thread = make.thread(session, author, title="A lemur lives in my water tank")
    deliver_all(database)
    with database.transaction() as session:
        hiding.hide_thread(session, thread_id=thread.id, decision=make.decision(session))
    # The index does not know yet: the forum is asked.
    page = look(database, "lemur")
    assert (page.results, page.total, page.kinds) == ((), 0, ())
    assert found(database, "lemur", author) == found(database, "lemur", moderator) == [thread.id]
    assert not _alike(database, "A lemur")
    deliver_all(database)
    assert found(database, "lemur", moderator) == []
    with database.transaction() as session:
        hiding.restore_thread(session, thread_id=thread.id, decision=make.decision(session))
    deliver_all(database)
    assert found(database, "lemur") == [thread.id]


def test_no_word_of_a_hidden_post_is_found_or_quoted(database: Database) -> None:
    with database.transaction() as session:
        thread = make.thread(session, title="The bilby handle turns too far")
        reply = make.reply(session, thread, body="Call me at the numbat, my number is 555.")
    deliver_all(database)
    assert found(database, "bilby numbat") == [thread.id]
    with database.transaction() as session:
        hiding.hide_post(session, post_id=reply.id, decision=make.decision(session))
    assert look(database, "bilby numbat").results == ()
    (result,) = look(database, "bilby handle").results
    assert "numbat" not in "".join(text for text, _ in result.excerpt)
    loosened = look(database, "bilby numbat zzyzx")
    assert "numbat" not in "".join(text for result in loosened.results for text, _ in result.excerpt)
    deliver_all(database)
    assert look(database, "numbat").results == ()


def test_what_its_author_took_back_is_not_found_either(database: Database) -> None:
    with database.transaction() as session:
        author = make.member(session)
        thread = make.thread(session, title="The dugong hose is too short")
        reply = make.reply(session, thread, author, body="Mine was a fossa hose, sorry.")
    deliver_all(database)
    with database.transaction() as session:
        editing.delete_post(session, author, post_id=reply.id)
    assert look(database, "dugong fossa").results == ()


def test_a_category_of_the_staff_is_the_staffs(database: Database) -> None:
    with database.transaction() as session:
        staff, member = make.staff(session), make.member(session)
        inner = make.category(session, audience=2, openers=2)
        thread = make.thread(session, staff, inner, title="Recall of the axolotl boiler batch")
    deliver_all(database)
    for actor in (ANONYMOUS, member):
        page = look(database, "axolotl", actor)
        assert (page.results, page.total, page.categories) == ((), 0, ())
        assert not _alike(database, "An axolotl", actor)
    assert found(database, "axolotl", staff) == [thread.id]


def test_a_thread_that_moves_among_the_staff_is_gone_at_once(database: Database) -> None:
    with database.transaction() as session:
        thread = make.thread(session, title="The aardvark pump is recalled")
        inner = make.category(session, audience=2, openers=2)
    deliver_all(database)
    assert found(database, "aardvark") == [thread.id]
    with database.transaction() as session:
        session.execute(update(Thread).where(Thread.id == thread.id).values(category_id=inner.id))
    assert found(database, "aardvark") == []


def test_articles_are_found_while_they_are_published(database: Database) -> None:
    with database.transaction() as session:
        asker, moderator = make.member(session), make.moderator(session)
        thread = make.thread(session, asker, title="The kakapo seal is torn at one side")
        answers.accept(session, asker, post_id=make.reply(session, thread).id)
    deliver_all(database)
    with database.transaction() as session:
        article = session.query(Article).filter_by(thread_id=thread.id).one()
        reviewing.publish(
            session, moderator, article_id=article.id, title="Changing a kakapo seal", body=article.source, version=1
        )
    deliver_all(database)
    assert found(database, "kakapo", kinds=("article",)) == [article.id]
    assert [one.kind for one in _alike(database, "kakapo seal")].count("article") == 1
    with database.transaction() as session:
        reviewing.withdraw(session, moderator, article_id=article.id)
    assert found(database, "kakapo", kinds=("article",)) == []
    deliver_all(database)
    assert found(database, "kakapo") == [thread.id]


def test_results_come_in_pages(database: Database) -> None:
    with database.transaction() as session:
        author, place = make.member(session), make.category(session)
        ids = {make.thread(session, author, place, title=f"A gharial knob, number {n}").id for n in range(25)}
    deliver_all(database)
    first, second = found(database, "gharial"), found(database, "gharial", offset=20)
    assert (len(first), len(second), {*first, *second}) == (20, 5, ids)
    assert look(database, "gharial").total == 25
    assert found(database, "gharial", offset=40) == []


def test_nothing_typed_breaks_a_search(database: Database) -> None:
    naughty = json.loads((shared_data("data/naughty-strings") / "blns.json").read_text())
    typed = [
        *naughty,
        "x" * 10_000,
        "a " * 5_000,
        '"' * 100,
        "NEAR(a, b)",
        "a:* | !b",
        "title:a",
        "tag:*",
        "'",
        "ǅ ß ﬁ İ",
        "の",
    ]
    for words in typed:
        look(database, words.replace("\x00", ""))
        _alike(database, words.replace("\x00", ""))


def _alike(database: Database, title: str, actor: Actor = ANONYMOUS) -> tuple[Similar, ...]:
    with database.reading() as connection:
        return similar(connection, actor, title=title)


@pytest.mark.parametrize("title", ["", "???", "how do I", "the of and"])
def test_nothing_looks_like_nothing(database: Database, title: str) -> None:
    assert _alike(database, title) == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("thylacyne", "thylacine"),
        ("thylacne boilr", "thylacine boiler"),
        ("htylacine boiler", "thylacine boiler"),
        ("thylaccine is:open", "thylacine"),
    ],
)
def test_a_slip_of_the_finger_is_put_right(database: Database, typed: str, meant: str) -> None:
    with database.reading() as connection:
        known = search_page(connection, ANONYMOUS, Asked(typed="thylacine boiler is:open")).total
    if not known:
        put(database, told("The thylacine boiler is cold"))
    page = look(database, typed)
    assert (page.meant, page.loosened) == (meant, False)
    assert page.results[0].thread is not None
    assert page.results[0].thread.title == "The thylacine boiler is cold"
    assert "thylacine" in page.question.words


def test_what_is_found_as_it_stands_is_not_put_right(database: Database) -> None:
    put(database, told("A wallaby gasket, and a wallabi gasket too"))
    page = look(database, "wallabi")
    assert (page.total, page.meant) == (1, "")
    assert look(database, "xyzzyqq").meant == ""
    assert look(database, "gaskte -wallaby").meant in ("", "gasket")


def test_nobody_is_told_of_words_they_may_not_see(database: Database) -> None:
    with database.transaction() as session:
        staff = make.staff(session)
        inner = make.category(session, audience=2, openers=2)
        make.thread(session, staff, inner, title="Project Zorilla begins in May")
    deliver_all(database)
    assert look(database, "zroilla", staff).meant == "zorilla"
    page = look(database, "zroilla")
    assert (page.meant, page.results) == ("", ())
