"""Nobody is called by nothing: characters that show nothing make no name, and no title."""

import pytest

from forum.kernel.errors import Invalid
from forum.members.keys import checked_name
from forum.threads.text import is_blank

BLANKS = ("\u3164", "\u115f", "\u2800", "\uffa0", "\u200b", "\u2066", "\u00ad")


@pytest.mark.parametrize("blank", BLANKS)
def test_blank_characters_are_none_of_a_name(blank: str) -> None:
    for name in (blank * 5, f"Ann{blank}a"):
        with pytest.raises(Invalid):
            checked_name(name)
    assert is_blank(blank * 20)
    assert not is_blank(f"{blank * 20} a")


@pytest.mark.parametrize("name", ["Zoë Müller", "伊藤 博文", "Ελένη", "אברהם", "O’Neill-Šimić"])
def test_names_of_people_are_names(name: str) -> None:
    assert checked_name(name) == name
