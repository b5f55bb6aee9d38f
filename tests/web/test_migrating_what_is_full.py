"""A database that people have written into is brought up to date with all that they wrote."""

from sqlalchemy import select, text

from forum.kernel.db import Database
from forum.threads import editing
from forum.threads.tables import Revision
from tests.forum import making as make
from web import migrations

# Before the first migration that changes a table to which others refer.
FILLED_AT = "0006"
MEMBER = """INSERT INTO member (id, handle, handle_key, name, role, locale, bio, bio_html, points, trust_level, privileges,
    is_bot, is_imported, created_at) VALUES (1, 'marta', 'marta', 'Marta', 'member', '', '', '', 0, 0, '[]', :no, :no, 1)"""
SIGN_IN = """INSERT INTO sign_in (id, member_id, token_hash, user_agent, created_at, last_seen_at, expires_at)
    VALUES (1, 1, 'h', '', 1, 1, 1)"""


def test_what_refers_to_a_changed_table_stays(empty_database_url: str) -> None:
    migrations.upgrade(empty_database_url, FILLED_AT)
    database = Database(empty_database_url)
    with database.engine.begin() as connection:
        connection.execute(text(MEMBER), {"no": False})
        connection.execute(text(SIGN_IN))
    database.dispose()
    migrations.upgrade(empty_database_url)
    migrations.downgrade(empty_database_url, FILLED_AT)
    migrations.upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.engine.connect() as connection:
        found = connection.execute(text("SELECT m.name, m.avatar FROM sign_in s JOIN member m ON m.id = s.member_id"))
        assert found.all() == [("Marta", "")]
        if database.is_sqlite:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    database.dispose()


def test_versions_from_before_bear_the_badge_of_their_post(empty_database_url: str) -> None:
    migrations.upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.transaction() as session:
        author, customer = make.staff(session, team="Repairs"), make.member(session)
        of_company = make.reply(session, make.thread(session), author)
        of_customer = make.reply(session, make.thread(session), customer)
        for post, by in ((of_company, author), (of_customer, customer)):
            editing.edit_post(session, by, post_id=post.id, body=make.REPLY + " Always.")
    migrations.downgrade(empty_database_url, "0011")
    migrations.upgrade(empty_database_url)
    with database.transaction() as session:
        kept = select(Revision.is_company, Revision.badge_team, Revision.badge_title).order_by(Revision.id)
        assert [tuple(row) for row in session.execute(kept)] == [(True, "Repairs", "Engineer")] * 2 + [
            (False, "", "")
        ] * 2
    database.dispose()
