"""Whether an ID token may be believed: OpenID Connect Core 1.0, section 3.1.3.7, with what RFC 8725 asks for besides.

The key comes from the provider's published set alone, never from the token; the algorithm from a short list of ours; nothing that
a token calls critical is understood, so such a token is refused. Loaded by the first sign-in, with joserfc.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from forum.members.oidc.directory import KeySet

ALGORITHMS: Final = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
    "ES256": "EC", "ES384": "EC", "ES512": "EC", "EdDSA": "OKP", "Ed25519": "OKP",
}  # fmt: skip
"""Those that we believe, each with the kind of its keys. All of them need a private key that only the provider has."""
CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
LEEWAY: Final = timedelta(minutes=1)  # by which a provider's clock may differ from ours
OLDEST: Final = timedelta(minutes=10)  # a token is fetched as soon as it is made
LONGEST: Final = 65_536  # characters; a thousand groups fit
_LAST_MOMENT: Final = 1e11  # seconds; no clock of ours gets there
_SHORTEST_MODULUS: Final = 341  # letters, of six bits each: 2,048 bits
_HASHES: Final = {
    "256": hashlib.sha256,
    "384": hashlib.sha384,
    "512": hashlib.sha512,
    "DSA": hashlib.sha512,
    "519": hashlib.sha512,
}


class Forged(Exception):
    """The token proves nothing; the message says why, in words that hold nothing of the token."""


class UnknownKey(Forged):
    """None of the keys at hand signed it: they may have been changed since."""


class _Registry(JWSRegistry):
    """joserfc's own limits are made for short tokens. What it warns of (the old name of Ed25519) is on our list on purpose."""

    max_header_length = 8_192
    max_payload_length = LONGEST
    max_signature_length = 2_048

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise Forged("its algorithm is not on the list")
        return self.algorithms[name]


_REGISTRY: Final = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)


def believed(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    at: datetime,
    access_token: str | None = None,
    algorithms: Sequence[str] = (),
) -> dict[str, Any]:
    """The claims of a token that this issuer signed for us, for this sign-in, just now.

    `algorithms` are those the provider says it uses; none given means any of ours.

    Raises:
        UnknownKey: none of these keys signed it.
        Forged: for every other reason.
    """
    header, payload = opened(token, keys, algorithms)
    claims = _claims(payload)
    _check_parties(claims, issuer=issuer, client_id=client_id)
    _check_times(claims, at)
    if not isinstance(claims.get("nonce"), str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise Forged("it belongs to another sign-in")
    if access_token is not None and "at_hash" in claims:
        _check_access_token(claims["at_hash"], access_token, str(header["alg"]))
    return claims


def opened(token: str, keys: KeySet, algorithms: Sequence[str] = ()) -> tuple[dict[str, Any], bytes]:
    """The header of a token, and what one of these keys signed with it (RFC 7515, section 5.2).

    Raises:
        UnknownKey: none of them did.
        Forged: for every other reason.
    """
    header = _header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Forged("its algorithm is not on the list")
    if algorithms and algorithm not in algorithms:
        raise Forged("the provider does not use its algorithm")
    for key in _fitting(keys, header, algorithm):
        try:
            return header, jws.deserialize_compact(token, key, registry=_REGISTRY).payload or b""
        except (JoseError, ValueError, TypeError):
            continue
    raise UnknownKey("none of the provider's keys signed it")


def _header(token: str) -> dict[str, Any]:
    if len(token) > LONGEST or not token.isascii() or token.count(".") != 2:
        raise Forged("it is no signed token, or too long")
    try:
        header = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Forged("it cannot be read") from None
    if "crit" in header or "b64" in header:
        raise Forged("it calls something critical that we do not understand")
    if header.get("typ", "JWT") not in ("JWT", "jwt"):
        raise Forged("it is a token of another kind")
    return dict(header)


def _fitting(keys: KeySet, header: dict[str, Any], algorithm: str) -> Iterator[Any]:
    """The published keys that could have signed it. What a token says of keys (`jwk`, `jku`, `x5c`, `x5u`) is not looked at."""
    kid = header.get("kid")
    for raw in keys.keys:
        if raw.get("kty") != ALGORITHMS[algorithm] or raw.get("use", "sig") != "sig":
            continue
        if raw.get("alg", algorithm) not in _ALIASES.get(algorithm, {algorithm}):
            continue
        if kid is not None and raw.get("kid") not in (None, kid):
            continue
        if algorithm in CURVES and raw.get("crv") != CURVES[algorithm]:
            continue
        if ALGORITHMS[algorithm] == "RSA" and len(str(raw.get("n", ""))) < _SHORTEST_MODULUS:
            continue
        try:
            yield jwk.import_key({name: value for name, value in raw.items() if name in _PUBLIC})
        except (JoseError, ValueError, TypeError, KeyError):
            continue


_ALIASES: Final = {name: {"EdDSA", "Ed25519"} for name in ("EdDSA", "Ed25519")}  # one algorithm, renamed by RFC 9864
_PUBLIC: Final = frozenset({"kty", "kid", "n", "e", "crv", "x", "y"})


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload, object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Forged("its claims cannot be read") from None
    if not isinstance(claims, dict):
        raise Forged("its claims cannot be read")
    return claims


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two claims of one name are read one way here and another there."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _no_number(_text: str) -> float:
    raise ValueError("no number")


def _check_parties(claims: dict[str, Any], *, issuer: str, client_id: str) -> None:
    if claims.get("iss") != issuer:
        raise Forged("somebody else issued it")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise Forged("it names nobody")
    audience = claims.get("aud")
    for_whom = [audience] if isinstance(audience, str) else audience
    if not isinstance(for_whom, list) or not all(isinstance(one, str) for one in for_whom) or client_id not in for_whom:
        raise Forged("it was issued for somebody else")
    if len(for_whom) > 1 and "azp" not in claims:
        raise Forged("it was issued for several and does not say for whom")
    if "azp" in claims and claims["azp"] != client_id:
        raise Forged("it was issued for somebody else")


def _check_times(claims: dict[str, Any], at: datetime) -> None:
    moment, leeway = at.timestamp(), LEEWAY.total_seconds()
    ends, made = _time(claims, "exp"), _time(claims, "iat")
    if moment >= ends + leeway:
        raise Forged("it has expired")
    if made > moment + leeway or ("nbf" in claims and _time(claims, "nbf") > moment + leeway):
        raise Forged("it is of a time to come")
    if made < moment - OLDEST.total_seconds() - leeway or ends < made:
        raise Forged("it is too old")


def _time(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LAST_MOMENT < value < _LAST_MOMENT:
        raise Forged(f"its {name} is no time")
    return float(value)


def _check_access_token(at_hash: object, access_token: str, algorithm: str) -> None:
    """Section 3.1.3.6: the left half of the hash that the algorithm's name ends with."""
    digest = _HASHES[algorithm[-3:]](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if not isinstance(at_hash, str) or not hmac.compare_digest(half.encode(), at_hash.encode()):
        raise Forged("it belongs to another access token")
