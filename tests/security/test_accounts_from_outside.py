"""What strangers, scanners and the suspended can make of accounts through the pages: nothing, and they learn nothing."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from litestar.testing import TestClient
from sqlalchemy import select, update

from forum.kernel import clock
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import accounts, finding, inviting, leaving, mailed_keys, managing
from forum.members.actors import SYSTEM, actor_of
from forum.members.posting import Postman
from forum.members.tables import Credential, Group, MailAddress, MailDelivery, MailedToken, Member, SignIn
from tests.members.mails import Box
from tests.web.pages.visiting import FROM_HERE, HERE, Site, Visitor
from web import mails
from web.app import create_app
from web.edge.buckets import Rule
from web.edge.limits import LOOPBACK_LIMITS, Limits

PASSWORD, NEW = "a sentence is good", "another sentence is better"
_numbers = iter(range(1_000_000))


@pytest.fixture
def handle(database: Database) -> str:
    """Somebody who is settled here."""
    name = f"marta{next(_numbers)}"
    with database.transaction() as session:
        accounts.register(session, handle=name, mail=f"{name}@post.example", password=PASSWORD)
    return name


def sent(settings: Settings, database: Database) -> Box:
    """What goes out of all that waits."""
    box = Box()
    postman = Postman(
        database, box, mails.renderer(settings), secret_key=settings.secret_key, base_url=settings.base_url
    )
    while postman.run_once():
        pass
    return box


def link(box: Box, purpose: str) -> str:
    found = [re.search(rf"{re.escape(HERE)}(/mailed/{purpose}/[\w-]+)$", mail.text, re.MULTILINE) for mail in box.mails]
    return next(match[1] for match in reversed(found) if match is not None)


def without_names(page: str, *names: str) -> str:
    """A page without what only this request brought."""
    for name in names:
        page = page.replace(name, "NAME")
    return re.sub(r'value="[\w-]{36}"', "TOKEN", page)


# The same answer, whoever has an account


def ask(site: Site, address: str) -> tuple[int, str]:
    visitor = site.anybody().get("/forgot")
    page = visitor.send("/forgot", status=200, mail=address)
    return 200, without_names(page.text, address)


def test_asking_for_a_new_password_tells_nobody_who_is_here(site: Site, database: Database, handle: str) -> None:
    with database.transaction() as session:
        managing.promote(session, SYSTEM, handle=handle, place="moderator")
    answers = {ask(site, address) for address in (f"{handle}@post.example", f"nobody{handle}@post.example")}
    assert len(answers) == 1


@pytest.fixture
def argon2(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each use of the one thing that takes long."""
    used: list[str] = []
    for name in ("hash", "verify"):
        real = getattr(PasswordHasher, name)

        def counting(self: PasswordHasher, *given: Any, real: Any = real, name: str = name, **more: Any) -> Any:
            used.append(name)
            return real(self, *given, **more)

        monkeypatch.setattr(PasswordHasher, name, counting)
    return used


def test_registering_tells_nobody_whose_address_it_is(
    site: Site, database: Database, handle: str, argon2: list[str]
) -> None:
    answers, work = [], []
    for address in (f"{handle}@post.example", f"free{handle}@post.example"):
        argon2.clear()
        visitor = site.anybody().get("/register")
        name = f"guest{next(_numbers)}"
        visitor.send("/register", handle=name, mail=address, password=PASSWORD)
        leads_to = visitor.leads_to
        pages = visitor.follow().text + visitor.get("/settings/security").text
        answers.append((leads_to, re.sub(r"sign-ins/\d+|<time.*?</time>", "", without_names(pages, address, name))))
        work.append(list(argon2))
    assert answers[0] == answers[1]
    assert work == [["hash"], ["hash"]]


def test_signing_in_takes_the_same_work_for_whoever_is_not_here(site: Site, handle: str, argon2: list[str]) -> None:
    answers, work = set(), []
    for login in (handle, f"{handle}@post.example", f"nobody{handle}", f"nobody{handle}@post.example"):
        argon2.clear()
        page = site.anybody().get("/login").send("/login", status=422, login=login, password="wrong wrong wrong")
        answers.add(without_names(page.text, login))
        work.append(list(argon2))
    assert len(answers) == 1
    assert work == [["verify"]] * 4


