"""Private details in what somebody is about to post: card and account numbers, telephone numbers, keys, Italian tax codes.

Nothing is refused here and nothing is kept: whoever writes is told once, and chooses. So whatever carries a check is checked,
and what is only a row of digits (an order, a version, a serial number, a date) is let pass.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from forum.kernel.errors import N_, Text

CARD: Final = Text(N_("a card number"))
ACCOUNT: Final = Text(N_("a bank account (IBAN)"))
TAX_CODE: Final = Text(N_("an Italian tax code"))
PHONE: Final = Text(N_("a telephone number"))
KEY: Final = Text(N_("a key or token"))
MASK: Final = "•"


class Detail(NamedTuple):
    """What was found, and where in the text: `text[start:end]` is `value`."""

    kind: Text
    value: str
    start: int
    end: int


def found_in(text: str, *, known: str = "") -> tuple[Detail, ...]:
    """The private details of a text in order, none within another; those that already stand in `known` are left out."""
    found, taken = [], bytearray(len(text))
    for kind, finds in _FINDERS:
        for start, end in finds(text):
            if not any(taken[start:end]) and not (known and text[start:end] in known):
                found.append(Detail(kind, text[start:end], start, end))
                taken[start:end] = b"\1" * (end - start)
    return tuple(sorted(found, key=lambda detail: detail.start))


def masked(text: str, *, known: str = "") -> str:
    """The text with a dot for each letter and digit of what `found_in` finds; of a key, its length is hidden too."""
    pieces, at = [], 0
    for detail in found_in(text, known=known):
        pieces += [text[at : detail.start], MASK * 12 if detail.kind is KEY else re.sub(r"\w", MASK, detail.value)]
        at = detail.end
    return "".join([*pieces, text[at:]])


_CARD = re.compile(
    r"(?<![\w.,+/-])\d(?:\d{11,18}|\d{3}(?:([ -])\d{4})(?:\1\d{4}){2}(?:\1\d{3})?|\d{3}([ -])\d{6}\2\d{4,5})(?![\w/]|[.,-]\w)"
)
# First digits and lengths as the networks give them out: Visa (without its old 13 digits, which an EAN has), Mastercard,
# American Express, Discover, JCB, Diners, UnionPay.
_ISSUED = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|62\d{14,17}"
)


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUED.fullmatch(digits) and _passes_luhn(digits):
            yield match.span()


def _passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B: every second digit from the right doubled, its digits summed."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


_IBAN = re.compile(
    r"(?<![^\W_])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![^\W_])", re.IGNORECASE
)
# How long an account number is, by country, as the registry of ISO 13616 has it; countries of one length in a row.
_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
        22: "BG BH DE GB GE IE ME RS", 23: "AE GI IL", 24: "AD CZ ES MD PK RO SA SE SK TN", 25: "PT", 26: "IS TR",
        27: "FR GR IT MC SM", 28: "AL AZ CY DO HU LB PL", 29: "BR PS QA UA", 30: "JO KW MU", 31: "MT",
    }.items()
    for country in countries.split()
}  # fmt: skip


def _accounts(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        length = _LENGTHS.get(match[0][:2].upper(), 0)
        end = match.start() + next((at for at, count in _counted(match[0]) if count == length), 0)
        if end > match.start() and not text[end : end + 1].isalnum() and _is_97(text[match.start() : end]):
            yield match.start(), end


def _counted(text: str) -> Iterator[tuple[int, int]]:
    """Each place after a letter or digit, with how many there were up to it: words may follow a number without an end."""
    count = 0
    for at, char in enumerate(text, 1):
        if char != " ":
            count += 1
            yield at, count


def _is_97(account: str) -> bool:
    """The check of ISO 13616: the first four characters put last, letters as 10 to 35, the whole leaves 1 modulo 97."""
    plain = account.replace(" ", "").upper()
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


_TAX = re.compile(
    r"(?<![^\W_])[A-Z]{6}[\dL-NP-V]{2}[A-EHLMPRST][\dL-NP-V]{2}[A-Z][\dL-NP-V]{3}[A-Z](?![^\W_])", re.IGNORECASE
)
_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def _tax_codes(text: str) -> Iterator[tuple[int, int]]:
    for match in _TAX.finditer(text):
        if _checks(match[0].upper()):
            yield match.span()


def _checks(code: str) -> bool:
    """The check character of the decree of 23 December 1976: values by odd and even place, summed modulo 26."""
    values = [int(char) if char.isdigit() else ord(char) - ord("A") for char in code[:15]]
    return (sum(_ODD[value] for value in values[::2]) + sum(values[1::2])) % 26 == ord(code[15]) - ord("A")


_ABROAD = r"\+[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,6}"
_AMERICAN = r"\(\d{3}\) ?\d{3}-\d{4}"
_SAID = (
    r"\b(?:tel(?:ef(?:ono)?)?|(?:tele)?phone|mobile|cell(?:ulare)?|whatsapp|call me|chiama(?:te)?mi)\b"
    r"(?:\.? (?:is|number|no|on|at|al|allo|è|numero))*[.:°]* ?((?:00)?[03]\d{1,4}(?:[ /-]?\d{2,8}){1,5})"
)
_PHONE = re.compile(rf"(?<![\w.,+/-])({_ABROAD}|{_AMERICAN})(?![\w/]|[.,-]\d)|{_SAID}(?![\w/]|[.,-]\d)", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}([/-])\d{1,2}\1\d{1,4}")


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text):
        group = 1 if match[1] else 2
        if 9 <= sum(char.isdigit() for char in match[group]) <= 15 and not _DATE.fullmatch(match[group]):
            yield match.span(group)


# What services put before their keys so that they are known when they are seen; signed tokens (RFC 7519); private keys (RFC 7468).
_NAMED = re.compile(
    r"(?<![\w-])(?:"
    r"gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|AIza[\w-]{35}|(?:sk|rk|pk)_live_\w{16,}|whsec_[\w+/=]{20,}|sk-[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|hf_[A-Za-z0-9]{30,}|loggia_[\w-]{20,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[\w+/=\s:,]{0,6000}-----END [A-Z ]{0,30}-----)?"
    r")(?![\w])|(?<=\bBearer )[\w.~+/-]{20,}=*"
)
_LONG = re.compile(r"(?<![\w/.+-])[A-Za-z0-9_-]{32,}(?![\w/+-]|[.]\w)")


def _keys(text: str) -> Iterator[tuple[int, int]]:
    for match in _NAMED.finditer(text):
        yield match.span()
    for match in _LONG.finditer(text):
        if _looks_drawn(match[0]):
            yield match.span()


def _looks_drawn(word: str) -> bool:
    """Whether a long word looks drawn by chance: mixed cases, digits here and there, no part that reads as a word, and at least
    3.8 bits a character (Shannon's entropy of its own letters). Digests and UUIDs have one case, so they are none.
    """
    mixed = any(map(str.islower, word)) and any(map(str.isupper, word)) and len(re.findall(r"\d+", word)) >= 2
    if not mixed or re.search(r"[a-z]{7}|^sha\d", word):
        return False
    shares = [count / len(word) for count in Counter(word).values()]
    return -sum(share * math.log2(share) for share in shares) >= 3.8


_FINDERS: Final[tuple[tuple[Text, Callable[[str], Iterator[tuple[int, int]]]], ...]] = (
    (KEY, _keys),
    (ACCOUNT, _accounts),
    (CARD, _cards),
    (TAX_CODE, _tax_codes),
    (PHONE, _phones),
)
