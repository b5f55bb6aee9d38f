"""Standard Webhooks 1.0, symmetric scheme: HMAC-SHA256 over `id.timestamp.body`.

Specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)


def new_secret() -> str:
    """A fresh signing secret as it is shown to people: 32 random bytes in base64 behind `whsec_`."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def usable(secret: str) -> bool:
    """Whether a text is a secret of this scheme: base64 of 24 to 64 bytes, with or without the prefix."""
    try:
        return 24 <= len(_key(secret)) <= 64
    except ValueError:
        return False


def signed(message_id: str, timestamp: int, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers of a signed message. One signature for each secret, so that a receiver may hold the old or the new one.

    Raises:
        ValueError: a secret that is not base64, or a message id with a full stop, which would blur what is signed.
    """
    if "." in message_id or not message_id:
        raise ValueError("a message id has no full stop")
    signatures = " ".join(_signature(message_id, str(timestamp), body, secret) for secret in keys)
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}


def verified(headers: Mapping[str, str], body: bytes, keys: Sequence[str], *, now: int) -> bool:
    """Whether a message was signed with one of the secrets within five minutes of `now`, on either side."""
    lower = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = lower.get("webhook-id", ""), lower.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(int(timestamp[:15]) - now) > TOLERANCE.total_seconds():
        return False
    expected = [_signature(message_id, timestamp, body, secret) for secret in keys]
    given = lower.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected)


def _signature(message_id: str, timestamp: str, body: bytes, secret: str) -> str:
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base64") from error
