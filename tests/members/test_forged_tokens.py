"""ID tokens: good ones of every algorithm are believed, and whatever somebody could forge is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from forum.members.oidc import id_tokens
from forum.members.oidc.directory import KeySet
from forum.members.oidc.id_tokens import Forged, UnknownKey
from tests.shared import shared_data

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NOW = int(AT.timestamp())
ISSUER, CLIENT, NONCE = "https://id.example", "loggia", "a nonce of this sign-in"
KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "p256", "use": "sig"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "p384"}),
    "ES512": ECKey.generate_key("P-521", {"kid": "p521"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
KEYS |= dict.fromkeys(("RS384", "RS512", "PS256", "PS384", "PS512"), KEYS["RS256"]) | {"Ed25519": KEYS["EdDSA"]}
MINE = RSAKey.generate_key(2048, {"kid": "rsa"})  # an attacker's, under the provider's name
PUBLISHED = KeySet(tuple(dict(key.as_dict(private=False)) for key in {id(key): key for key in KEYS.values()}.values()))

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


class AnyLength(JWSRegistry):
    """Signs what our own registry would not let pass."""

    max_header_length = max_payload_length = max_signature_length = 10**7


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims, with some changed; None leaves one out."""
    good = {"iss": ISSUER, "sub": "anna", "aud": CLIENT, "exp": NOW + 300, "iat": NOW - 1, "nonce": NONCE}
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(payload: dict[str, Any] | bytes, alg: str = "RS256", key: Any = None, **header: Any) -> str:
    """A token that really is signed."""
    key = key or KEYS[alg]
    spelled = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    registry = AnyLength(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact({"alg": alg, "kid": key.kid, **header}, spelled, key, registry=registry)


def part(value: Any) -> str:
    spelled = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(spelled).decode().rstrip("=")


def by_hand(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    return f"{part(header)}.{part(payload)}.{part(signature)}"


def mac(secret: bytes, alg: str = "HS256") -> str:
    """A token under a shared secret that is none."""
    start = f"{part({'alg': alg, 'kid': 'rsa'})}.{part(claims())}"
    return f"{start}.{part(hmac.digest(secret, start.encode(), hashlib.sha256))}"


def swapped(token: str, payload: dict[str, Any]) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{part(payload)}.{signature}"


def public_pem() -> bytes:
    pem: bytes = KEYS["RS256"].raw_value.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def believed(token: str, **changed: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE, "at": AT} | changed
    return id_tokens.believed(token, known.pop("keys", PUBLISHED), **known)


@pytest.mark.parametrize("alg", sorted(id_tokens.ALGORITHMS))
def test_a_good_token_of_every_algorithm_is_believed(alg: str) -> None:
    assert believed(signed(claims(), alg))["sub"] == "anna"


@pytest.mark.parametrize(
    "token",
    [
        signed(claims(aud=[CLIENT, "other"], azp=CLIENT)),
        signed(claims(aud=[CLIENT])),
        signed(claims(exp=NOW - 30, iat=NOW - 200)),  # within the leeway
        signed(claims(iat=NOW + 30)),
        signed(claims(nbf=NOW + 30)),
        signed(claims(iat=NOW - 1.5)),
        signed(claims(), typ="JWT"),
        signed(claims(), kid="rsa", x5t="something that we do not look at"),
        signed(claims(groups=["g" * 36] * 900)),
    ],
)
def test_what_is_unusual_but_good_is_believed(token: str) -> None:
    assert believed(token)["sub"] == "anna"


FORGED: dict[str, Callable[[], str]] = {
    "no signature, none": lambda: by_hand({"alg": "none"}, claims()),
    "no signature, None": lambda: by_hand({"alg": "None", "kid": "rsa"}, claims()),
    "no signature under a real algorithm": lambda: by_hand({"alg": "RS256", "kid": "rsa"}, claims()),
    "no algorithm": lambda: by_hand({"kid": "rsa"}, claims(), b"x" * 256),
    "an algorithm that is a list": lambda: by_hand({"alg": ["RS256"]}, claims(), b"x" * 256),
    "HMAC with the public key as PEM": lambda: mac(public_pem()),
    "HMAC with the modulus": lambda: mac(str(PUBLISHED.keys[0]["n"]).encode()),
    "HMAC with the client's secret": lambda: mac(b"the client's secret", "HS256"),
    "HMAC with nothing": lambda: mac(b"", "HS512"),
    "another key under the published name": lambda: signed(claims(), key=MINE),
    "the key embedded in the header": lambda: signed(claims(), key=MINE, jwk=MINE.as_dict(private=False)),
    "the key at an address in the header": lambda: signed(claims(), key=MINE, jku="https://attacker.example/keys"),
    "the key in a certificate in the header": lambda: signed(claims(), key=MINE, x5c=["MIIB"]),
    "the key at a certificate's address": lambda: signed(claims(), key=MINE, x5u="https://attacker.example/c.pem"),
    "other claims under a good signature": lambda: swapped(signed(claims()), claims(sub="root")),
    "a signature cut short": lambda: signed(claims())[:-20],
    "ES256 with zeros for a signature": lambda: by_hand({"alg": "ES256", "kid": "p256"}, claims(), bytes(64)),
    "RS256 said to be PS256": lambda: relabelled("PS256"),
    "the name of a key of another kind": lambda: signed(claims(), "ES256", kid="rsa"),
    "another issuer": lambda: signed(claims(iss="https://attacker.example")),
    "the issuer with a slash more": lambda: signed(claims(iss=ISSUER + "/")),
    "issuers as a list": lambda: signed(claims(iss=[ISSUER])),
    "no issuer": lambda: signed(claims(iss=None)),
    "another audience": lambda: signed(claims(aud="another client")),
    "an audience that begins like ours": lambda: signed(claims(aud=CLIENT + "-admin")),
    "no audience": lambda: signed(claims(aud=None)),
    "an audience that is a mapping": lambda: signed(claims(aud={CLIENT: True})),
    "several audiences and no azp": lambda: signed(claims(aud=[CLIENT, "other"])),
    "an azp of somebody else": lambda: signed(claims(azp="another client")),
    "another nonce": lambda: signed(claims(nonce="another sign-in's")),
    "no nonce": lambda: signed(claims(nonce=None)),
    "a nonce that is a list": lambda: signed(claims(nonce=[NONCE])),
    "expired": lambda: signed(claims(exp=NOW - 61, iat=NOW - 300)),
    "no end": lambda: signed(claims(exp=None)),
    "an end that is true": lambda: signed(claims(exp=True)),
    "an end that is a text": lambda: signed(claims(exp=str(NOW + 300))),
    "an end beyond all numbers": lambda: signed(json.dumps(claims()).replace(str(NOW + 300), "1e999").encode()),
    "an end of four thousand digits": lambda: signed(claims(exp=10**4000)),
    "made in time to come": lambda: signed(claims(iat=NOW + 61)),
    "made long ago": lambda: signed(claims(iat=NOW - 86_400)),
    "no time at all": lambda: signed(claims(iat=None)),
    "not good before later": lambda: signed(claims(nbf=NOW + 61)),
    "ends before it was made": lambda: signed(claims(exp=NOW - 30, iat=NOW)),
    "something critical that nobody knows": lambda: critical({"crit": ["exp2"], "exp2": 1}),
    "nothing critical, said": lambda: critical({"crit": []}),
    "a payload that is not encoded": lambda: critical({"crit": ["b64"], "b64": False}),
    "nobody": lambda: signed(claims(sub=None)),
    "an empty somebody": lambda: signed(claims(sub="")),
    "somebody who is a number": lambda: signed(claims(sub=7)),
    "a name beyond 255": lambda: signed(claims(sub="a" * 256)),
    "a name with a line end": lambda: signed(claims(sub="anna\nroot")),
    "an access token": lambda: signed(claims(), typ="at+jwt"),
    "a logout token": lambda: signed(claims(), typ="logout+jwt"),
    "claims that are a list": lambda: signed(b"[1]"),
    "claims that are no JSON": lambda: signed(b"{"),
    "claims twice": lambda: signed(json.dumps(claims()).encode().replace(b'"sub"', b'"sub": "root", "sub"')),
    "claims nested without end": lambda: signed(b'{"a":' * 12_000),
    "too large": lambda: signed(claims(filling="x" * 70_000)),
    "a header too large": lambda: signed(claims(), filling="x" * 9_000),
    "encrypted": lambda: "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d",
    "two parts": lambda: signed(claims()).rpartition(".")[0],
    "not ASCII": lambda: signed(claims()) + "é",
    "nothing": lambda: "",
}  # fmt: skip


def relabelled(alg: str) -> str:
    header = {"alg": alg, "kid": "rsa"}
    return f"{part(header)}.{signed(claims()).partition('.')[2]}"


def critical(header: dict[str, Any]) -> str:
    """Really signed, so that only the word `crit` can be what is wrong."""
    start = f"{part({'alg': 'RS256', 'kid': 'rsa', **header})}.{part(claims())}"
    algorithm = JWSRegistry.algorithms["RS256"]
    return f"{start}.{part(algorithm.sign(start.encode(), KEYS['RS256']))}"


@pytest.mark.parametrize("what", sorted(FORGED))
def test_a_forged_token_is_refused(what: str) -> None:
    with pytest.raises(Forged):
        believed(FORGED[what]())


def test_there_are_at_least_thirty_forgeries() -> None:
    assert len(FORGED) >= 30


def test_reasons_do_not_repeat_what_was_sent() -> None:
    for forge in FORGED.values():
        with pytest.raises(Forged) as refusal:
            believed(forge())
        assert not any(word in str(refusal.value) for word in ("attacker", "root", "another client", ISSUER))


def test_the_algorithm_must_be_one_that_the_provider_uses() -> None:
    assert believed(signed(claims(), "ES256"), algorithms=("ES256", "none"))
    with pytest.raises(Forged, match="does not use"):
        believed(signed(claims(), "RS256"), algorithms=("ES256",))


def test_a_token_of_an_unknown_key_says_so_that_keys_are_fetched_again() -> None:
    with pytest.raises(UnknownKey):
        believed(signed(claims(), key=RSAKey.generate_key(2048, {"kid": "new"})))


def test_without_a_name_every_fitting_key_is_tried() -> None:
    header = {"alg": "RS256"}
    two = KeySet((dict(MINE.as_dict(private=False)), *PUBLISHED.keys))
    token = jws.serialize_compact(header, json.dumps(claims()).encode(), KEYS["RS256"], ["RS256"])
    assert believed(token, keys=two)["sub"] == "anna"


@pytest.mark.parametrize(
    "key",
    [
        {**PUBLISHED.keys[0], "use": "enc"},
        {**PUBLISHED.keys[0], "alg": "RS512"},
        {**PUBLISHED.keys[0], "n": 7},
        {**PUBLISHED.keys[0], "kty": ["RSA"]},
        {"kty": "RSA", "kid": "rsa"},
        {},
    ],
)
def test_a_key_that_is_for_something_else_or_broken_is_no_key(key: dict[str, Any]) -> None:
    with pytest.raises(UnknownKey):
        believed(signed(claims()), keys=KeySet((key,)))


def test_a_published_secret_key_is_no_key() -> None:
    """A provider that published a symmetric key would have everybody sign."""
    secret = OctKey.generate_key(256, {"kid": "oct"})
    token = jws.serialize_compact({"alg": "HS256", "kid": "oct"}, json.dumps(claims()).encode(), secret, ["HS256"])
    with pytest.raises(Forged):
        believed(token, keys=KeySet((dict(secret.as_dict(private=True)),)))


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_short_key_is_no_key() -> None:
    short = RSAKey.generate_key(1024, {"kid": "short"})
    token = signed(claims(), key=short)
    with pytest.raises(UnknownKey):
        believed(token, keys=KeySet((dict(short.as_dict(private=False)),)))


def test_the_access_token_must_be_the_one_that_came_with_it() -> None:
    digest = hashlib.sha256(b"the access token").digest()
    token = signed(claims(at_hash=part(digest[:16])))
    assert believed(token, access_token="the access token")
    for at_hash in (part(digest[:16]), part(digest), 7):
        with pytest.raises(Forged):
            believed(signed(claims(at_hash=at_hash)), access_token="another")


# Worked examples of others (RFC 7520, section 4)


def cookbook(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data("data/jose-cookbook") / "jws" / name).read_text())
    return found


@pytest.mark.parametrize(
    "name", ["4_1.rsa_v15_signature.json", "4_2.rsa-pss_signature.json", "4_3.ecdsa_signature.json"]
)
def test_the_cookbooks_signatures_are_good_and_hold_for_nothing_else(name: str) -> None:
    example = cookbook(name)
    token, keys = example["output"]["compact"], KeySet((example["input"]["key"],))
    header, payload = id_tokens.opened(token, keys)
    assert payload.decode() == example["input"]["payload"]
    assert header == example["signing"]["protected"]
    start, _, signature = token.rpartition(".")
    other = signature[:-6] + ("A" if signature[-6] != "A" else "B") + signature[-5:]
    for broken in (f"{start}.{other}", f"{start}.", f"{start}x.{signature}"):
        with pytest.raises(Forged):
            id_tokens.opened(broken, keys)


@pytest.mark.parametrize(
    "name", ["4_4.hmac-sha2_integrity_protection.json", "4_5.signature_with_detached_content.json"]
)
def test_the_cookbooks_shared_secrets_and_detached_contents_are_not_taken(name: str) -> None:
    example = cookbook(name)
    with pytest.raises(Forged):
        id_tokens.opened(example["output"]["compact"], KeySet((example["input"]["key"],)))


@pytest.mark.parametrize(
    "name",
    [
        "4_6.protecting_specific_header_fields.json",
        "4_7.protecting_content_only.json",
        "4_8.multiple_signatures.json",
    ],
)
def test_the_cookbooks_json_forms_are_no_tokens(name: str) -> None:
    example = cookbook(name)
    listed = example["input"]["key"]
    keys = KeySet(tuple(listed if isinstance(listed, list) else [listed]))
    for form in ("json", "json_flat"):
        if form in example["output"]:
            with pytest.raises(Forged):
                id_tokens.opened(json.dumps(example["output"][form]), keys)
