"""What a sound request to each route looks like: the parts of its address, and the form or JSON that it takes.

A route of the site that is not named here fails the matrix test, which says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.forum.making import BODY, TITLE
from tests.permissions.world import PASSWORD

Parts = Mapping[str, int | str]
Fields = Callable[[Parts], dict[str, Any]]
Key = tuple[str, str]
REASON: Final = "It had to be so, as everybody can read."
REPLY: Final = "Have you looked whether the tap is open at all?"


@dataclass(frozen=True)
class Asking:
    """How to do `action` at a route. `at` says which part of the thing an address's part is, where it is not the same word."""

    action: str
    sends: Fields | None = None
    at: Mapping[str, str] | None = None
    query: str = ""


def _fixed(**sent: Any) -> Fields:
    return lambda _parts: sent


_IDEA: Final = {"thread_id": "idea_id", "slug": "idea_slug"}
_UNSOLVED: Final = {"thread_id": "unsolved_id"}
_ACCEPTED: Final = {"post_id": "accepted_id"}
_ARTICLE: Final = {"slug": "article_slug"}
_PLACE: Final = {"slug": "category"}
_DESK: Final = {"name": "Desk", "issuer": "https://id.example.com", "client_id": "loggia"}
_WAITING: Final = {"handle": "unconfirmed"}
_RULED: Final = {"rule": "0", "reason": "other", "text": REASON}


def _judged(do: str, part: str) -> Fields:
    return lambda parts: {"action": do, "target": parts[part], "text": REASON}


