"""Who reacts to what. Declarative: a subscriber is a name and the reactions of one capability."""

from crm_sync import reactions as crm
from forum.articles import reactions as articles
from forum.kernel.outbox import Subscribers
from forum.notifications import reactions as notifications
from forum.search import reactions as search
from forum.threads import reactions as threads
from reputation import reactions as reputation

SUBSCRIBERS: Subscribers = {
    "reputation": reputation.REACTIONS,
    "search": search.REACTIONS,
    "articles": articles.REACTIONS,
    "notifications": notifications.REACTIONS,
    "crm": crm.REACTIONS,
    "threads": threads.REACTIONS,
}
