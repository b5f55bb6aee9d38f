"""The servers of the fixtures do what the tests that rest on them believe."""

import asyncio
import smtplib
import socket
import urllib.error
import urllib.request
from email.message import EmailMessage
from http.client import RemoteDisconnected

import psycopg
import pytest
import redis
from playwright.sync_api import Browser, Page
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import text
from sqlalchemy.orm import Session

from forum.kernel.db import Database
from tests.servers import postgres, smtp, webhooks


def test_a_copied_database_has_the_tables(database: Database) -> None:
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM outbox_event")).scalar_one() == 0


def _open_schedule(session: Session, name: str) -> None:
    session.execute(text("INSERT INTO schedule (name, every_seconds, next_at) VALUES (:name, 1, 0)"), {"name": name})


@pytest.mark.parametrize("turn", [1, 2])
def test_a_session_leaves_nothing_behind_even_when_it_commits(session: Session, turn: int) -> None:
    assert session.execute(text("SELECT count(*) FROM schedule")).scalar_one() == 0
    _open_schedule(session, "kept")
    session.commit()
    _open_schedule(session, "undone")
    session.rollback()
    assert session.execute(text("SELECT name FROM schedule")).scalars().all() == ["kept"]


@pytest.mark.parametrize("turn", [1, 2])
def test_a_fresh_database_is_nobody_elses(fresh_database: Database, turn: int) -> None:
    with fresh_database.transaction() as session:
        _open_schedule(session, "mine")
    with fresh_database.reading() as connection:
        assert connection.execute(text("SELECT name FROM schedule")).scalars().all() == ["mine"]


def test_an_empty_database_has_no_table(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with pytest.raises(Exception, match="schedule"), database.reading() as connection:
        connection.execute(text("SELECT 1 FROM schedule"))
    database.dispose()


def test_postgresql_is_new_enough_and_sorts_by_bytes(postgres_server: postgres.Server) -> None:
    with psycopg.connect(postgres_server.url) as connection:
        assert connection.info.server_version >= postgres.OLDEST * 10_000
        assert connection.execute("SELECT 'B' < 'a'").fetchone() == (True,)


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("loggia", "here")
        assert client.get("loggia") == b"here"


def _send(sink: smtp.Sink) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Perché no"
    message.set_content("Words")
    host, port = sink.url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port), timeout=5) as client:
        client.send_message(message)


def test_the_mail_sink_keeps_what_it_accepts(mails: smtp.Sink) -> None:
    _send(mails)
    (received,) = mails.wait_for(1)
    assert received.recipients == ("b@example.com",)
    assert received.message["Subject"] == "Perché no"


def test_the_mail_sink_refuses_when_told(mails: smtp.Sink) -> None:
    mails.refuse_with = "451 Try later"
    with pytest.raises(smtplib.SMTPDataError, match="Try later"):
        _send(mails)
    assert mails.received == []


def _post(url: str, timeout: float = 5.0) -> int:
    request = urllib.request.Request(url, data=b"{}", headers={"X-Id": "7"}, method="POST")
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return int(answer.status)


def test_the_receiver_records_and_answers(receiver: webhooks.Receiver) -> None:
    receiver.next_answers(webhooks.Answer(503))
    with pytest.raises(urllib.error.HTTPError, match="503"):
        _post(f"{receiver.url}/hook")
    assert _post(f"{receiver.url}/hook") == 200
    first, second = receiver.wait_for(2)
    assert first == second
    assert (first.method, first.path, first.body, first.headers["x-id"]) == ("POST", "/hook", b"{}", "7")


def test_the_receiver_cuts(receiver: webhooks.Receiver) -> None:
    receiver.answer = webhooks.CUT
    with pytest.raises(RemoteDisconnected):
        _post(receiver.url)
    assert len(receiver.received) == 1


def test_the_receiver_hangs(receiver: webhooks.Receiver) -> None:
    receiver.answer = webhooks.HANG
    with pytest.raises(TimeoutError):
        _post(receiver.url, timeout=0.2)
    assert len(receiver.received) == 1


@pytest.mark.browser
def test_the_browser_sees_loopback(page: Page, receiver: webhooks.Receiver) -> None:
    receiver.answer = webhooks.Answer(body=b"<title>Here</title>", headers={"Content-Type": "text/html"})
    page.goto(receiver.url)
    assert page.title() == "Here"


@pytest.mark.browser
def test_while_a_browser_runs_its_loop_is_in_the_way(browser: Browser) -> None:
    """Why `browser` lasts for a module, not for the run."""
    waiting = asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="running event loop"):
        asyncio.run(waiting)
    waiting.close()


def test_the_world_outside_is_out_of_reach() -> None:
    with socket.socket() as client, pytest.warns(UserWarning, match=r"192\.0\.2\.1"):  # noqa: SIM117
        with pytest.raises(SocketConnectBlockedError):
            client.connect(("192.0.2.1", 80))
