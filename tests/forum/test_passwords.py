"""A password is compared in the same time whether there is an account or not."""

from argon2 import extract_parameters

from forum.members import passwords


def test_without_an_account_a_hash_of_the_same_cost_is_tried() -> None:
    assert extract_parameters(passwords._nobody) == extract_parameters(passwords.hashed("a real password"))
    assert not passwords.matches(None, "a real password")


def test_a_password_fits_its_own_hash_alone() -> None:
    kept = passwords.hashed("a real password")
    assert passwords.matches(kept, "a real password")
    assert not passwords.matches(kept, "a real passwore")
    assert not passwords.matches("no hash at all", "a real password")
    assert not passwords.matches(kept, "x" * 129)
