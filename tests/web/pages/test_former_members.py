"""What pages show of somebody who left for good."""

from forum.kernel.db import Database
from forum.members import leaving
from forum.members.tables import Member
from tests.forum import making as make
from tests.web.pages.visiting import Site
from web.pages.parts import Person


def test_who_left_is_named_in_the_reader_s_language_and_linked_nowhere(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author = make.member(session, handle="secretname")
        thread = make.thread(session, author)
        make.reply(session, thread, author)
        leaving.anonymise(session, session.get_one(Member, author.member_id))
    for language, said in (("en", "Former member"), ("it", "Ex membro")):
        page = site.anybody().get(f"/t/{thread.id}/{thread.slug}", accept_language=language)
        assert said in page.words("//main")
        assert "secretname" not in page.text.lower()
        assert "/m/~" not in page.text


def test_a_handle_that_only_somebody_who_left_has_is_no_address() -> None:
    assert Person(name="Former member", handle="~7").handle == ""
    assert not Person(name="Marta", handle="marta").is_former
