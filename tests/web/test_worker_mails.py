"""Mails from the page's transaction to a real mail server, through the worker, also past one that was killed in between."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from forum.kernel import clock
from forum.kernel.db import Database
from forum.members import joining
from forum.members.actors import actor_of
from forum.members.tables import MailDelivery, MailedToken
from tests.installing import SECRET_KEY, settings_for
from tests.servers import smtp
from tests.shared import ROOT
from web import worker

# A worker that is killed when it is about to open the socket.
_KILLED = """
import os, sys
from pathlib import Path
from forum.kernel.db import Database
from forum.members.posting import Postman
from tests.installing import settings_for
from web import mails
class Killed:
    def send(self, mail):
        os.kill(os.getpid(), 9)
settings = settings_for(sys.argv[1], Path(sys.argv[2]))
Postman(Database(sys.argv[1]), Killed(), mails.renderer(settings), settings.secret_key, settings.base_url).run_once()
"""


def join(database: Database) -> int:
    with database.transaction() as session:
        return joining.join(session, handle="marta", mail="marta@post.example", password="a sentence is good").id


def send(database_url: str, database: Database, mails: smtp.Sink, folder: Path, count: int) -> None:
    settings = settings_for(database_url, folder, smtp_url=f"{mails.url}?starttls=no&from=square@post.example")
    listening = worker.start(settings, database)
    try:
        mails.wait_for(count)
    finally:
        listening.stop()


def confirm(database: Database, mails: smtp.Sink, member_id: int) -> None:
    (received,) = mails.received
    message = received.message
    assert (received.sender, received.recipients) == ("square@post.example", ("marta@post.example",))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Auto-Submitted"] == "auto-generated"
    plain, page = (str(part.get_content()) for part in message.iter_parts())
    found = re.search(r"http://127\.0\.0\.1:8000/mailed/verify/([\w-]+)", plain)
    assert found is not None
    assert found[0] in page
    with database.transaction() as session:
        joining.confirm(session, key=found[1])
        assert not actor_of(session, member_id).unverified


def test_a_mail_goes_from_the_form_to_a_mail_server(fresh_database: Database, mails: smtp.Sink, tmp_path: Path) -> None:
    member_id = join(fresh_database)
    send(fresh_database.engine.url.render_as_string(hide_password=False), fresh_database, mails, tmp_path, 1)
    confirm(fresh_database, mails, member_id)


def test_a_worker_that_is_killed_before_the_socket_opens_costs_no_mail_and_makes_no_second(
    fresh_database: Database, mails: smtp.Sink, tmp_path: Path
) -> None:
    member_id = join(fresh_database)
    url = fresh_database.engine.url.render_as_string(hide_password=False)
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, url, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -9, killed.stderr
    with fresh_database.transaction() as session:
        first = session.scalars(select(MailedToken.token_hash)).one()
        session.execute(update(MailDelivery).values(lease_until=clock.now() - timedelta(minutes=5)))
    send(url, fresh_database, mails, tmp_path, 1)
    with fresh_database.transaction() as session:
        assert session.scalars(select(MailedToken.token_hash)).one() == first
    confirm(fresh_database, mails, member_id)
    assert SECRET_KEY not in str(mails.received[0].message)
