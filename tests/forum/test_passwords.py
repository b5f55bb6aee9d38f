"""A password is compared in the same time whether there is an account or not."""

import subprocess
import sys

from argon2 import extract_parameters

from forum.members import passwords
from tests.shared import ROOT


def test_what_a_hash_costs_is_the_low_memory_profile_of_rfc_9106() -> None:
    """In a process of its own, because tests hash more cheaply."""
    asked = "from forum.members import passwords; print(passwords.hashed('a real password')); print(passwords._nobody)"
    said = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in said.split():
        cost = extract_parameters(line)
        assert (cost.memory_cost, cost.time_cost, cost.parallelism) == (65_536, 3, 4)


def test_without_an_account_a_hash_of_the_same_cost_is_tried() -> None:
    assert extract_parameters(passwords._nobody) == extract_parameters(passwords.hashed("a real password"))
    assert not passwords.matches(None, "a real password")


def test_a_password_fits_its_own_hash_alone() -> None:
    kept = passwords.hashed("a real password")
    assert passwords.matches(kept, "a real password")
    assert not passwords.matches(kept, "a real passwore")
    assert not passwords.matches("no hash at all", "a real password")
    assert not passwords.matches(kept, "x" * 129)
