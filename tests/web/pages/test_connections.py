"""The administration of connections, as people of every role meet it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm_sync import connections, pages
from crm_sync.sealing import unseal
from crm_sync.tables import Connection, CrmDelivery, RemoteLink
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.errors import Text
from forum.kernel.settings import Settings
from forum.members.actors import SYSTEM
from forum.members.tables import AuditEntry
from tests.crm_sync import make as crm
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor

URL = "https://crm.example.com/hook"


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


@dataclass
class Desk:
    """What one test works with: a browser of an administrator, a connection of its own, and deliveries through it."""

    browser: Visitor
    database: Database
    name: str
    connection_id: int

    def delivery(self, **columns: Any) -> int:
        with self.database.transaction() as session:
            asked = crm.question(session, title="Pump is <silent>")
            row = crm.delivery(connection_id=self.connection_id, local_id=asked.thread_id, **columns)
            session.add(row)
            session.flush()
            return row.id

    def row(self, delivery_id: int) -> CrmDelivery:
        with self.database.transaction() as session:
            return session.get_one(CrmDelivery, delivery_id)

    def connection(self) -> Connection:
        with self.database.transaction() as session:
            return session.get_one(Connection, self.connection_id)

    def receipts(self) -> list[tuple[str, str]]:
        with self.database.reading() as connection:
            rows = connection.execute(select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id))
            return [(row.action, row.subject) for row in rows]


_names = iter(f"hook-{number}" for number in range(1000))


@pytest.fixture
def desk(site: Site, database: Database, administrator: Actor, settings: Settings) -> Iterator[Desk]:
    name = next(_names)
    with database.transaction() as session:
        given = {"url": URL}
        made = connections.connect(
            session, SYSTEM, name=name, connector="webhook", config=given, secret_key=settings.secret_key
        )
    yield Desk(site.as_(administrator), database, name, made.connection_id)
    with database.transaction() as session:  # what waits for a person is counted over all connections
        for row in session.scalars(select(CrmDelivery).where(CrmDelivery.connection_id == made.connection_id)):
            row.state = "done"


PATHS = (
    ("get", "/admin/connections"),
    ("get", "/admin/deliveries"),
    ("get", "/admin/deliveries/1"),
    ("send", "/admin/connections"),
    ("send", "/admin/connections/1/hold"),
    ("send", "/admin/connections/1/resume"),
    ("send", "/admin/connections/1/secret"),
    ("send", "/admin/deliveries/replay"),
    ("send", "/admin/deliveries/1/replay"),
    ("send", "/admin/deliveries/1/let-go"),
)


@pytest.mark.parametrize(("how", "path"), PATHS)
def test_only_administrators_are_let_in(site: Site, people: People, how: str, path: str) -> None:
    for person in (people.asker, people.staff, people.moderator):
        browser = site.as_(person)
        fields = {"name": "mine", "url": URL} if path == "/admin/connections" and how == "send" else {}
        getattr(browser, how)(path, status=403, **fields)
    if how == "get":
        assert site.anybody().get(path, status=303).leads_to.startswith("/login")
    else:
        anybody = site.anybody()
        anybody.get("/login")
        assert anybody.send(path, status=303, name="mine", url=URL).leads_to.startswith("/login")


@pytest.mark.parametrize("path", ["/admin/deliveries/999999", "/admin/deliveries/x", "/admin/deliveries/01"])
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    desk.browser.get(path, status=404)


@pytest.mark.parametrize("what", ["hold", "resume", "secret"])
def test_a_connection_that_is_not_there_is_not_found(desk: Desk, what: str) -> None:
    desk.browser.send(f"/admin/connections/999999/{what}", status=404)


def test_each_connection_says_how_it_does(desk: Desk) -> None:
    desk.delivery(state="done", settled_at=now() - timedelta(hours=2))
    desk.delivery(state="waiting", created_at=now() - timedelta(minutes=12))
    with desk.database.transaction() as session:
        row = session.get_one(Connection, desk.connection_id)
        row.last_success_at, row.failures, row.budget = now() - timedelta(hours=2), 2, 60
        row.breaker_until = now() + timedelta(minutes=1)
    words = desk.browser.get("/admin/connections").words(f"//section[h2[contains(., '{desk.name}')]]")
    assert "Warnings" in words
    assert URL in words
    assert "2 h ago" in words
    assert "12 min ago" in words
    assert "1 delivered" in words
    assert "1 waits" in words
    assert "2 times in a row" in words
    assert "60 calls a minute" in words
    assert desk.browser.has(f"//section[h2[contains(., '{desk.name}')]]//*[local-name()='polyline']")


def test_the_chart_of_a_day_goes_from_its_first_hour_to_its_last(desk: Desk) -> None:
    moments = [
        timedelta(minutes=1),
        timedelta(minutes=2),
        timedelta(hours=5, minutes=1),
        timedelta(hours=23, minutes=59),
    ]
    for ago in moments:
        desk.delivery(state="done", settled_at=now() - ago)
    desk.delivery(state="done", settled_at=now() - timedelta(hours=25))
    with desk.database.reading() as connection:
        (found,) = [one for one in pages.connections_page(connection, SYSTEM).connections if one.name == desk.name]
    assert {number: count for number, count in enumerate(found.by_hour) if count} == {0: 1, 18: 1, 23: 2}
    assert found.delivered_in_a_day == 4


def test_a_webhook_is_connected_and_its_secret_shown_once(desk: Desk, settings: Settings) -> None:
    name = next(_names)
    page = desk.browser.get("/admin/connections").send(
        "/admin/connections", status=200, name=name, url=f" {URL} ", budget="30"
    )
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.text)
    with desk.database.transaction() as session:
        made = session.scalars(select(Connection).where(Connection.name == name)).one()
    assert (made.connector, made.config, made.budget) == ("webhook", {"url": URL}, 30)
    kept = unseal(made.secrets, secret_key=settings.secret_key, bound_to=name)
    assert [one.value for one in kept] == [secret]
    assert page.answer.headers["cache-control"] == "no-store"
    assert "whsec_" not in desk.browser.get("/admin/connections").text
    assert desk.receipts()[-1] == ("connection:connected", f"crm_connection:{made.id}")


@pytest.mark.parametrize(
    ("fields", "said", "field"),
    [
        ({"name": "Not Good", "url": URL}, "Small letters, digits and hyphens", "name"),
        ({"name": "good", "url": "ftp://x"}, "An address that begins with https://", "url"),
        ({"name": "good", "url": "https://user:pw@x.example"}, "without a user name", "url"),
        ({"name": "good", "url": URL, "secret": "short"}, "A secret is base64", "secret"),
        ({"name": "good", "url": URL, "budget": "0"}, "At least one call a minute", "budget"),
        ({"name": "good", "url": URL, "budget": "many"}, "This wants a whole number", "budget"),
        ({}, "Small letters, digits and hyphens", "name"),
    ],
)
def test_what_cannot_be_connected_comes_back_with_a_sentence(
    desk: Desk, fields: dict[str, str], said: str, field: str
) -> None:
    page = desk.browser.get("/admin/connections").send("/admin/connections", status=422, **fields)
    assert said in page.words(f"//p[@id='{field}-error']")
    assert page.has(f"//a[@href='#{field}']")
    if fields:
        assert page.page.xpath("//input[@id='url']/@value") == [fields["url"]]


def test_a_name_is_taken_once(desk: Desk) -> None:
    page = desk.browser.get("/admin/connections").send("/admin/connections", status=409, name=desk.name, url=URL)
    assert f"a connection called “{desk.name}” already" in page.words("//p[@id='name-error']")


def test_pausing_and_resuming(desk: Desk) -> None:
    desk.delivery(state="waiting")
    browser = desk.browser.send(f"/admin/connections/{desk.connection_id}/hold").follow()
    assert "Paused. What is to be delivered waits" in browser.words("//*[@role='status']")
    banner = browser.words(f"//div[contains(@class, 'banner')][contains(., '{desk.name}')]")
    assert "is paused. Held by hand." in banner
    assert "Nothing is lost: 1 delivery waits." in banner
    assert desk.connection().state == "held"
    browser = desk.browser.send(f"/admin/connections/{desk.connection_id}/resume").follow()
    assert "Resumed." in browser.words("//*[@role='status']")
    assert desk.connection().state == "ok"
    actions = [action for action, subject in desk.receipts() if subject == f"crm_connection:{desk.connection_id}"]
    assert actions == ["connection:connected", "connection:held", "connection:resumed"]


def test_a_new_secret_is_shown_once_and_the_old_one_goes_on_for_a_day(desk: Desk, settings: Settings) -> None:
    before = unseal(desk.connection().secrets, secret_key=settings.secret_key, bound_to=desk.name)
    page = desk.browser.send(f"/admin/connections/{desk.connection_id}/secret", status=200)
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.text)
    kept = unseal(desk.connection().secrets, secret_key=settings.secret_key, bound_to=desk.name)
    assert [one.value for one in kept] == [secret, before[0].value]
    assert "whsec_" not in desk.browser.get("/admin/connections").text
    assert secret not in str(desk.receipts())


def test_the_journal_has_no_secret_to_change(site: Site, desk: Desk) -> None:
    with desk.database.transaction() as session:
        journal = connections.ensure_default_connection(session)
    desk.browser.send(f"/admin/connections/{journal}/secret", status=409)
    page = desk.browser.get("/admin/connections")
    assert not page.has(f"//form[@action='/admin/connections/{journal}/secret']")


def test_what_could_not_be_delivered_is_listed_with_its_reason_and_tried_again(desk: Desk) -> None:
    from crm_sync.tables import packed

    why = packed(Text("The receiver answered %(status)s: %(said)s", status=422, said="no such field"))
    key = desk.delivery(state="parked", reason="refused", why=why, attempt=3)
    page = desk.browser.get("/admin/connections")
    row = page.words(f"//tr[th/a[@href='/admin/deliveries/{key}']]")
    assert "Case: Pump is <silent>" in row
    assert "The receiver answered 422: no such field" in row
    page.send(f"/admin/deliveries/{key}/replay")
    assert page.leads_to == f"/admin/deliveries/{key}"
    assert "tried again within a second" in page.follow().words("//*[@role='status']")
    assert (desk.row(key).state, desk.row(key).attempt) == ("waiting", 0)
    assert desk.receipts()[-1] == ("delivery:replayed", f"crm_delivery:{key}")
    page.send(f"/admin/deliveries/{key}/replay", status=409)


def test_all_that_is_dead_is_tried_again_at_once(desk: Desk) -> None:
    keys = [desk.delivery(state=state) for state in ("parked", "held", "parked", "done")]
    page = desk.browser.get("/admin/connections")
    assert "Try all 3 again" in page.words()
    assert page.send("/admin/deliveries/replay").leads_to == "/admin/connections"
    assert [desk.row(key).state for key in keys] == ["waiting", "waiting", "waiting", "done"]
    assert desk.receipts()[-1] == ("deliveries:replayed", "crm_delivery")
    page.send("/admin/deliveries/replay")
    assert len([action for action, _ in desk.receipts() if action == "deliveries:replayed"]) >= 1
    assert "Nothing waits for you." in page.follow().words()


def test_letting_go_ends_a_delivery(desk: Desk) -> None:
    key = desk.delivery(state="held", reason="gone")
    page = desk.browser.send(f"/admin/deliveries/{key}/let-go").follow()
    assert (desk.row(key).state, desk.row(key).reason) == ("done", "let-go")
    assert "Let go by a person" in page.words("//ol")
    assert desk.receipts()[-1] == ("delivery:let-go", f"crm_delivery:{key}")
    desk.browser.send(f"/admin/deliveries/{key}/let-go", status=409)


def test_deliveries_are_narrowed_and_turned_page_by_page(desk: Desk) -> None:
    keys = [desk.delivery(state="done", reason="updated") for _ in range(23)]
    waiting = desk.delivery(state="waiting")
    own = f"connection={desk.connection_id}"
    page = desk.browser.get(f"/admin/deliveries?{own}")
    shown = [int(href.rsplit("/", 1)[1]) for href in page.page.xpath("//th/a/@href")]
    assert shown == [waiting, *reversed(keys)][:20]
    (older,) = page.page.xpath("//nav[contains(@class, 'pager')]//a[@rel='next' or contains(., 'Older')]/@href")
    rest = desk.browser.get(older)
    assert [int(href.rsplit("/", 1)[1]) for href in rest.page.xpath("//th/a/@href")] == [waiting, *reversed(keys)][20:]
    assert rest.has(f"//option[@selected][@value='{desk.connection_id}']")
    narrowed = desk.browser.get(f"/admin/deliveries?state=waiting&{own}")
    assert [int(href.rsplit("/", 1)[1]) for href in narrowed.page.xpath("//th/a/@href")] == [waiting]
    assert "No delivery like that" in desk.browser.get(f"/admin/deliveries?state=parked&{own}").words()
    desk.browser.get("/admin/deliveries?state=lost", status=422)
    desk.browser.get("/admin/deliveries?cursor=nonsense", status=422)


def test_one_delivery_is_told_step_by_step(desk: Desk) -> None:
    from crm_sync.claiming import step

    key = desk.delivery(state="parked", reason="refused", attempt=1)
    moment = now().replace(hour=10, minute=2, second=11, microsecond=204_900)
    with desk.database.transaction() as session:
        row = session.get_one(CrmDelivery, key)
        for what, note in (
            ("written", None),
            ("claimed", None),
            ("called", None),
            ("refused", Text("It said <no>.")),
            ("parked", None),
        ):
            step(session, row, what, moment, note)
    page = desk.browser.get(f"/admin/deliveries/{key}")
    lines = page.page.xpath("//ol[contains(@class, 'line')]/li")
    assert [" ".join(line.xpath("./b/text()")) for line in lines] == [
        "Written here, in the same moment as the change",
        "Picked up by a worker",
        "Sending",
        "Refused",
        "Given up. Waiting for you",
    ]
    assert "10:02:11.204 UTC" in lines[0].text_content()
    assert "It said <no>." in lines[3].text_content()
    assert [line.get("class") for line in lines[-2:]] == ["done is-danger", "is-danger"]
    assert page.words("//h1") == "Pump is <silent>"
    assert page.has(f"//form[@action='/admin/deliveries/{key}/replay']")


def test_the_pages_are_read_in_italian(site: Site, database: Database) -> None:
    with database.transaction() as session:
        person = make.member(session, role="administrator", locale="it")
    browser = site.as_(person)
    assert "Collegamenti" in browser.get("/admin/connections").words("//h1")
    assert "Consegne" in browser.get("/admin/deliveries").words("//h1")
    assert not re.search(r"\b(waits|delivered|Try again|Paused|Healthy)\b", browser.get("/admin/connections").words())


def test_the_pages_cost_few_selects(site: Site, desk: Desk) -> None:
    key = desk.delivery(state="parked")
    for path in ("/admin/connections", "/admin/deliveries", f"/admin/deliveries/{key}"):
        with site.counting() as seen:
            desk.browser.get(path)
        assert len(seen) <= 6, path


def test_the_administration_leads_here(desk: Desk) -> None:
    assert desk.browser.get("/admin").has("//a[@href='/admin/connections']")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Shared with the company as a case"), ("it", "Condivisa con l’azienda come caso")]
)
def test_a_thread_says_with_whom_it_is_shared(desk: Desk, language: str, said: str) -> None:
    with desk.database.transaction() as session:
        asked = crm.question(session)
    address = f"/t/{asked.thread_id}/pump-is-silent"
    desk.browser.client.cookies.set("locale", language)
    assert said not in desk.browser.get(address).text
    with desk.database.transaction() as session:
        session.add(
            RemoteLink(
                connection_id=desk.connection_id, kind="case", local_id=asked.thread_id, remote_id="7", updated_at=now()
            )
        )
    page = desk.browser.get(address)
    assert said in page.text
    assert desk.name in page.text