def test_an_invitation_tells_nobody_whose_address_it_is(site: Site, database: Database, handle: str) -> None:
    with database.transaction() as session:
        key = inviting.make(session, SYSTEM, most=2)
    for address in (f"{handle}@post.example", f"invited{handle}@post.example"):
        visitor = site.anybody().get(f"/invitation/{key}")
        visitor.send("/register", handle=f"guest{next(_numbers)}", mail=address, password=PASSWORD, invitation=key)
        assert visitor.leads_to == "/confirm?next=%2F"


@pytest.fixture
def unhindered(settings: Settings, database: Database) -> Iterator[Site]:
    """The site without the limit on signing in, which the long run would meet long before its end."""
    opened = Site(settings, database, dataclasses.replace(LOOPBACK_LIMITS, signing_in=None))
    yield opened
    opened.close()


@pytest.mark.long(only=True)
def test_medians_of_existing_and_missing_accounts_are_alike(unhindered: Site, handle: str) -> None:
    """2,000 paired tries; a slow machine is slow for both."""
    import statistics
    import time

    visitor, times = unhindered.anybody().get("/login"), {handle: [], f"nobody{handle}": []}  # type: ignore[var-annotated]
    for _ in range(2_000):
        for login, taken in times.items():
            start = time.perf_counter()
            visitor.send("/login", status=422, login=login, password="wrong wrong wrong")
            taken.append(time.perf_counter() - start)
    here, missing = (statistics.median(taken) for taken in times.values())
    assert abs(here - missing) <= 0.1 * max(here, missing)


# Links


def state(database: Database) -> list[Any]:
    with database.transaction() as session:
        tables = (MailAddress, MailedToken, Member, Credential, SignIn)
        return [sorted(map(str, session.execute(select(table.__table__)))) for table in tables]


def purposes(database: Database, handle: str) -> dict[str, str]:
    """A key of each purpose for somebody, as if it had been mailed."""
    with database.transaction() as session:
        member = finding.member_of(session, handle)
        for purpose in mailed_keys.LIVES:
            address = f"{handle}@post.example"
            key = f"{purpose}-{handle}-a-key-nobody-guesses"
            mailed_keys.keep(
                session, member_id=member.id, purpose=purpose, address=address, key=key, asked_at=clock.now()
            )
    return {purpose: f"/mailed/{purpose}/{purpose}-{handle}-a-key-nobody-guesses" for purpose in mailed_keys.LIVES}


def test_whatever_loads_a_link_does_nothing(site: Site, database: Database, handle: str) -> None:
    links = purposes(database, handle)
    before = state(database)
    scanner = site.anybody()
    for path in links.values():
        page = scanner.get(path)
        assert page.page.xpath("//main//form/@method") == ["post"]
        answer = scanner.client.get(path)
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "same-origin")
        assert scanner.client.head(path).status_code == 200
        assert "session" not in scanner.client.cookies
    assert state(database) == before


def test_a_link_of_another_purpose_or_nobody_s_is_gone(site: Site, database: Database, handle: str) -> None:
    links = purposes(database, handle)
    key = links["verify"].rpartition("/")[2]
    visitor = site.anybody()
    for purpose in set(links) - {"verify"}:
        visitor.get(f"/mailed/{purpose}/{key}", status=410)
        answer = visitor.client.post(f"/mailed/{purpose}/{key}", data={"new": NEW, "handle": handle}, headers=FROM_HERE)
        assert answer.status_code == 410
    visitor.get(f"/mailed/verify/{'x' * 32}", status=410)
    visitor.get(f"/mailed/nothing/{key}", status=404)


def test_another_site_s_page_cannot_press_the_button(site: Site, database: Database, handle: str) -> None:
    path = purposes(database, handle)["reset"]
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = site.anybody().client.post(path, data={"new": NEW}, headers=elsewhere)
    assert answer.status_code == 403


HOSTS = [
    "evil.example",
    "127.0.0.1:8000.evil.example",
    "evil.example:8000",
    "127.0.0.1:8000@evil.example",
    "127.0.0.1:9999",
]
FORWARDED = [
    *("x-forwarded-host", "x-host", "x-original-host", "x-forwarded-server", "x-http-host-override", "forwarded"),
    *("x-original-url", "x-rewrite-url", "x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-port", "referer"),
]


