"""What is made of a provider's claims: whatever shape they have, nothing of them is taken for more than it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from forum.members.handles import free_handle
from forum.members.keys import checked_handle
from forum.members.oidc import claims
from forum.members.oidc.claims import Said
from tests.forum import making as make


def said(group_claim: str = "", **given_claims: Any) -> Said:
    return claims.read(given_claims, issuer="https://id.example", subject="anna", group_claim=group_claim)


@pytest.mark.parametrize(
    ("verified", "is_verified"),
    [(True, True), ("true", True), (False, False), ("false", False), (1, False), ("yes", False), (None, False), ([True], False)],
)  # fmt: skip
def test_an_address_is_verified_if_the_provider_says_just_that(verified: Any, is_verified: bool) -> None:
    assert said(email="anna@example.org", email_verified=verified).address_is_verified is is_verified
    assert said(email="not an address", email_verified=verified).address_is_verified is False


@pytest.mark.parametrize(
    "address", ["anna@example.org\nBcc: x@y.example", "a@b@c.example", 7, ["anna@example.org"], "", None]
)
def test_what_is_no_address_is_none(address: Any) -> None:
    assert said(email=address).address == ""


@pytest.mark.parametrize(
    ("claim", "given_claims", "groups"),
    [
        ("groups", {"groups": ["a", "b", "a"]}, ("a", "b")),
        ("groups", {"groups": "a"}, ("a",)),
        ("groups", {"groups": ["a", 7, None, ["b"], "", "x" * 121]}, ("a",)),
        ("groups", {"groups": {"a": True}}, ()),
        ("groups", {}, ()),
        ("", {"groups": ["a"]}, ()),
        ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, ("a",)),
        ("realm_access.roles", {"realm_access": ["roles"]}, ()),
        ("https://shop.example/groups", {"https://shop.example/groups": ["a"]}, ("a",)),
    ],
)
def test_groups_are_read_from_the_claim_that_was_named(
    claim: str, given_claims: dict[str, Any], groups: tuple[str, ...]
) -> None:
    assert said(claim, **given_claims).groups == groups


def test_names_are_on_one_line_and_can_be_seen() -> None:
    found = said(name="  Anna\t Bianchi ", department="Service\n<b>", job_title="\u202eLead")
    assert (found.name, found.team, found.title) == ("Anna Bianchi", "Service <b>", "Lead")
    assert said(name="A").name == ""
    assert said(given_name="Anna", family_name="Bianchi").name == "Anna Bianchi"


@given(st.dictionaries(
    st.sampled_from(["email", "email_verified", "name", "preferred_username", "groups", "department", "title"]),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5),
))  # fmt: skip
def test_no_claims_are_too_odd(found: dict[str, Any]) -> None:
    read = said("groups", **found)
    assert all(part.isprintable() for part in (read.address, read.name, read.team, read.title, read.nickname))
    assert len(read.team) <= 60
    assert len(read.title) <= 80


@pytest.mark.parametrize(
    ("wishes", "handle"),
    [
        (("Ànna Bianchi",), "anna-bianchi"),
        (("anna@example.org",), "anna-example-org"),
        (("李雷", "Li Lei"), "li-lei"),
        (("", "x"), "member"),
        (("admin", "staff"), "member"),
        (("a" * 90,), "a" * 24),
        (("--x--y--",), "x-y"),
        (("Å" * 3,), "aaa"),
    ],
)
def test_a_handle_is_made_of_what_is_known(session: Session, wishes: tuple[str, ...], handle: str) -> None:
    assert free_handle(session, *wishes) == handle


def test_a_handle_that_is_taken_gets_a_number(session: Session) -> None:
    for handle in ("anna", "anna2", "annabella"):
        make.member(session, handle=handle)
    assert free_handle(session, "Anna") == "anna3"
    assert free_handle(session, "Annabell") == "annabell"


@given(st.text())
def test_whatever_is_wished_a_handle_is_one(wish: str) -> None:
    from forum.members.handles import _spelled

    spelled = _spelled(wish)
    assert spelled == "" or checked_handle(spelled) == spelled
