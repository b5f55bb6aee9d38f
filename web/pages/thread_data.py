"""What a thread's page tells machines of the thread: a question with its answers, or a post with its replies.

See `web.pages.linked_data` for whom, and how it is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from web.pages.linked_data import IDEAS, QUESTIONS, Here, Node, author, counted, crumbs, text_of
from web.pages.thread_view import Card, Comment, ThreadView


def thread(here: Here, view: ThreadView) -> Sequence[Node]:
    """A question with its answers, or another thread with its replies, as far as this page of it shows them."""
    head = view.head
    place = here.places.name(head.category_slug, head.category_name)
    way = crumbs(
        here,
        IDEAS if head.kind == "idea" else QUESTIONS,
        (place, f"/c/{head.category_slug}"),
        (head.title, ""),
    )
    return (_question if head.kind == "question" else _posting)(here, view), way


def _question(here: Here, view: ThreadView) -> Node:
    head = view.head
    accepted = _replies(here, (card for card in view.replies if card.accepted_at is not None), "Answer")
    suggested = _replies(here, (card for card in view.replies if card.accepted_at is None), "Answer")
    asked: Node = {"@type": "Question", "name": head.title, "answerCount": head.reply_count, "upvoteCount": head.score}
    asked |= _opening(here, view)
    if accepted:
        asked["acceptedAnswer"] = accepted if len(accepted) > 1 else accepted[0]
    if suggested:
        asked["suggestedAnswer"] = suggested
    return {"@type": "QAPage", "mainEntity": asked}


def _posting(here: Here, view: ThreadView) -> Node:
    head = view.head
    opening = _opening(here, view)
    return {
        "@type": "DiscussionForumPosting",
        "headline": head.title,
        "commentCount": head.reply_count,
        "interactionStatistic": counted("LikeAction", max(0, head.score)),
        **opening,
        "comment": [*opening.get("comment", ()), *_replies(here, view.replies, "Comment")],
    }


def _opening(here: Here, view: ThreadView) -> Node:
    """What is said of a thread's beginning on each of its pages; its words only on the page that shows them."""
    said: Node = {
        "url": here.base + view.row.href,
        "author": author(here, view.asker),
        "datePublished": view.head.created_at,
    }
    if view.lang:
        said["inLanguage"] = view.lang
    card = view.opening
    if card is not None and card.html is not None:
        said["text"] = text_of(card.html)
        if card.edited_at is not None:
            said["dateModified"] = card.edited_at
        if card.comments:
            said["comment"] = _comments(here, card.comments)
    return said


def _replies(here: Here, cards: Iterable[Card], kind: str) -> list[Node]:
    """The replies that have words: one that is hidden or deleted has none, nor has one that is a picture alone."""
    said = ((card, text_of(card.html)) for card in cards if card.html)
    return [_reply(here, card, text, kind) for card, text in said if text]


def _reply(here: Here, card: Card, text: str, kind: str) -> Node:
    said: Node = {
        "@type": kind,
        "text": text,
        "url": f"{here.base}/p/{card.id}",
        "upvoteCount": card.vote.score,
        "datePublished": card.at,
        "author": author(here, card.person),
    }
    if card.edited_at is not None:
        said["dateModified"] = card.edited_at
    if card.comments:
        said["comment"] = _comments(here, card.comments)
    return said


def _comments(here: Here, comments: Iterable[Comment]) -> list[Node]:
    return [
        {
            "@type": "Comment",
            "text": text_of(comment.html),
            "datePublished": comment.at,
            "author": author(here, comment.person),
        }
        for comment in comments
        if comment.html is not None
    ]
