"""Words that were redacted in the public log stand nowhere else, and no page that was kept shows them for longer."""

from forum.kernel.db import Database
from moderation import verifying
from moderation.decisions import Ruling, decide, redact
from tests.forum import making as make
from tests.security.conftest import People
from tests.web.pages.visiting import Site

SECRET = "Anna Bianchi of via Roma 7 asked us to."


def ruling(action: str, kind: str, target_id: int) -> Ruling:
    return Ruling(action=action, target_kind=kind, target_id=target_id, rule="4", reason_code="other", text=SECRET)


def test_why_a_thread_was_closed(site: Site, people: People, database: Database) -> None:
    with database.transaction() as session:
        thread, admin = make.thread(session, people.asker), make.administrator(session)
        number = decide(session, people.moderator, ruling("close-thread", "thread", thread.id)).number
    page, api, visitor = f"/t/{thread.id}/{thread.slug}", f"/api/v1/threads/{thread.id}", site.anybody()
    assert SECRET in visitor.get(page).text
    assert SECRET in visitor.get(api).text
    with database.transaction() as session:
        redact(session, admin, number=number, text="It held somebody's address.")
    for path in (api, f"{page}?sort=newest", f"/transparency/{number}", "/api/v1/moderation/log"):
        assert SECRET not in visitor.get(path).text
    assert SECRET not in site.as_(people.moderator).get(page).text
    with database.reading() as connection:
        assert all(finding.is_sound for finding in verifying.verify(connection))


def test_a_page_that_quotes_them_is_another_page_from_then_on(site: Site, people: People, database: Database) -> None:
    from forum.threads.pages import public_version

    with database.transaction() as session:
        thread, admin = make.thread(session, people.asker), make.administrator(session)
        post = make.reply(session, thread, people.peer)
        number = decide(session, people.moderator, ruling("hide-post", "post", post.id)).number
    with database.reading() as connection:
        before = public_version(connection, thread_id=thread.id)
    with database.transaction() as session:
        redact(session, admin, number=number, text="It held somebody's address.")
    with database.reading() as connection:
        assert public_version(connection, thread_id=thread.id) != before