WAYS: Final[dict[Key, tuple[Asking, ...]]] = {
    # reading
    ("GET", "/"): (Asking("thread.list"),),
    ("GET", "/api/v1/threads"): (Asking("thread.list"),),
    ("GET", "/ideas"): (Asking("thread.list"),),
    ("GET", "/ideas/roadmap"): (Asking("thread.list"),),
    ("GET", "/feeds/latest"): (Asking("thread.list"),),
    ("GET", "/feeds/unanswered"): (Asking("thread.list"),),
    ("GET", "/feeds/top"): (Asking("thread.list"),),
    ("GET", "/feeds/ideas"): (Asking("thread.list"),),
    ("GET", "/feeds/announcements"): (Asking("thread.list"),),
    ("GET", "/feeds/help"): (Asking("article.list"),),
    ("GET", "/feeds/m/{handle}"): (Asking("member.read"),),
    ("GET", "/c/{slug}"): (Asking("category.read", at=_PLACE),),
    ("GET", "/feeds/c/{slug}"): (Asking("category.feed", at=_PLACE),),
    ("GET", "/api/v1/categories"): (Asking("category.list"),),
    ("GET", "/t/{thread_id}"): (Asking("thread.read"),),
    ("GET", "/t/{thread_id}/{slug}"): (Asking("thread.read"),),
    ("GET", "/t/{thread_id}/{slug}/history"): (Asking("thread.read"),),
    ("GET", "/t/{thread_id}/{slug}/{number}"): (Asking("thread.read", at={"thread_id": "slug", "slug": "thread_id"}),),
    ("GET", "/c/{slug}/{second}"): (Asking("category.read", at={**_PLACE, "second": "category"}),),
    ("GET", "/c/{slug}/{second}/{third}"): (Asking("category.read", at={**_PLACE, "second": "category", "third": "category"}),),
    ("GET", "/tag/{key}"): (Asking("tag.read"),),
    ("GET", "/u/{handle}"): (Asking("member.read"),),
    ("GET", "/u/{handle}/{tab}"): (Asking("member.read", at={"tab": "step"}),),
    ("GET", "/feeds/t/{thread_id}"): (Asking("thread.feed"),),
    ("GET", "/api/v1/threads/{thread_id}"): (Asking("thread.read"),),
    ("GET", "/api/v1/threads/{thread_id}/posts"): (Asking("thread.read"),),
    ("GET", "/p/{post_id}"): (Asking("post.find"),),
    ("GET", "/api/v1/posts/{post_id}"): (Asking("post.read"),),
    ("GET", "/p/{post_id}/history"): (Asking("post.history"),),
    ("GET", "/api/v1/posts/{post_id}/revisions"): (Asking("post.history"),),
    ("GET", "/tags"): (Asking("tag.read"),),
    ("GET", "/tags/{key}"): (Asking("tag.read"),),
    ("GET", "/feeds/tags/{name}"): (Asking("tag.read"),),
    ("GET", "/search"): (Asking("search.find", query="q=boiler"),),
    ("GET", "/ask/similar"): (Asking("search.find", query="title=The+boiler+does+not+warm"),),
    ("GET", "/api/v1/search"): (Asking("search.find", query="q=boiler"),),
    ("GET", "/api/v1/similar"): (Asking("search.find", query="title=The+boiler+does+not+warm"),),
    ("GET", "/m/{handle}"): (Asking("member.read"),),
    ("GET", "/api/v1/members/{handle}"): (Asking("member.read"),),
    ("GET", "/api/v1/members/{handle}/reputation"): (Asking("member.activity"),),
    ("GET", "/api/v1/members/{handle}/badges"): (Asking("member.read"),),
    ("GET", "/help"): (Asking("article.list"),),
    ("GET", "/api/v1/articles"): (Asking("article.list"),),
    ("GET", "/help/{article_id}"): (Asking("article.read"),),
    ("GET", "/help/{article_id}/{slug}"): (Asking("article.read", at=_ARTICLE),),
    ("GET", "/api/v1/articles/{article_id}"): (Asking("article.read"),),
    ("GET", "/transparency"): (Asking("log.read"),),
    ("GET", "/transparency/{number}"): (Asking("log.read"),),
    ("GET", "/api/v1/moderation/log"): (Asking("log.read"),),
    ("GET", "/feeds/transparency"): (Asking("log.read"),),
    # taking part
    ("GET", "/ask"): (Asking("thread.begin"),),
    ("POST", "/preview"): (Asking("post.preview", _fixed(body=REPLY)),),
    ("POST", "/ask"): (
        Asking("thread.open", lambda parts: {"kind": "question", "category": parts["category"], "title": "Where does the water go",
               "body": REPLY, "reviewed": "1"}),
    ),
    ("POST", "/ask/solved"): (
        Asking("thread.solved-mine", lambda parts: {"solved": f"thread:{parts['thread_id']}"}),
        Asking("article.solved-mine", lambda parts: {"solved": f"article:{parts['article_id']}"}),
    ),
    ("PUT", "/api/v1/threads/{thread_id}/solved-mine"): (Asking("thread.solved-mine", _fixed(kind="question")),),
    ("PUT", "/api/v1/articles/{article_id}/solved-mine"): (Asking("article.solved-mine", _fixed(kind="question")),),
    ("POST", "/api/v1/threads"): (
        Asking("thread.open", lambda parts: {"kind": "question", "category": parts["category"], "title": "Where does the water go",
               "body": REPLY}),
    ),
    ("POST", "/t/{thread_id}/{slug}/reply"): (Asking("thread.reply", _fixed(body=REPLY)),),
    ("POST", "/api/v1/threads/{thread_id}/posts"): (Asking("thread.reply", _fixed(body=REPLY)),),
    ("POST", "/t/{thread_id}/{slug}/follow"): (Asking("thread.follow", _fixed(value="1")), Asking("thread.unfollow", _fixed(value="0"))),
    ("PUT", "/api/v1/threads/{thread_id}/subscription"): (Asking("thread.follow"),),
    ("DELETE", "/api/v1/threads/{thread_id}/subscription"): (Asking("thread.unfollow"),),
    ("POST", "/t/{thread_id}/{slug}/me-too"): (Asking("thread.me-too", _fixed(value="1"), at=_UNSOLVED), Asking("thread.not-me", _fixed(value="0"))),
    ("PUT", "/api/v1/threads/{thread_id}/me-too"): (Asking("thread.me-too", at=_UNSOLVED),),
    ("DELETE", "/api/v1/threads/{thread_id}/me-too"): (Asking("thread.not-me"),),
    ("POST", "/t/{thread_id}/{slug}/needs-info"): (Asking("thread.needs-info", _fixed(value="1"), at=_UNSOLVED), Asking("thread.enough-info", _fixed(value="0"))),
    ("PUT", "/api/v1/threads/{thread_id}/needs-info"): (Asking("thread.needs-info", at=_UNSOLVED),),
    ("DELETE", "/api/v1/threads/{thread_id}/needs-info"): (Asking("thread.enough-info"),),
    ("POST", "/p/{post_id}/vote"): (
        Asking("post.vote-up", _fixed(value="1")), Asking("post.vote-down", _fixed(value="-1")), Asking("post.unvote", _fixed(value="0")),
    ),
    ("PUT", "/api/v1/posts/{post_id}/vote"): (
        Asking("post.vote-up", _fixed(value=1)), Asking("post.vote-down", _fixed(value=-1)), Asking("post.unvote", _fixed(value=0)),
    ),
    ("GET", "/p/{post_id}/edit"): (Asking("post.edit"),),
    ("POST", "/p/{post_id}/edit"): (
        Asking("post.edit", _fixed(body=REPLY, comment="Said more plainly", revision="1")),
        Asking("thread.retag", _fixed(title=TITLE, body=BODY, tags="water", comment="It is about water", revision="1"), at={"post_id": "opening_id"}),
    ),
    ("PATCH", "/api/v1/posts/{post_id}"): (Asking("post.edit", _fixed(body=REPLY, comment="Said more plainly")),),
    ("GET", "/p/{post_id}/delete"): (Asking("post.delete"),),
    ("POST", "/p/{post_id}/delete"): (Asking("post.delete"),),
    ("DELETE", "/api/v1/posts/{post_id}"): (Asking("post.delete"),),
    ("GET", "/p/{post_id}/report"): (Asking("post.report"),),
    ("POST", "/p/{post_id}/report"): (Asking("post.report", _fixed(reason="spam", note="It sells something.")),),
    ("POST", "/api/v1/flags"): (Asking("post.report", lambda parts: {"post": parts["post_id"], "reason": "spam", "note": "It sells."}),),
    ("PATCH", "/api/v1/threads/{thread_id}"): (
        Asking("thread.retitle", _fixed(title="The boiler stays cold all morning", comment="Said more plainly")),
        Asking("thread.retag", _fixed(tags=["water"], comment="It is about water")),
        Asking("thread.move", lambda parts: {"category": parts["other"], "comment": "It belongs there"}),
        Asking("thread.close", lambda parts: {"state": "open" if parts["state"] == "closed" else "closed", "comment": REASON}),
    ),
    # answers and ideas
    ("POST", "/p/{post_id}/accepted"): (
        Asking("answer.accept", _fixed(value="1")), Asking("answer.withdraw", _fixed(value="0"), at=_ACCEPTED),
    ),
    ("PUT", "/api/v1/threads/{thread_id}/accepted"): (Asking("answer.accept", lambda parts: {"post": parts["post_id"]}),),
    ("DELETE", "/api/v1/threads/{thread_id}/accepted"): (Asking("answer.withdraw"),),
    ("POST", "/p/{post_id}/official"): (Asking("answer.official", _fixed(value="1")), Asking("answer.unofficial", _fixed(value="0"))),
    ("PUT", "/api/v1/threads/{thread_id}/official"): (Asking("answer.official", lambda parts: {"post": parts["post_id"]}),),
    ("DELETE", "/api/v1/threads/{thread_id}/official"): (Asking("answer.unofficial"),),
    ("GET", "/t/{thread_id}/{slug}/status"): (Asking("idea.answer", at=_IDEA),),
    ("POST", "/t/{thread_id}/{slug}/status"): (Asking("idea.answer", _fixed(status="planned", comment=REASON), at=_IDEA),),
    ("PUT", "/api/v1/threads/{thread_id}/idea-status"): (Asking("idea.answer", _fixed(status="planned", comment=REASON), at=_IDEA),),
    # moderation
    ("GET", "/moderation"): (Asking("case.list"),),
    ("GET", "/api/v1/moderation/queue"): (Asking("case.list"),),
    ("GET", "/moderation/posts/{post_id}"): (Asking("case.post"),),
    ("GET", "/moderation/threads/{thread_id}"): (Asking("case.thread"),),
    ("POST", "/moderation/posts/{post_id}"): (
        Asking("case.keep", _fixed(do="keep")), Asking("post.hide", _fixed(do="hide-post", **_RULED)),
        Asking("post.restore", _fixed(do="restore-post", **_RULED)),
    ),
    ("POST", "/moderation/threads/{thread_id}"): (
        Asking("thread.hide", _fixed(do="hide-thread", **_RULED)), Asking("thread.restore", _fixed(do="restore-thread", **_RULED)),
        Asking("thread.close", lambda parts: {"do": "reopen-thread" if parts["state"] == "closed" else "close-thread", **_RULED}),
    ),
    ("POST", "/api/v1/moderation/actions"): (
        Asking("case.keep", _judged("keep-post", "post_id")), Asking("post.hide", _judged("hide-post", "post_id")),
        Asking("post.restore", _judged("restore-post", "post_id")), Asking("thread.hide", _judged("hide-thread", "thread_id")),
        Asking("thread.restore", _judged("restore-thread", "thread_id")), Asking("thread.close", lambda parts: {"action": "reopen-thread" if parts["state"] == "closed" else "close-thread", "target": parts["thread_id"], "text": REASON}),
        Asking("member.sanction", lambda parts: {"action": "silence", "member": parts["handle"], "days": 3, "text": REASON}),
    ),
    ("GET", "/suspended"): (Asking("sanction.read"),),
    ("GET", "/m/{handle}/sanction"): (Asking("member.sanction"),),
    ("POST", "/m/{handle}/sanction"): (Asking("member.sanction", _fixed(do="silence", days="3", rule="1", reason="abuse", text=REASON)),),
    ("GET", "/t/{thread_id}/{slug}/close"): (Asking("thread.close"),),
    ("GET", "/t/{thread_id}/{slug}/reopen"): (Asking("thread.close"),),
    ("POST", "/t/{thread_id}/{slug}/close"): (Asking("thread.close", _fixed(text=REASON)),),
    ("POST", "/t/{thread_id}/{slug}/reopen"): (Asking("thread.close", _fixed(text=REASON)),),
    ("POST", "/transparency/{number}/redact"): (Asking("log.redact", _fixed(text=REASON)),),
    # articles, connections, administration
    ("GET", "/help/review"): (Asking("article.desk"),),
    ("GET", "/help/{article_id}/edit"): (Asking("article.edit"),),
    ("POST", "/help/{article_id}/edit"): (Asking("article.edit", _fixed(title="How to warm a boiler", body=REPLY, version="1")),),
    ("POST", "/help/{article_id}/withdraw"): (Asking("article.edit"),),
    ("PATCH", "/api/v1/articles/{article_id}"): (Asking("article.edit", _fixed(title="How to warm a boiler well", body=REPLY)),),
    ("GET", "/admin"): (Asking("admin.read"),),
    ("GET", "/admin/connections"): (Asking("connection.read"),),
    ("GET", "/admin/deliveries"): (Asking("connection.read"),),
    ("GET", "/admin/deliveries/{delivery_id}"): (Asking("connection.read"),),
    ("GET", "/api/v1/crm/connections"): (Asking("connection.read"),),
    ("GET", "/api/v1/crm/deliveries"): (Asking("connection.read"),),
    ("POST", "/admin/connections"): (Asking("connection.manage", _fixed(name="second", url="https://crm.example.com/two")),),
    ("POST", "/admin/connections/{connection_id}/hold"): (Asking("connection.manage"),),
    ("POST", "/admin/connections/{connection_id}/resume"): (Asking("connection.manage"),),
    ("POST", "/admin/connections/{connection_id}/secret"): (Asking("connection.manage"),),
    ("POST", "/admin/deliveries/replay"): (Asking("connection.manage"),),
    ("POST", "/admin/deliveries/{delivery_id}/replay"): (Asking("connection.manage"),),
    ("POST", "/admin/deliveries/{delivery_id}/let-go"): (Asking("connection.manage"),),
    ("POST", "/api/v1/crm/deliveries/{delivery_id}/replay"): (Asking("connection.manage", _fixed()),),
    ("GET", "/admin/mails"): (Asking("admin.read"),),
    ("POST", "/admin/mails/replay"): (Asking("mail.manage"),),
    ("POST", "/admin/mails/{mail_id}/replay"): (Asking("mail.manage"),),
    ("POST", "/admin/mails/{mail_id}/give-up"): (Asking("mail.manage"),),
    ("GET", "/api/v1/mails"): (Asking("admin.read"),),
    ("POST", "/api/v1/mails/{mail_id}/replay"): (Asking("mail.manage", _fixed()),),
    ("POST", "/api/v1/mails/{mail_id}/give-up"): (Asking("mail.manage", _fixed()),),
    ("GET", "/admin/categories"): (Asking("admin.read"),),
    ("GET", "/admin/categories/new"): (Asking("admin.read"),),
    ("GET", "/admin/categories/{category_id}"): (Asking("admin.read"),),
    ("POST", "/admin/categories/new"): (Asking("category.manage", _fixed(name="Kettles", kinds="question")),),
    ("POST", "/admin/categories/{category_id}"): (Asking("category.manage", _fixed(name="Kettles", slug="kettles", kinds="question")),),
    ("POST", "/admin/categories/{category_id}/move"): (Asking("category.manage", _fixed(to="down")),),
    ("POST", "/api/v1/categories"): (Asking("category.manage", _fixed(slug="kettles", name="Kettles", kinds=["question"])),),
    ("PATCH", "/api/v1/categories/{slug}"): (Asking("category.manage", _fixed(name="Kettles"), at=_PLACE),),
    ("GET", "/admin/providers"): (Asking("admin.read"),),
    ("GET", "/admin/providers/new"): (Asking("admin.read"),),
    ("GET", "/admin/providers/{provider_id}"): (Asking("admin.read"),),
    ("GET", "/api/v1/providers"): (Asking("admin.read"),),
    ("POST", "/admin/providers/new"): (Asking("provider.manage", _fixed(slug="second", **_DESK)),),
    ("POST", "/admin/providers/{provider_id}"): (Asking("provider.manage", _fixed(**_DESK)),),
    ("POST", "/admin/providers/{provider_id}/switch"): (Asking("provider.manage", _fixed(on="0")),),
    ("POST", "/admin/providers/{provider_id}/test"): (Asking("provider.manage"),),
    ("GET", "/admin/audit"): (Asking("admin.read"),),
    ("POST", "/admin/first-steps/{step}/aside"): (Asking("site.manage"),),
    ("GET", "/admin/people"): (Asking("admin.read"),),
    ("GET", "/admin/people/{handle}"): (Asking("admin.read"),),
    ("POST", "/admin/people/{handle}/role"): (Asking("admin.roles", _fixed(role="moderator")),),
    ("POST", "/admin/people/{handle}/bot"): (Asking("admin.roles", _fixed(bot="1")),),
    ("POST", "/admin/people/{handle}/affiliation"): (Asking("admin.roles", _fixed(team="Service")),),
    ("POST", "/admin/people/{handle}/sign-out"): (Asking("people.manage"),),
    ("GET", "/api/v1/people"): (Asking("admin.read"),),
    ("GET", "/api/v1/people/{handle}"): (Asking("admin.read"),),
    ("PATCH", "/api/v1/people/{handle}"): (Asking("admin.roles", _fixed(role="moderator")),),
    ("GET", "/api/v1/groups"): (Asking("admin.read"),),
    ("POST", "/api/v1/groups"): (Asking("group.manage", _fixed(name="Friends of the house")),),
    ("PATCH", "/api/v1/groups/{group_id}"): (Asking("group.manage", _fixed(description="They know")),),
    ("DELETE", "/api/v1/groups/{group_id}"): (Asking("group.manage"),),
    ("PUT", "/api/v1/groups/{group_id}/people/{handle}"): (Asking("group.manage"),),
    ("DELETE", "/api/v1/groups/{group_id}/people/{handle}"): (Asking("group.manage"),),
    ("GET", "/api/v1/invitations"): (Asking("admin.read"),),
    ("POST", "/api/v1/invitations"): (Asking("people.manage", _fixed(note="Friends")),),
    ("DELETE", "/api/v1/invitations/{invitation_id}"): (Asking("people.manage"),),
    ("GET", "/api/v1/receipts"): (Asking("admin.read"),),
    ("GET", "/api/v1/deflections"): (Asking("admin.read"),),
    ("GET", "/admin/groups"): (Asking("admin.read"),),
    ("GET", "/admin/groups/{group_id}"): (Asking("admin.read"),),
    ("POST", "/admin/groups"): (Asking("group.manage", _fixed(name="Friends of the house")),),
    ("POST", "/admin/groups/{group_id}"): (Asking("group.manage", _fixed(name="Friends")),),
    ("POST", "/admin/groups/{group_id}/people"): (Asking("group.manage", lambda parts: {"handle": parts["handle"]}),),
    ("POST", "/admin/groups/{group_id}/delete"): (Asking("group.manage"),),
    ("GET", "/admin/invitations"): (Asking("admin.read"),),
    ("POST", "/admin/invitations"): (Asking("people.manage", _fixed(note="Friends", most="3")),),
    ("POST", "/admin/invitations/{invitation_id}/revoke"): (Asking("people.manage"),),
    ("POST", "/admin/people/{handle}/verify"): (Asking("people.manage", at=_WAITING),),
    ("POST", "/admin/people/{handle}/mail"): (Asking("people.manage", at=_WAITING),),
    ("POST", "/admin/people/{handle}/identities/{identity_id}/disconnect"): (Asking("people.manage"),),
    ("GET", "/api/v1/people/{handle}/identities"): (Asking("admin.read"),),
    ("DELETE", "/api/v1/people/{handle}/identities/{identity_id}"): (Asking("people.manage"),),
    ("GET", "/api/v1/claims"): (Asking("admin.read"),),
    # one's own
    ("GET", "/api/v1/me/identities"): (Asking("account.read"),),
    ("GET", "/settings/identities"): (Asking("settings.read"),),
    ("GET", "/settings"): (Asking("settings.read"),),
    ("GET", "/api/v1/me/sessions"): (Asking("settings.read"),),
    ("POST", "/settings/address"): (Asking("settings.security", _fixed(mail="another@example.com", password=PASSWORD)),),
    ("GET", "/settings/language"): (Asking("settings.read"),),
    ("POST", "/settings/language"): (Asking("settings.preferences", _fixed(locale="it", time_zone="Europe/Rome")),),
    ("GET", "/settings/privacy"): (Asking("settings.read"),),
    ("POST", "/settings/privacy"): (Asking("settings.preferences", _fixed(unlisted="1")),),
    ("POST", "/settings/picture/remove"): (Asking("settings.profile"),),
    ("GET", "/forgot"): (Asking("account.recover"),),
    ("GET", "/confirm"): (Asking("account.confirm"),),
    ("POST", "/confirm"): (Asking("account.confirm"),),
    ("GET", "/settings/consent"): (Asking("settings.own"),),
    ("GET", "/settings/data"): (Asking("settings.own"),),
    ("GET", "/settings/security"): (Asking("settings.read"),),
    ("GET", "/settings/tokens"): (Asking("settings.read"),),
    ("GET", "/api/v1/me"): (Asking("account.read"),),
    ("POST", "/settings/profile"): (Asking("settings.profile", _fixed(name="Somebody", bio="", locale="")),),
    ("POST", "/settings/consent"): (Asking("settings.consent", _fixed(cases="1")),),
    ("PATCH", "/api/v1/me"): (Asking("account.change", _fixed(bio="Kettles.")),),
    ("GET", "/api/v1/me/consents"): (Asking("account.read"),),
    ("GET", "/api/v1/me/tokens"): (Asking("account.read"),),
    ("POST", "/settings/password"): (Asking("settings.security", _fixed(current=PASSWORD, new="another long sentence")),),
    ("POST", "/settings/sign-ins/{sign_in_id}/end"): (Asking("settings.security"),),
    ("POST", "/settings/tokens"): (Asking("settings.tokens", _fixed(name="Another", scopes="read")),),
    ("POST", "/settings/tokens/{token_id}/revoke"): (Asking("settings.tokens"),),
    ("GET", "/notifications"): (Asking("news.read"),),
    ("GET", "/api/v1/notifications"): (Asking("news.read"),),
    ("POST", "/notifications/read"): (Asking("news.mark", _fixed()),),
    ("POST", "/api/v1/notifications/read"): (Asking("news.mark", _fixed()),),
    ("GET", "/login"): (Asking("account.sign-in"),),
    ("GET", "/register"): (Asking("account.register"),),
    ("POST", "/logout"): (Asking("account.sign-out"),),
    ("POST", "/logout/everywhere"): (Asking("account.sign-out-everywhere"),),
    # the site
    ("GET", "/api/v1/site"): (Asking("site.look"),),
    ("GET", "/admin/settings"): (Asking("admin.read"),),
    ("POST", "/admin/settings"): (Asking("site.manage", _fixed(name="Kettles and boilers", registration="open", default_locale="en")),),
    ("PATCH", "/api/v1/site"): (Asking("site.manage", _fixed(name="Kettles and boilers")),),
    ("GET", "/about"): (Asking("site.look"),),
    ("GET", "/privacy"): (Asking("site.look"),),
    ("GET", "/health/live"): (Asking("site.health"),),
    ("GET", "/health/ready"): (Asking("site.health"),),
    ("GET", "/metrics"): (Asking("site.metrics"),),
    ("GET", "/sitemap.xml"): (Asking("site.describe"),),
    ("GET", "/robots.txt"): (Asking("site.describe"),),
    ("GET", "/opensearch.xml"): (Asking("site.describe"),),
    ("GET", "/llms.txt"): (Asking("site.describe"),),
    ("POST", "/locale"): (Asking("site.choose", _fixed(locale="it", next="/")),),
    ("POST", "/theme"): (Asking("site.choose", _fixed(theme="dark", next="/")),),
}  # fmt: skip
_PROVIDER: Final = "needs a provider that answers; tests/web tries it with a real one"
_MAILED: Final = "wants a key that was mailed; tests/members and tests/web/pages try what good and bad ones do"
ELSEWHERE: Final = {
    ("POST", "/settings/bond"): "is nothing for staff; tests/web/pages/test_settings_bond.py tries it",
    (
        "POST",
        "/admin/people/{handle}/bond",
    ): "wants somebody who declared something; tests/web/pages/test_settings_bond.py tries it",
    ("GET", "/invitation/{key}"): _MAILED,
    ("GET", "/mailed/{purpose}/{key}"): _MAILED,
    ("POST", "/mailed/{purpose}/{key}"): _MAILED,
    ("POST", "/forgot"): "wants the token of its own page; tests/web/pages tries it",
    ("POST", "/settings/picture"): "takes a file, which tests/web/pages tries",
    ("GET", "/avatars/{name}"): "has names of files, which tests/web/pages tries",
    ("POST", "/login/with/{slug}"): _PROVIDER,
    ("GET", "/login/with/{slug}/callback"): _PROVIDER,
    ("GET", "/register/with/{slug}"): _PROVIDER,
    ("POST", "/register/with/{slug}"): _PROVIDER,
    ("POST", "/settings/identities/with/{slug}"): _PROVIDER,
    ("GET", "/settings/identities/{slug}/confirm"): _PROVIDER,
    ("POST", "/settings/identities/{slug}/confirm"): _PROVIDER,
    ("POST", "/settings/identities/{identity_id}/disconnect"): _PROVIDER,
    ("POST", "/login"): "signs somebody in and commits; tests/members and tests/web try it",
    ("POST", "/register"): "makes an account and commits; tests/members and tests/web try it",
    ("POST", "/settings/data/export"): "is a stream, which tests/web/pages/test_settings_data.py tries",
    ("POST", "/settings/data/deactivate"): "may be refused to one person; tests/web/pages tries it",
    ("PUT", "/api/v1/me/consents/{purpose}"): "is one's own; tests/web/test_api_me.py tries it",
    ("DELETE", "/api/v1/me/tokens/{token_id}"): "is one's own; tests/web/test_api_me.py tries it",
    ("POST", "/settings/address"): "sends a mail; tests/web tries it",
    ("POST", "/settings/data/delete"): "ends an account; tests/web/pages/test_settings_data.py tries it",
    ("POST", "/settings/data/key"): "sends a mail; tests/web/pages/test_settings_data.py tries it",
    ("GET", "/static/{name}"): "has names of files, which tests/web/test_assets.py tries",
}