def test_a_mailed_link_leads_to_the_configured_address_whatever_host_was_asked(
    settings: Settings, site: Site, database: Database
) -> None:
    """Each form has an account of its own, so that none goes without for what another one got."""
    tried = [("host", host) for host in HOSTS] + [(name, value) for name in FORWARDED for value in (*HOSTS, "https")]
    answered = 0
    for number, (name, value) in enumerate(tried):
        address = f"host{number}@post.example"
        with database.transaction() as session:
            accounts.register(session, handle=f"host{number}", mail=address, password=None)
        visitor = site.anybody().get("/forgot")
        said = f"host={value};proto=https" if name == "forwarded" else value
        answer = visitor.client.post(
            "/forgot", data={"csrf": visitor.csrf, "mail": address}, headers={**FROM_HERE, name: said}
        )
        answered += answer.status_code == 200
    box = sent(settings, database)
    assert len(tried) >= 60
    assert answered == len(FORWARDED) * (len(HOSTS) + 1)
    assert len(box.mails) >= answered
    for mail in box.mails:
        assert mail.html is not None
        for origin in re.findall(r"https?://[^\s/\"<]+", mail.text + mail.html):
            assert origin == HERE


# Sessions


def test_a_session_that_was_laid_in_wait_is_never_the_one_that_counts(
    site: Site, database: Database, handle: str
) -> None:
    chosen = "t" * 43
    for leads_in in ("/login", "/settings/password", "reset"):
        visitor = site.anybody()
        if leads_in != "/login":
            with database.reading() as connection:
                member = accounts_id(connection, handle)
                visitor = site.as_(actor_of(connection, member))
        before = visitor.client.cookies.get("session", chosen)
        if leads_in == "/login":
            visitor.get("/login").send("/login", login=handle, password=PASSWORD)
        elif leads_in == "/settings/password":
            visitor.send("/settings/password", current=PASSWORD, new=PASSWORD + "!")
        else:
            visitor.send(purposes(database, handle)["reset"], new=NEW)
            assert visitor.get("/settings", status=303).leads_to.startswith("/login")
        assert visitor.client.cookies.get("session", "") not in (before, chosen)


def accounts_id(connection: Any, handle: str) -> int:
    return int(connection.execute(select(Member.id).where(Member.handle_key == handle)).scalar_one())


# Whoever may not act


def test_a_suspended_person_gains_nothing_by_link_or_invitation(
    settings: Settings, site: Site, database: Database, handle: str
) -> None:
    with database.transaction() as session:
        key = inviting.make(session, SYSTEM, role="administrator")
        until = clock.now() + timedelta(days=30)
        session.execute(update(Member).where(Member.handle_key == handle).values(suspended_until=until))
    visitor = site.anybody().get("/forgot")
    visitor.send("/forgot", status=200, mail=f"{handle}@post.example")
    path = link(sent(settings, database), "reset")
    visitor.get(path).send(path, new=NEW)
    visitor.get("/login").send("/login", login=handle, password=NEW)
    assert "suspended" in visitor.get("/ask").text or visitor.get("/ask").has("//form[@action='/ask']") is False
    visitor.send("/register", handle=f"twin{handle}", mail=f"{handle}@post.example", password=PASSWORD, invitation=key)
    with database.reading() as connection:
        mine = actor_of(connection, accounts_id(connection, handle))
        twin = actor_of(connection, accounts_id(connection, f"twin{handle}"))
    assert (mine.suspended, mine.can("thread:ask")) == (True, False)
    assert (twin.unverified, twin.can("administer"), twin.can("thread:ask")) == (True, False, False)
    assert "belongs to your account already" in sent(settings, database).mails[-1].text


def test_what_a_browser_adds_to_an_invitation_widens_nothing(site: Site, database: Database) -> None:
    with database.transaction() as session:
        group = Group(name=f"Inner{next(_numbers)}", name_key=f"inner{next(_numbers)}")
        session.add(group)
        session.flush()
        key = inviting.make(session, SYSTEM, most=1)
        wanted = {"role": "administrator", "group_id": str(group.id), "group": group.name, "most": "50", "used": "-9"}
    name = f"guest{next(_numbers)}"
    visitor = site.anybody().get(f"/invitation/{key}")
    form = {"handle": name, "mail": f"{name}@post.example", "password": PASSWORD, "invitation": key}
    sent_form = {"csrf": visitor.csrf, **form, **wanted, "is_verified": "1", "verified_at": "1"}
    status = visitor.client.post("/register", data=sent_form, headers=FROM_HERE).status_code
    assert status in (303, 422)
    if status == 422:  # unknown fields are refused as they are
        visitor.get(f"/invitation/{key}").send("/register", status=303, **form)
    with database.transaction() as session:
        member = finding.member_of(session, name)
        assert member.role == "member"
        assert actor_of(session, member.id).unverified
    site.anybody().get(f"/invitation/{key}", status=410)


