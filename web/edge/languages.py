"""Which language a reader gets who is not signed in: the footer's choice, else what the browser asks for, else the default."""

from __future__ import annotations

from functools import lru_cache

from web.locales import LOCALES


@lru_cache(1024)
def locale_for(chosen: str, accept_language: bytes, default: str) -> str:
    """The locale to answer in; always one of `LOCALES` or the default."""
    if chosen in LOCALES:
        return chosen
    return _preferred(accept_language) or default


def _preferred(accept_language: bytes) -> str:
    """The language of ours with the highest weight; of equal ones the first. RFC 9110, section 12.5.4."""
    best, best_weight = "", 0.0
    for part in accept_language[:400].decode("latin-1").lower().split(","):
        tag, _, parameters = part.partition(";")
        language = tag.strip().partition("-")[0]
        weight = weight_in(parameters)
        if language in LOCALES and weight > best_weight:
            best, best_weight = language, weight
    return best


def weight_in(parameters: str) -> float:
    """The `q` among a header part's parameters, 1 if it has none, 0 if it cannot be read."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.strip() == "q":
            return _weight(value.strip())
    return 1.0


def _weight(text: str) -> float:
    whole, _, digits = text.partition(".")
    plain = whole in ("0", "1") and len(digits) <= 3 and (not digits or (digits.isascii() and digits.isdigit()))
    return min(float(text), 1.0) if plain and text else 0.0
