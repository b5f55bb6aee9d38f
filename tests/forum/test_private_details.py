"""Private details are known by their checks; what only looks like them is let pass. Card and account numbers are the examples
that their networks and registries publish; keys are put together here, so that scanners of this repository find none."""

from __future__ import annotations

import pytest

from forum.kernel.errors import Text
from forum.threads.private_details import ACCOUNT, CARD, KEY, PHONE, TAX_CODE, found_in, masked

_DRAWN = "q7RtXw2LmZ9sKd4Vb6Nf1Hc8Jg3Py5Ta"
_JWT = "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0In0" + "." + _DRAWN


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("I paid with 4111 1111 1111 1111 last week", "4111 1111 1111 1111", CARD),
        ("card 5555555555554444, thanks", "5555555555554444", CARD),
        ("3782-822463-10005.", "3782-822463-10005", CARD),
        ("(6011111111111117)", "6011111111111117", CARD),
        ("refund to IT60 X054 2811 1010 0000 0123 456 please", "IT60 X054 2811 1010 0000 0123 456", ACCOUNT),
        ("iban: de89370400440532013000", "de89370400440532013000", ACCOUNT),
        ("GB29 NWBK 6016 1331 9268 19 from here", "GB29 NWBK 6016 1331 9268 19", ACCOUNT),
        ("BE68 5390 0754 7034 here", "BE68 5390 0754 7034", ACCOUNT),
        ("sono RSSMRA85T10A562S e", "RSSMRA85T10A562S", TAX_CODE),
        ("cf rssmra85t10a562s", "rssmra85t10a562s", TAX_CODE),
        ("ring +39 333 123 4567 after six", "+39 333 123 4567", PHONE),
        ("+442079460958", "+442079460958", PHONE),
        ("(555) 010-0199 is mine", "(555) 010-0199", PHONE),
        ("my phone number is 0333 1234567", "0333 1234567", PHONE),
        ("Tel.: 02 1234 5678, grazie", "02 1234 5678", PHONE),
        ("chiamami al 3331234567", "3331234567", PHONE),
        (f"key ghp_{_DRAWN}abcd here", f"ghp_{_DRAWN}abcd", KEY),
        (f"`sk_live_{_DRAWN}`", f"sk_live_{_DRAWN}", KEY),
        ("id AKIA" + "IOSFODNN7" + "EXAMPLE", "AKIA" + "IOSFODNN7" + "EXAMPLE", KEY),
        (f"curl -H 'Authorization: Bearer {_JWT}'", _JWT, KEY),
        (f"the secret is {_DRAWN}.", _DRAWN, KEY),
        ("-----BEGIN PRIVATE" + " KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----", KEY),
    ],
)  # fmt: skip
def test_what_is_private_is_found_where_it_stands(text: str, value: str, kind: Text) -> None:
    [found] = found_in(text)
    assert (found.value, found.kind, text[found.start : found.end]) == (value, kind, value)
    assert found_in(masked(text)) == ()
    assert found_in(text, known=f"before: {value}") == ()


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112, sixteen digits that fail the check",
        "order 1234567812345670 passes the check but no network gives it out",
        "order number 0312345678 of 03/11/2026",
        "order ORD-2026-000123456789 and tracking 1Z999AA10123456784",
        "ISBN 978-3-16-148410-0, EAN 4006381333931",
        "IMEI 490154203237518",
        "firmware 10.0.19045.3803, version 2.31.4-20261125.1, build 20261125093012",
        "serial SN-4F7A-99B2-XK31-20J5, model ECAM22.110.B",
        "my phone since 03-11-2026 shows 3.1415926535",
        "at 2026-11-25T09:30:12+01:00, or 1764063012345 in milliseconds",
        "192.168.178.21:8080 and fe80::1ff:fe23:4567:890a",
        "+1 for this, +10 °C, +12.5 bar, 100 000 000 000 calls, C++20",
        "RSSMRA85T10A562T has a wrong check character",
        "IT60 X054 2811 1010 0000 0123 457, a wrong check",
        "commit 68b81ce0a9d7c5f3e1b2a4d6c8e0f1a3b5d7c9e1",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "AbstractSingletonProxyFactoryBean2ForTheXMLHttpRequest1Handler",
        "sha512-" + _DRAWN * 2 + "==",
        "https://example.com/d/" + _DRAWN + "/edit",
        "EAN 4012345678901 4012345678918 4012345678925",
        "",
    ],
)
def test_what_only_looks_private_is_let_pass(text: str) -> None:
    assert found_in(text) == ()


def test_masks_keep_the_shape_and_the_rest() -> None:
    assert (
        masked("Pay 4111 1111 1111 1111 or call me on 3331234567!")
        == "Pay •••• •••• •••• •••• or call me on ••••••••••!"
    )
    assert masked("one kept 4111111111111111, one not 5555555555554444", known="4111111111111111").endswith(
        "one not " + "•" * 16
    )
    assert masked(f"token loggia_{_DRAWN}") == "token " + "•" * 12


def test_a_long_text_is_looked_through_once() -> None:
    pieces = ["eyJ", "4111 ", "+39 3 ", "IT60 X054 ", "-----BEGIN PRIVATE KEY-----", "1 2-", "tel ", "a" * 50, "sk-"]
    assert all(len(found_in(piece * (60_000 // len(piece)))) <= 3_000 for piece in pieces)
    assert len(found_in("4111111111111111 " * 3_000)) == 3_000  # what grew with the square of it would take minutes
