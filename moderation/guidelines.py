"""The community's rules, by the numbers that decisions name, and the reasons that come with them."""

from dataclasses import dataclass

from forum.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the house. `code` is what the log keeps; the name may be worded better one day."""

    code: str
    name: str
    says: str


RULES = {
    rule.code: rule
    for rule in (
        Rule(
            "1", N_("Be kind"), N_("Speak to people as you would at their table. No insults, no threats, no mockery.")
        ),
        Rule(
            "2", N_("Stay on the matter"), N_("Reply to what was asked. Open a thread of your own for something else.")
        ),
        Rule(
            "3",
            N_("No spam"),
            N_("No advertising, no links for the sake of links, nothing written by a machine to be found."),
        ),
        Rule(
            "4",
            N_("Personal data"),
            N_("No addresses, numbers or names of others, and none of your own that you would miss."),
        ),
        Rule("5", N_("Nothing illegal"), N_("Nothing that the law forbids, and no harmful files.")),
        Rule(
            "6",
            N_("One question, one place"),
            N_("A question that has its answer elsewhere is closed and points there."),
        ),
        Rule("7", N_("Buying and selling"), N_("Offers belong in the category for them, not among questions.")),
    )
}

HOUSE_RULE = Rule(
    "0",
    N_("How the house works"),
    N_("What is done openly in the ordinary course of things: closing, statuses, corrections."),
)

REASONS = {
    "abuse": N_("Abuse"),
    "off-topic": N_("Off topic"),
    "spam": N_("Spam"),
    "personal-data": N_("Personal data"),
    "illegal": N_("Illegal content"),
    "malware": N_("Malware"),
    "duplicate": N_("Duplicate"),
    "advertising": N_("Advertising"),
    "resolved": N_("Resolved"),
    "reconsidered": N_("Decided anew"),
    "answer": N_("The company’s answer"),
    "erasure": N_("Erasure"),
    "other": N_("Another reason"),
}

WITHOUT_SECOND_PERSON = frozenset({"personal-data", "malware", "illegal"})
"""For these the company may act alone on criticism of itself; reviewed afterwards."""

UNREADABLE_FOR_AUTHOR = frozenset({"illegal", "malware"})
"""Removed for these, words are not shown even to the one who wrote them."""


def rule_name(code: str) -> str:
    """The message id of a rule's name; the house's own for what no rule forbids."""
    return RULES.get(code, HOUSE_RULE).name
