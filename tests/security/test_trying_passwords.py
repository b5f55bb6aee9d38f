"""However a name is spelled, tries to sign in to one account are counted together."""

import pytest

from forum.members.signing_in import login_key


@pytest.mark.parametrize(
    "spelled", ["ada", " ADA ", "\uff21\uff24\uff21", "\U0001d41a\U0001d41d\U0001d41a", "\u24d0da"]
)
def test_a_handle_has_one_key(spelled: str) -> None:
    assert login_key(spelled) == login_key("ada")


@pytest.mark.parametrize(
    "spelled", ["Ada@EXAMPLE.org", "\uff41da@example.org", "ada@example\u3002org", "ada\uff20example.org"]
)
def test_an_address_has_one_key(spelled: str) -> None:
    assert login_key(spelled) == login_key("ada@example.org")
