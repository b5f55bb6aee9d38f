"""A community to measure on: threads with twenty posts each, made by the verbs themselves."""

from dataclasses import dataclass

from sqlalchemy import delete

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxDelivery, OutboxEvent
from forum.members import accounts, tokens
from forum.members.actors import SYSTEM, actor_of
from forum.search import rebuilding
from forum.threads import answers, asking, categories, places, replying, voting

THREADS, POSTS, PEOPLE = 300, 20, 24
WORDS = [
    "boiler",
    "pressure",
    "valve",
    "grinder",
    "burr",
    "portafilter",
    "basket",
    "gasket",
    "steam",
    "wand",
    "pump",
    "descale",
    "filter",
    "water",
    "hardness",
    "temperature",
    "shot",
    "crema",
    "extraction",
    "dose",
    "yield",
    "tamper",
    "puck",
    "channel",
    "espresso",
    "lever",
    "group",
    "head",
    "firmware",
    "display",
    "error",
    "code",
    "warranty",
    "order",
    "shipping",
    "cable",
    "fuse",
    "relay",
    "sensor",
    "thermostat",
    "leak",
    "drip",
    "tray",
    "drain",
    "hose",
    "clamp",
    "seal",
    "spring",
    "screw",
    "manual",
]


@dataclass(frozen=True)
class Community:
    """What a benchmark needs to know of it."""

    thread_ids: list[int]
    member_ids: list[int]
    handle: str
    token: str


def filled(db: Database) -> Community:
    """Fill an empty database. Nothing waits in the outbox afterwards, and the search index is complete."""
    people = _people(db)
    ids = [_thread(db, people, number) for number in range(THREADS)]
    with db.transaction() as session:
        token = tokens.create(session, people[0], name="benchmark", scopes=["read", "write"])
        session.execute(delete(OutboxDelivery))
        session.execute(delete(OutboxEvent))
    places.recount_categories(db)
    rebuilding.rebuild(db)
    return Community(ids, [person.member_id or 0 for person in people], people[0].handle, token)


def _people(db: Database) -> list[Actor]:
    with db.transaction() as session:
        categories.create(session, SYSTEM, slug="machines", name="Machines", kinds=["question", "idea", "discussion"])
        members = [
            accounts.register(
                session, handle=f"person{n}", mail=f"person{n}@example.com", password="correct horse battery"
            )
            for n in range(PEOPLE)
        ]
        session.flush()
        return [actor_of(session, member.id) for member in members]


def _thread(db: Database, people: list[Actor], number: int) -> int:
    asker = people[number % len(people)]
    with db.transaction() as session:
        thread = asking.ask(
            session,
            asker,
            kind="question",
            category="machines",
            title=f"The {_words(number, 3)} stops after {number} seconds",
            body=body(number),
            tags=[_words(number, 1), _words(number + 7, 1)],
        )
        session.flush()
        replies = []
        for turn in range(1, POSTS):
            author = people[(number + turn) % len(people)]
            replies.append(replying.reply(session, author, thread_id=thread.id, body=body(number * POSTS + turn)))
        session.flush()
        for turn, reply in enumerate(replies[:5]):
            voting.vote(session, people[(number + turn + 9) % len(people)], post_id=reply.id, value=1)
        if number % 3 == 0:
            answers.accept(session, asker, post_id=replies[2].id)
        return thread.id


def body(number: int) -> str:
    """Some 450 characters of Markdown with a list, a bold word, a link and now and then code."""
    text = f"I would start with the **{_words(number, 2)}**. {_sentence(number)} {_sentence(number + 1)}\n\n"
    text += f"- {_sentence(number + 2)}\n- {_sentence(number + 3)}\n\nSee [the manual](https://example.com/{number}).\n"
    return text + ("\n```\nE14 boiler sensor\n```\n" if number % 5 == 0 else "")


def _sentence(number: int) -> str:
    return f"Then the {_words(number * 3 + 1, 6)} until it holds."


def _words(number: int, count: int) -> str:
    return " ".join(WORDS[(number * 7 + step * 13) % len(WORDS)] for step in range(count))
