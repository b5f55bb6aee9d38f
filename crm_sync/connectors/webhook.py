"""A webhook: each push is a CloudEvents 1.0 message in structured JSON, signed after Standard Webhooks.

`webhook-id` and the event's `id` are one and the same over all repetitions of a push, so a receiver that remembers ids takes
each push once. `sequence` grows with each push of a subject: what arrives late is recognised by it and left aside.

Specifications: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, formats/json-format.md, extensions/sequence.md
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from crm_sync.connectors import Setup
from crm_sync.ports import (
    ArticleRecord,
    Case,
    Document,
    Found,
    Health,
    IdeaRecord,
    Key,
    Kind,
    Later,
    Link,
    Outcome,
    Receipt,
    Refused,
    Traits,
    Unauthorised,
    Unsure,
)
from crm_sync.retry_after import retry_after
from crm_sync.signing import signed
from forum.kernel import egress
from forum.kernel.clock import now
from forum.kernel.db import to_micros
from forum.kernel.errors import N_, Text

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TIMEOUT = 30.0  # seconds for the whole call; the specification asks for 15 to 30
MOST_BYTES = 64 * 1024  # of an answer, of which only the beginning is shown to people


def open_remote(setup: Setup) -> "Webhook":
    """The webhook of a connection; `config["url"]` is where it goes."""
    return Webhook(setup)


class Webhook:
    """Pushes to an address of the company. The receiver keeps apart what it has seen by `webhook-id`, so a repeat is harmless."""

    traits = Traits(create="A")

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._timeout = float(setup.config.get("timeout", TIMEOUT))

    def check(self) -> Health:
        moment = now()
        event_id = f"check-{self._setup.installation}-{to_micros(moment)}"
        self._send({"id": event_id, "type": "loggia.connection.checked", "time": moment})
        url = self._setup.config["url"]
        return Health(who=url, text=Text(N_("%(url)s takes what we send."), url=url))

    def find(self, kind: Kind, key: Key) -> Sequence[Found]:
        return []  # a webhook cannot be asked; strength A never asks

    def put_case(self, case: Case, at: Link | None, key: Key) -> Receipt:
        return self._push("loggia.case.updated", key, case, at)

    def put_idea(self, idea: IdeaRecord, at: Link | None, key: Key) -> Receipt:
        return self._push("loggia.idea.updated", key, idea, at)

    def put_article(self, article: ArticleRecord, at: Link | None, key: Key) -> Receipt:
        return self._push("loggia.article.updated", key, article, at)

    def withdraw(self, kind: Kind, at: Link | None, key: Key) -> Receipt:
        return self._push(f"loggia.{kind}.withdrawn", key, None, at)

    def _push(self, event_type: str, key: Key, record: Document | None, at: Link | None) -> Receipt:
        event = {
            "id": key.event,
            "type": event_type,
            "time": key.at,
            "subject": str(key),
            "sequence": f"{to_micros(key.at):020d}",
        }
        self._send(event | {"data": {"key": str(key), "record": record}})
        outcome: Outcome = "withdrawn" if record is None else "created" if at is None else "updated"
        return Receipt(remote_id=str(key), version=key.event, outcome=outcome)

    def _send(self, event: dict[str, object]) -> None:
        whole = {"specversion": "1.0", "source": self._setup.base_url, "datacontenttype": "application/json"} | event
        body = msgspec.json.encode(whole)
        headers = signed(str(event["id"]), int(now().timestamp()), body, self._setup.secrets)
        headers |= {"content-type": CONTENT_TYPE, "user-agent": "Loggia-Webhook/1"}
        try:
            answer = self._setup.egress.request(
                "POST",
                self._setup.config["url"],
                headers=headers,
                content=body,
                timeout=self._timeout,
                max_bytes=MOST_BYTES,
            )
        except egress.Refused as error:
            raise Unauthorised(error.text) from error  # an address for an administrator to mend, not a record's fault
        except egress.Failed as error:
            if error.sent:
                raise Unsure() from error
            raise Later(error.text, scope="endpoint") from error
        _judge(answer)


def _judge(answer: egress.Answer) -> None:
    """Turn an answer that is not a success into its failure, by the specification's table of status codes."""
    status = answer.status
    if 200 <= status < 300:
        return
    said = Text(N_("The receiver answered %(status)s: %(said)s"), status=status, said=_beginning(answer.body))
    if status == 410:
        raise Unauthorised(N_("The receiver answered 410: it wants no more messages from us."))
    if status in (401, 403):
        raise Unauthorised(said)
    wait = retry_after(answer.headers, now())
    if status == 429 or (status == 503 and wait is not None):
        raise Later(said, after=wait or timedelta(minutes=1), scope="connection")
    if status >= 500 or status in (408, 425):
        raise Later(said, after=wait, scope="endpoint")
    raise Refused(said)


def _beginning(body: bytes) -> str:
    return " ".join(body[:300].decode("utf-8", "replace").replace("\x00", "").split())[:200]
