"""The same path as programs walk it: over HTTP alone, each with a key of its member and the scopes that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.journeys.house import House, open_house, until

pytestmark = pytest.mark.timeout(300)

TITLE = "The Leva drips after closing"
BODY = "It drips for a minute. **Always** eight drops."
RULING = "It advertises a shop instead of helping."
QUESTION = {"kind": "question", "category": "machines", "title": TITLE, "body": BODY, "tags": ["leva", "drip"]}


class Program:
    """Calls the API with a key, or without one."""

    def __init__(self, house: House, handle: str = "", *scopes: str) -> None:
        headers = {"authorization": f"Bearer {house.token(handle, *scopes)}"} if handle else {}
        self._client = httpx2.Client(base_url=house.url + "/api/v1", headers=headers, timeout=30)

    def __call__(self, method: str, path: str, json: Any = None, *, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._client.request(method, path, json=json, headers=named)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, json: Any = None, *, status: int, kind: str) -> None:
        assert self(method, path, json, status=status)["type"] == f"urn:loggia:problem:{kind}"

    def close(self) -> None:
        self._client.close()


class Town:
    """Everybody's program."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.asker = Program(house, "anna", "read", "write")
        self.peer = Program(house, "bruno", "read", "write")
        self.staff = Program(house, "sara", "read", "write", "moderate")
        self.moderator = Program(house, "mina", "read", "write", "moderate")
        self.operator = Program(house, "olga", "read", "write", "administer")
        self.nobody = Program(house)

    def close(self) -> None:
        for program in (self.asker, self.peer, self.staff, self.moderator, self.operator, self.nobody):
            program.close()


