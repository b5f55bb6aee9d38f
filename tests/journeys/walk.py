"""The whole path, step by step: from a question to a record of the company, with everybody who has a part in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Locator, expect

from tests.journeys.house import House, until
from tests.journeys.people import Person

EARLIER = "Pressure is gone after descaling"
TITLE = "No pressure after I descaled my Duo"
BODY = "The gauge **stays at zero**.\n\n- the pump runs\n- water comes out of the group"
GUESS = "Descale it once more, mine needed that."
ADVERT = "Or buy a new one in my shop."
ANSWER = "There is air in the pump: open the steam valve and let it run for *twenty seconds*."
STATEMENT = "Firmware 3.3 lets the air out by itself."
RULING = "It sells something instead of helping with the question."
SECOND_THOUGHT = "The offer is gone, and the advice may stay for others."
ARTICLE = "Letting the air out of the pump"


@dataclass
class Walk:
    """Who walks, and what they leave behind on the way."""

    house: House
    scripted: bool
    asker: Person
    peer: Person
    staff: Person
    moderator: Person
    visitor: Person
    operator: Person
    thread: str = ""
    posts: dict[str, int] = field(default_factory=dict)

    @property
    def thread_id(self) -> int:
        return int(self.thread.split("/")[2])


def everybody_comes_in(walk: Walk) -> None:
    for person in (walk.asker, walk.peer):
        person.register()
        person.confirm(walk.house.mailed_key("verify", f"{person.name.lower()}@example.com"))
    for person in (walk.staff, walk.moderator, walk.operator):
        person.sign_in()


# Asking


def a_customer_asks(walk: Walk) -> None:
    asker = walk.asker
    asker.go("/ask")
    asker.heading(asker.words("What would you like to know?"))
    asker.fill("In one line", TITLE)
    if walk.scripted:
        expect(asker.page.locator(".similar")).to_contain_text(EARLIER)
    asker.choose("Where it belongs", "machines")
    asker.fill("What happens, and what did you try?", BODY)
    asker.fill("Tags, up to five", "duo, pressure")
    if not walk.scripted:
        asker.press("Post question")
        asker.sees(asker.words("Before you post: somebody may have asked this."))
        asker.sees(EARLIER, ".similar")
    _previews(asker, "stays at zero")
    asker.press("Post question")
    asker.told("Posted. You hear of every answer.")
    asker.heading(TITLE)
    expect(asker.post("stays at zero").locator("strong")).to_have_text("stays at zero")
    walk.thread = asker.path


def _previews(person: Person, strong: str) -> None:
    """Markdown shows as it will be published, and what was typed is still there."""
    person.press("Preview")
    expect(person.page.locator("[data-preview]").locator("strong, em")).to_have_text(strong)
    person.press("Write")
    expect(person.page.locator("textarea[name=body]")).to_have_value(re.compile(re.escape(strong)))


# Answering


def a_peer_answers(walk: Walk) -> None:
    peer = walk.peer
    peer.go(walk.thread)
    _answers(walk, peer, f"{GUESS}\n\n{ADVERT}", ADVERT)
    peer.fill("Your answer", ANSWER)
    _previews(peer, "twenty seconds")
    peer.press("Post answer")
    peer.told("Your answer is posted.")
    walk.posts[ANSWER] = _id(peer.post("twenty seconds"))


def _answers(walk: Walk, person: Person, text: str, known_by: str) -> None:
    person.fill("Your answer", text)
    person.press("Post answer")
    person.told("Your answer is posted.")
    walk.posts[known_by] = _id(person.post(known_by))


def _id(post: Locator) -> int:
    expect(post).to_have_count(1)
    return int((post.get_attribute("id") or "").removeprefix("p"))


def the_company_speaks(walk: Walk) -> None:
    """Once for itself, with a seal; once by marking what a customer wrote."""
    staff = walk.staff
    staff.go(walk.thread)
    staff.page.get_by_label("Loggia").check()
    _answers(walk, staff, STATEMENT, STATEMENT)
    staff.sees(staff.words("Official statement"))
    staff.press("Mark as official", staff.post("twenty seconds"))
    staff.told("Marked as the official answer.")
    expect(staff.page.locator(".seal.is-house")).to_have_count(2)
    expect(staff.post("twenty seconds").locator(".staff")).to_have_count(0)
    expect(staff.post(STATEMENT).locator(".byline")).to_contain_text(staff.words("Company"))
    staff.sees("Workshop", ".post.sealed .byline >> nth=-1")


def the_customer_decides_what_helped(walk: Walk) -> None:
    """First one, then another; and a vote for it."""
    asker = walk.asker
    asker.go(walk.thread)
    asker.press("This solved it", asker.post(ADVERT))
    asker.told("Marked as what solved it.")
    expect(asker.page.locator(f".seal.is-solved + #p{walk.posts[ADVERT]}")).to_be_visible()
    walk.peer.finds(ledger_of(walk.peer), walk.peer.words("Answer accepted"))
    asker.press("This solved it", asker.post("twenty seconds"))
    asker.told("Marked as what solved it.")
    expect(asker.page.locator(".seal.is-solved")).to_have_count(1)
    expect(asker.page.locator(f".seal.is-solved + #p{walk.posts[ANSWER]}")).to_be_visible()
    vote = asker.post("twenty seconds").locator(".vote")
    vote.get_by_role("button", name=asker.words("Helpful: %(name)s", name=walk.peer.name), exact=True).click()
    expect(vote.locator("output")).to_contain_text("1")
    expect(vote.locator("button").first).to_have_attribute("aria-pressed", "true")


def reputation_grows(walk: Walk) -> None:
    peer = walk.peer
    peer.finds(ledger_of(peer), peer.words("Answer no longer accepted"))
    peer.finds(ledger_of(peer), peer.words("Answer voted up"))
    points = peer.page.locator("table td.num b")
    gained = [int(text.replace("−", "-")) for text in points.all_inner_texts()]
    assert sorted(gained) == [-15, 10, 15, 15]
    expect(peer.page.locator("aside dd.num").first).to_have_text("25")


def ledger_of(person: Person) -> str:
    return f"/m/{person.name}?tab=reputation"


# Changing, deciding


def the_peer_edits(walk: Walk) -> None:
    peer = walk.peer
    peer.go(walk.thread)
    peer.post("twenty seconds").get_by_role("link", name=peer.words("Edit")).click()
    peer.fill("Text", ANSWER.replace("twenty", "thirty"))
    peer.fill("What you changed, and why", "Twenty were too few.")
    peer.press("Save")
    peer.told("Saved. The version before stays in the history.")
    expect(peer.post("thirty seconds")).to_have_count(1)
    walk.visitor.finds(f"/p/{walk.posts[ANSWER]}/history", "Twenty were too few.")
    expect(walk.visitor.page.locator(".diff ins").first).to_contain_text("thirty")
    expect(walk.visitor.page.locator(".diff del").first).to_contain_text("twenty")


def somebody_reports(walk: Walk) -> None:
    asker = walk.asker
    asker.go(walk.thread)
    post = asker.post(ADVERT)
    post.locator("details.menu summary").click()
    post.get_by_role("link", name=asker.words("Report")).click()
    asker.heading(asker.words("Report a post"))
    asker.page.get_by_label(asker.words("Advertising")).check()
    asker.fill("Anything that helps to see it", "A shop.")
    asker.press("Report")
    asker.told("Reported. A moderator will look at it.")


def the_moderator_decides(walk: Walk) -> None:
    moderator = walk.moderator
    moderator.go("/moderation")
    moderator.sees(ADVERT)
    moderator.sees("A shop.")
    _rules(moderator, "Remove it.", rule="3", reason="advertising", text=RULING)
    moderator.sees(moderator.words("Nothing waits"))


def _rules(moderator: Person, what: str, **said: str) -> None:
    moderator.page.get_by_label(moderator.words(what)).check()
    moderator.choose("Rule", said["rule"])
    moderator.choose("Reason", said["reason"])
    moderator.fill("In words, as everyone will read it", said["text"])
    moderator.press("Decide")
    moderator.told("Decided. It stands in the public log.")


def everybody_sees_the_decision(walk: Walk) -> None:
    visitor, peer = walk.visitor, walk.peer
    visitor.finds(walk.thread, visitor.words("A reply was removed"))
    visitor.sees(RULING, ".gone")
    visitor.sees(visitor.words("No spam"), ".gone")
    visitor.sees_not(ADVERT)
    peer.go(walk.thread)
    hidden = peer.post(ADVERT)
    expect(hidden).to_contain_text(peer.words("Your reply is hidden."))
    expect(hidden).to_contain_text(RULING)
    visitor.finds("/transparency", RULING)
    assert "The chain is whole: 1 entries" in walk.house.loggia("moderation", "verify")


def it_is_restored(walk: Walk) -> None:
    moderator, visitor = walk.moderator, walk.visitor
    moderator.go(f"/moderation/posts/{walk.posts[ADVERT]}")
    _rules(moderator, "Bring it back.", rule="0", reason="reconsidered", text=SECOND_THOUGHT)
    visitor.finds(walk.thread, ADVERT)
    visitor.finds("/transparency", SECOND_THOUGHT)
    visitor.sees(RULING)
    assert "The chain is whole: 2 entries" in walk.house.loggia("moderation", "verify")


# What remains of it


def it_becomes_an_article(walk: Walk) -> None:
    moderator = walk.moderator
    moderator.finds("/help/review", TITLE)
    moderator.follow(TITLE)
    moderator.heading(moderator.words("Edit the article"))
    moderator.fill("Title", ARTICLE)
    moderator.press("Publish")
    moderator.heading(ARTICLE)
    walk.visitor.finds("/help", ARTICLE)
    walk.visitor.follow(ARTICLE)
    walk.visitor.heading(ARTICLE)
    walk.visitor.sees("thirty seconds")


def both_are_found(walk: Walk) -> None:
    visitor = walk.visitor
    visitor.finds("/search?q=air+pump", ARTICLE)
    visitor.finds("/search?q=descaled+pressure+duo", TITLE)
    results = visitor.page.locator(".found")
    expect(results.get_by_role("link", name=TITLE)).to_have_attribute("href", walk.thread.split("?")[0])


def the_company_is_told(walk: Walk) -> None:
    """Its record keeper has the case as it stands now; the administration shows that the delivery is done."""
    case = told_of(walk, asker="")
    assert (case["title"], case["state"], case["tags"]) == (TITLE, "solved", ["duo", "pressure"])
    accepted = [answer for answer in case["answers"] if answer["accepted"]]
    assert [answer["by"]["handle"] for answer in accepted] == [""]  # nobody asked for the peer's consent
    assert accepted[0]["official"] is True
    article = until(lambda: walk.house.journal("article"), "the article in the journal")[-1]["record"]
    assert (article["title"], article["case_url"]) == (ARTICLE, case["url"])


def the_asker_lets_the_company_know_their_name(walk: Walk) -> None:
    asker = walk.asker
    asker.go("/settings/consent")
    asker.sees(TITLE)
    asker.page.get_by_label(asker.words("My name on resolved questions")).check()
    asker.press("Save")
    told_of(walk, asker=asker.name.lower())


def told_of(walk: Walk, *, asker: str) -> dict[str, Any]:
    """The record of the case as the journal has it, once its asker is named so."""
    key = f":case:{walk.thread_id}"

    def named() -> list[dict[str, Any]]:
        found = [line["record"] for line in walk.house.journal("case") if _is_final(line, key)]
        return [record for record in found[-1:] if record["asked_by"]["handle"] == asker]

    record: dict[str, Any] = until(named, "the case in the journal")[0]
    return record


def the_administration_shows_the_delivery(walk: Walk) -> None:
    operator = walk.operator
    operator.finds("/admin/deliveries?state=done", TITLE)
    operator.follow(TITLE)
    operator.sees(f":case:{walk.thread_id}")
    operator.sees("journal")
    operator.go("/admin/connections")
    operator.sees("journal", ".health.is-solved")
    operator.sees(operator.words("Nothing waits for you."))


def _is_final(line: dict[str, object], key: str) -> bool:
    return str(line["key"]).endswith(key) and "thirty seconds" in str(line.get("record"))


def a_key_is_made_for_a_program(walk: Walk) -> str:
    peer = walk.peer
    peer.go("/settings/tokens")
    peer.fill("Name", "My script")
    peer.page.locator("#scope-read").check()
    peer.press("Make the token")
    return peer.page.locator(".banner code").inner_text()


def the_customer_signs_out_everywhere(walk: Walk, elsewhere: Person) -> None:
    elsewhere.sign_in()
    walk.asker.go("/settings/security")
    walk.asker.press("Sign out everywhere")
    walk.asker.told("You are signed out on every device.")
    for person in (walk.asker, elsewhere):
        person.go("/")
        expect(person.page.get_by_role("link", name=person.words("Sign in"), exact=True)).to_be_visible()
