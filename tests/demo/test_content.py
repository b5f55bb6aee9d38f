"""The demo community is large and varied enough, and nothing in it contradicts the rest."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from moderation.guidelines import RULES
from web.demo.blocks import ContentError, Names, Span
from web.demo.checks import LONGEST_FILE, checked_community, faults
from web.demo.content import FOLDER, Change, Community, Reply, Thread, read_community, read_thread


@pytest.fixture(scope="module")
def community() -> Community:
    return checked_community()


# How much there is


def test_it_is_as_large_as_promised(community: Community) -> None:
    assert len(community.threads) >= 40
    assert sum(len(thread.posts) for thread in community.threads) >= 250
    assert len(community.people) >= 25


def test_questions_are_solved_unsolved_and_unanswered(community: Community) -> None:
    questions = [thread for thread in community.threads if thread.kind == "question"]
    solved = [thread for thread in questions if thread.accepted]
    assert len(solved) >= 20
    assert len(questions) - len(solved) >= 6
    assert len([thread for thread in questions if not thread.replies]) >= 3


def test_ideas_stand_in_every_status(community: Community) -> None:
    statuses = {thread.status for thread in community.threads if thread.kind == "idea"}
    assert statuses == {"new", "under_review", "planned", "in_progress", "shipped", "declined"}


def test_the_company_speaks_officially_and_personally(community: Community) -> None:
    replies = [reply for thread in community.threads for reply in thread.replies]
    by_staff = [reply for reply in replies if community.person(reply.by).is_staff]
    official = [reply for reply in by_staff if reply.official is not None]
    assert len(official) >= 6
    assert len(by_staff) - len(official) >= 20


def test_most_words_come_from_customers(community: Community) -> None:
    authors = Counter(community.person(reply.by).is_staff for thread in community.threads for reply in thread.replies)
    assert authors[False] > 3 * authors[True]


def test_a_reply_with_personal_data_is_hidden_and_a_wrong_decision_taken_back(community: Community) -> None:
    histories = [[r.action for r in reply.rulings] for t in community.threads for reply in t.replies if reply.rulings]
    assert sorted(histories) == [["hide"], ["hide", "restore"]]
    hidden = [r for t in community.threads for reply in t.replies for r in reply.rulings if len(reply.rulings) == 1]
    assert [(RULES[ruling.rule].name, ruling.reason) for ruling in hidden] == [("Personal data", "personal-data")]


def test_help_articles_come_from_solved_threads(community: Community) -> None:
    articles = [thread.article for thread in community.threads if thread.article]
    assert len(articles) >= 8
    assert all(thread.accepted for thread in community.threads if thread.article)


def test_italian_is_spoken(community: Community) -> None:
    italian = [thread for thread in community.threads if thread.locale == "it"]
    assert len(italian) >= 6
    assert sum(len(thread.posts) for thread in italian) >= 30


def test_posts_show_what_markdown_can_do(community: Community) -> None:
    texts = [post.body for thread in community.threads for post in thread.posts]
    for sign, least in {
        "```": 10,
        "| --- |": 10,
        "\n1. ": 10,
        "\n- ": 15,
        "](thread:": 10,
        "**": 20,
        "\n\n": 90,
    }.items():
        assert len([text for text in texts if sign in text]) >= least, sign
    assert len([text for text in texts if text.startswith("> ")]) >= 6
    assert len([text for text in texts if len(text) < 120]) >= 40
    assert len([text for text in texts if len(text) > 600]) >= 10


def test_the_year_is_filled(community: Community) -> None:
    quarters = Counter(thread.ago // timedelta(days=92) for thread in community.threads)
    assert min(quarters[quarter] for quarter in range(4)) >= 5
    assert min(thread.ago for thread in community.threads) < timedelta(hours=1)
    assert len([post for thread in community.threads for post in thread.posts if post.edits]) >= 5


def test_four_people_can_sign_in(community: Community) -> None:
    keys = {person.signs_in_as: person for person in community.people if person.signs_in_as}
    roles = {key: (person.role, person.is_staff) for key, person in keys.items()}
    assert roles == {
        "customer": ("member", False),
        "moderator": ("moderator", False),
        "product manager": ("member", True),
        "administrator": ("administrator", True),
    }


def test_nobody_says_the_same_twice(community: Community) -> None:
    sentences = Counter(
        line
        for thread in community.threads
        for post in thread.posts
        for line in post.body.splitlines()
        if len(line) > 60
    )
    assert [line for line, count in sentences.items() if count > 1] == []


def test_no_file_is_longer_than_one_reads(community: Community) -> None:
    assert community.threads
    lengths = {path.name: len(path.read_text().splitlines()) for path in FOLDER.rglob("*") if path.is_file()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


# What is refused


def written(folder: Path, text: str) -> Path:
    path = folder / "machines" / "a-thread.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


OPENING = '+++ thread\nkind = "question"\ntitle = "A pump that hums at night"\nby = "marta"\nago = "3d"\n+++\nWhy?\n'


def test_a_file_reads_from_top_to_bottom(tmp_path: Path) -> None:
    reply = '+++ reply\nby = "jonas"\nafter = "1h 5m"\nup = "ruth sam"\n+++\nOld age.\n'
    remark = '+++ remark\nby = "ruth"\nafter = "2h"\n+++\nWhose?\n'
    edit = '+++ edit\nafter = "3h"\nnote = "kinder"\n+++\nWhose, please?\n'
    thread = read_thread(written(tmp_path, OPENING + reply + remark + edit))

    assert (thread.key, thread.category, thread.ago) == ("a-thread", "machines", Span(days=3))
    assert [(post.by, post.remark) for post in thread.replies] == [("jonas", False), ("ruth", True)]
    assert thread.replies[0].up == ("ruth", "sam")
    assert thread.replies[1].edits[0].body == "Whose, please?"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Just words.", "does not begin with a block"),
        ('+++ thread\nkind = "question"\n', "is not closed"),
        (OPENING.replace('"question"', '"riddle"'), "Invalid enum value 'riddle'"),
        (OPENING.replace('"3d"', '"yesterday"'), "is not a stretch of time"),
        (OPENING.replace('by = "marta"\n', ""), "missing required field `by`"),
        (OPENING.replace("kind", "genre"), "unknown field `genre`"),
        (OPENING + "+++ poem\n+++\nRoses.", "no poem can stand here"),
        (OPENING + '+++ reply\nby = "jonas"\n+++\nYes.', "a-thread.md:8: Object missing required field `after`"),
        ("+++ reply\n+++\nYes.", "begins with a reply"),
    ],
)
def test_a_file_that_breaks_the_format_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ContentError) as refusal:
        read_thread(written(tmp_path, text))
    assert complaint in str(refusal.value)
    assert "a-thread.md" in str(refusal.value)


def with_thread(community: Community, key: str, **changes: object) -> list[str]:
    thread = msgspec.structs.replace(community.thread(key), **changes)
    others = [thread if other.key == key else other for other in community.threads]
    return faults(msgspec.structs.replace(community, threads=tuple(others)))


def first_reply(thread: Thread, **changes: object) -> tuple[Reply, ...]:
    return (msgspec.structs.replace(thread.replies[0], **changes), *thread.replies[1:])


KEY = "duo-trips-breaker"  # a question by nora, answered by tomasz and, officially, by chiara


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"by": "nobody"}, "nobody is called nobody"),
        ({"body": "Ask @zoltan."}, "nobody is called zoltan"),
        ({"category": "attic"}, "no such category"),
        ({"kind": "announcement"}, "no announcement may be opened in machines"),
        ({"tags": ("duo", "duo")}, "at most five different tags"),
        ({"tags": ("unicorn",)}, "at most five different tags"),
        ({"ago": Span(days=400)}, "outside the last year"),
        ({"ago": Span(days=319)}, "nora speaks before joining"),
        ({"urgent": False}, "answers before the hours of the peers are over"),
        ({"up": Names(["nora"])}, "a vote for oneself"),
        ({"up": Names(["ruth", "ruth"])}, "a second vote"),
        ({"up": Names(["wes"])}, "wes votes before joining"),
        ({"body": "See [this](thread:atlantis)."}, "does not exist"),
        ({"body": "See [this](thread:duo-pressure-climbs)."}, "before it existed"),
        ({"changes": (Change(by="tommaso", after=Span(days=1), status="planned", body="Yes."),)}, "only an idea"),
    ],
)
def test_a_contradiction_is_found(community: Community, changes: dict[str, object], complaint: str) -> None:
    assert any(complaint in fault for fault in with_thread(community, KEY, **changes))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"after": Span(days=132)}, "a reply before its thread or in the future"),
        ({"after": Span(hours=9)}, "not in the order"),
        ({"accepted": Span(minutes=1)}, "out of place or time"),
        ({"remark": True}, "out of place or time"),
        ({"accepted_by": "leonor"}, "may not accept for nora"),
        ({"official": Span(hours=2)}, "tomasz cannot speak for the company"),
        ({"body": ""}, "a post without words"),
    ],
)
def test_a_reply_that_cannot_be_is_found(community: Community, changes: dict[str, object], complaint: str) -> None:
    replies = first_reply(community.thread(KEY), **changes)
    assert any(complaint in fault for fault in with_thread(community, KEY, replies=replies))


def test_a_decision_needs_a_moderator_and_a_turn(community: Community) -> None:
    thread = community.thread("duo-steam-spits-water")
    (place,) = [number for number, reply in enumerate(thread.replies) if reply.rulings]
    reply = thread.replies[place]
    for rulings, complaint in [
        ((msgspec.structs.replace(reply.rulings[0], by="jonas"), reply.rulings[1]), "jonas may not decide"),
        (reply.rulings[1:], "restore comes out of turn"),
        ((msgspec.structs.replace(reply.rulings[0], rule="99"),), "names a rule, a reason and says why"),
    ]:
        changed = msgspec.structs.replace(reply, rulings=rulings)
        replies = (*thread.replies[:place], changed, *thread.replies[place + 1 :])
        assert any(complaint in fault for fault in with_thread(community, thread.key, replies=replies))


def test_a_promise_without_words_is_found(community: Community) -> None:
    thread = community.thread("left-handed-leva")
    silent = (*thread.changes[:-1], msgspec.structs.replace(thread.changes[-1], body=""))
    assert any("needs a public response" in fault for fault in with_thread(community, thread.key, changes=silent))


def test_reading_again_gives_the_same(community: Community) -> None:
    assert read_community() == community