@pytest.fixture
def town(empty_database_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_house(empty_database_url, tmp_path) as house:
        house.open_category("machines", "Machines")
        for handle in ("anna", "bruno"):
            house.move_in(handle)
        house.move_in("sara", role="staff", team="Workshop")
        house.move_in("mina", role="moderator")
        house.move_in("olga", role="administrator")
        opened = Town(house)
        yield opened
        opened.close()


def test_the_whole_path(town: Town) -> None:
    thread = ask(town)
    guess, answer = reply(town, thread)
    vote_and_accept(town, thread, guess, answer)
    mark_official(town, thread, answer)
    reputation(town)
    edit(town, answer)
    hide_and_restore(town, thread, guess)
    publish(town, thread)
    find(town, thread)
    tell_the_company(town, thread, answer)


def ask(town: Town) -> int:
    """One POST however often it is sent; nobody without a key, and no key without the scope."""
    town.nobody.refused("POST", "/threads", QUESTION, status=401, kind="sign-in-needed")
    reader = Program(town.house, "anna", "read")
    reader.refused("POST", "/threads", QUESTION, status=403, kind="not-allowed")
    reader.close()
    town.asker.refused("POST", "/threads", QUESTION | {"colour": "red"}, status=422, kind="invalid")
    town.asker.refused("POST", "/threads", QUESTION | {"title": ""}, status=422, kind="invalid")
    made = town.asker("POST", "/threads", QUESTION, status=201, idempotency_key="ask-1")
    again = town.asker("POST", "/threads", QUESTION, status=201, idempotency_key="ask-1")
    assert again["id"] == made["id"]
    assert [one["id"] for one in town.nobody("GET", "/threads?tag=leva")["items"]] == [made["id"]]
    assert "<strong>Always</strong>" in made["posts"]["items"][0]["html"]

    def alike() -> bool:
        found = town.peer("GET", "/similar?title=Leva drips after I close it")["items"]
        return [one["id"] for one in found] == [made["id"]]

    until(alike, "the thread among similar ones")
    return int(made["id"])


def reply(town: Town, thread: int) -> tuple[int, int]:
    guess = town.peer("POST", f"/threads/{thread}/posts", {"body": "Buy a new one in my shop."}, status=201)
    answer = town.peer("POST", f"/threads/{thread}/posts", {"body": "Change the lower gasket."}, status=201)
    remark = {"body": "Which size is it?", "parent": answer["id"]}
    assert town.asker("POST", f"/threads/{thread}/posts", remark, status=201)["comment"] is True
    said = town.staff("POST", f"/threads/{thread}/posts", {"body": "It is 8.5 mm.", "statement": True}, status=201)
    assert (said["statement"], said["author"]["company"], said["author"]["team"]) == (True, True, "Workshop")
    town.peer.refused(
        "POST", f"/threads/{thread}/posts", {"body": "We say so.", "statement": True}, status=403, kind="not-allowed"
    )
    posts = town.nobody("GET", f"/threads/{thread}/posts")["items"]
    leads = httpx2.get(posts[2]["url"], follow_redirects=False).headers["location"]
    assert leads.endswith(f"#p{answer['id']}")
    assert [post["author"]["handle"] for post in posts] == ["anna", "bruno", "bruno", "anna", "sara"]
    return guess["id"], answer["id"]


def vote_and_accept(town: Town, thread: int, guess: int, answer: int) -> None:
    for _ in range(2):  # the same vote twice is one vote
        counted = town.asker("PUT", f"/posts/{answer}/vote", {"value": 1})
    assert (counted["score"], counted["staff_up"]) == (1, 0)
    counted = town.staff("PUT", f"/posts/{answer}/vote", {"value": 1})
    assert (counted["score"], counted["staff_up"]) == (1, 1)
    town.peer.refused("PUT", f"/posts/{answer}/vote", {"value": 1}, status=403, kind="not-allowed")
    town.peer.refused("PUT", f"/threads/{thread}/accepted", {"post": answer}, status=403, kind="not-allowed")
    assert town.asker("PUT", f"/threads/{thread}/accepted", {"post": guess})["accepted"] == [guess]
    until(lambda: 15 in ledger(town, "bruno"), "the points of the first choice")
    assert town.asker("PUT", f"/threads/{thread}/accepted", {"post": answer})["accepted"] == [answer]
    assert [one["id"] for one in town.nobody("GET", "/threads?state=solved")["items"]] == [thread]


def mark_official(town: Town, thread: int, answer: int) -> None:
    town.asker.refused("PUT", f"/threads/{thread}/official", {"post": answer}, status=403, kind="not-allowed")
    marks = town.staff("PUT", f"/threads/{thread}/official", {"post": answer})
    assert (marks["accepted"], marks["official_post"]) == ([answer], answer)


def reputation(town: Town) -> None:
    """The ledger holds each gain and loss, names no voter, and its sum is the total."""

    until(lambda: sorted(ledger(town, "bruno")) == [-15, 10, 15, 15], "the points of the peer")
    until(lambda: sum(ledger(town, "anna")) == 2, "the points of the asker")
    assert ledger(town, "sara") == []
    assert town.nobody("GET", "/members/bruno")["points"] == 25
    assert "anna" not in str(town.nobody("GET", "/members/bruno/reputation"))


def ledger(town: Town, handle: str) -> list[int]:
    return [line["points"] for line in town.nobody("GET", f"/members/{handle}/reputation")["items"]]


def edit(town: Town, answer: int) -> None:
    changed = {"body": "Change the lower gasket, 8.5 mm.", "revision": 1, "comment": "The size."}
    town.peer("PATCH", f"/posts/{answer}", changed)
    late = changed | {"body": "Change the upper gasket."}
    town.peer.refused("PATCH", f"/posts/{answer}", late, status=409, kind="conflict")
    versions = town.nobody("GET", f"/posts/{answer}/revisions")["items"]
    assert [version["body"] for version in versions] == ["Change the lower gasket.", changed["body"]]


def hide_and_restore(town: Town, thread: int, guess: int) -> None:
    town.asker("POST", "/flags", {"post": guess, "reason": "advertising", "note": "A shop."}, status=201)
    town.asker.refused("GET", "/moderation/queue", status=403, kind="not-allowed")
    assert [one["post"] for one in town.moderator("GET", "/moderation/queue")["items"]] == [guess]
    ruling = {"action": "hide-post", "target": guess, "rule": "3", "reason": "advertising", "text": RULING}
    town.asker.refused("POST", "/moderation/actions", ruling, status=403, kind="not-allowed")
    entry = town.moderator("POST", "/moderation/actions", ruling, status=201)["entry"]
    assert (entry["number"], entry["text"], entry["role"]) == (1, RULING, "moderator")

    post = next(post for post in town.nobody("GET", f"/threads/{thread}/posts")["items"] if post["id"] == guess)
    assert (post["body"], post["html"]) == (None, None)
    assert post["hidden_at"] is not None
    assert town.peer("GET", f"/posts/{guess}")["body"] == "Buy a new one in my shop."
    assert town.moderator("GET", "/moderation/queue")["items"] == []
    assert "The chain is whole: 1 entries" in town.house.loggia("moderation", "verify")

    undone = ruling | {
        "action": "restore-post",
        "rule": "0",
        "reason": "reconsidered",
        "text": "It may stay after all.",
    }
    assert town.moderator("POST", "/moderation/actions", undone, status=201)["entry"]["undoes"] == 1
    assert town.nobody("GET", f"/posts/{guess}")["body"] == "Buy a new one in my shop."
    log = town.nobody("GET", "/moderation/log")["items"]
    assert [one["action"] for one in log] == ["restore-post", "hide-post"]
    assert log[0]["previous"] == log[1]["hash"]


def publish(town: Town, thread: int) -> None:
    draft = until(lambda: town.moderator("GET", "/articles?state=draft")["items"], "the draft of an article")[0]
    assert town.nobody("GET", "/articles")["items"] == []
    town.asker.refused("PATCH", f"/articles/{draft['id']}", {"state": "published"}, status=403, kind="not-allowed")
    change = {"title": "When a Leva drips", "state": "published"}
    assert town.moderator("PATCH", f"/articles/{draft['id']}", change)["thread"] == thread
    assert [one["title"] for one in town.nobody("GET", "/articles")["items"]] == ["When a Leva drips"]
    assert "8.5 mm" in town.nobody("GET", f"/articles/{draft['id']}")["body"]


def find(town: Town, thread: int) -> None:
    def found() -> bool:
        items = town.nobody("GET", "/search?q=leva drips")["items"]
        return {(one["kind"], one["title"]) for one in items} == {("question", TITLE), ("article", "When a Leva drips")}

    until(found, "the thread and the article among what is found")


def tell_the_company(town: Town, thread: int, answer: int) -> None:
    def case() -> Any:
        lines = [line for line in town.house.journal("case") if line["key"].endswith(f":case:{thread}")]
        return lines and "8.5 mm" in str(lines[-1]) and lines[-1]["record"]

    told = until(case, "the case in the journal")
    assert (told["title"], told["state"], told["tags"]) == (TITLE, "solved", ["drip", "leva"])
    assert [one["url"] for one in told["answers"] if one["accepted"]] == [f"{town.house.url}/p/{answer}"]
    town.asker.refused("GET", "/crm/deliveries", status=403, kind="not-allowed")
    sent = town.operator("GET", "/crm/deliveries?state=done")["items"]
    assert {(one["kind"], one["title"], one["connection"]) for one in sent} >= {("case", TITLE, "journal")}
    (journal,) = town.operator("GET", "/crm/connections")["items"]
    assert (journal["health"], journal["deliveries"]["parked"]) == ("well", 0)