def test_a_closed_account_is_opened_by_its_owner_alone(site: Site, database: Database, handle: str) -> None:
    with database.transaction() as session:
        leaving.deactivate(session, actor_of(session, finding.member_of(session, handle).id), password=PASSWORD)
    site.anybody().get("/login").send("/login", status=422, login=handle, password="wrong wrong wrong")
    with database.reading() as connection:
        assert not actor_of(connection, accounts_id(connection, handle)).is_signed_in
    visitor = site.anybody().get("/login").send("/login", login=handle, password=PASSWORD)
    assert "Your account is open again" in visitor.follow().text


# Mails that strangers cause


def test_a_stranger_s_mailbox_gets_three_mails_however_often_it_is_asked_for(
    settings: Settings, unhindered: Site, database: Database, handle: str, amount: Any
) -> None:
    visitor = unhindered.anybody().get("/forgot")
    for number in range(amount(40, 1_000)):
        address = f"{handle}@post.example" if number % 2 else f"{handle.upper()}@POST.example"
        visitor.send("/forgot", status=200, mail=address)
    box = sent(settings, database)
    assert len([mail for mail in box.mails if mail.to == f"{handle}@post.example"]) == 3


def test_one_source_cannot_have_mails_sent_all_over(settings: Settings, database: Database) -> None:
    limits = Limits(reading=None, writing=None, signing_in=None, mail=Rule("mail by one", 3, 3_600))
    statuses = forgetting(settings, limits, times=5)
    assert statuses == [200, 200, 200, 429, 429]


def test_all_together_cannot_have_more_mails_sent_than_the_house_allows(settings: Settings, database: Database) -> None:
    limits = Limits(reading=None, writing=None, signing_in=None, mails=Rule("mails by all", 2, 3_600))
    assert forgetting(settings, limits, times=3) == [200, 200, 429]


def forgetting(settings: Settings, limits: Limits, *, times: int) -> list[int]:
    app = create_app(settings, limits=limits)
    visitor = Visitor(TestClient(app, base_url=HERE)).get("/forgot")
    statuses = []
    for _ in range(times):
        form = {"csrf": visitor.csrf, "mail": f"somebody{next(_numbers)}@post.example"}
        statuses.append(visitor.client.post("/forgot", data=form, headers=FROM_HERE).status_code)
    app.site.state["loggia"].db.dispose()
    return statuses


def test_nothing_of_a_stranger_s_try_stays_with_us(settings: Settings, site: Site, database: Database) -> None:
    site.anybody().get("/forgot").send("/forgot", status=200, mail="stranger@elsewhere.example")
    sent(settings, database)
    with database.transaction() as session:
        kept = session.scalars(select(MailDelivery.address)).all()
    assert "stranger@elsewhere.example" not in kept


# The company's people


def test_a_second_account_of_an_employee_gets_no_address_and_the_administrators_hear_of_it(
    settings: Settings, database: Database
) -> None:
    app = create_app(dataclasses.replace(settings, staff_domains=("alzaia.example",)))
    visitor = Visitor(TestClient(app, base_url=HERE))
    name = f"chiara{next(_numbers)}"
    visitor.get("/register").send("/register", handle=name, mail=f"{name}@alzaia.example", password=PASSWORD)
    path = link(sent(settings, database), "verify")
    visitor.get(path).send(path)
    with database.reading() as connection:
        assert actor_of(connection, accounts_id(connection, name)).is_staff
    visitor = Visitor(TestClient(app, base_url=HERE))
    visitor.get("/register").send("/register", handle=f"{name}2", mail=f"{name}@mail.example", password=PASSWORD)
    with database.transaction() as session:
        twin = finding.member_of(session, f"{name}2").id
        key = f"reset-{name}-a-key-nobody-guesses"
        mailed_keys.keep(
            session, member_id=twin, purpose="verify", address=f"{name}@alzaia.example", key=key, asked_at=clock.now()
        )
    visitor.get(f"/mailed/verify/{key}").send(f"/mailed/verify/{key}", status=409)
    with database.reading() as connection:
        assert actor_of(connection, twin).unverified
    app.site.state["loggia"].db.dispose()
