"""The languages of the interface and where their words lie. English is what the code says; it has no catalogue."""

from pathlib import Path

from forum.kernel.settings import LOCALES

__all__ = ["LANGUAGE_NAMES", "LOCALES", "LOCALES_DIR", "OPEN_GRAPH", "po_path"]

LANGUAGE_NAMES = {"en": "English", "it": "Italiano"}
OPEN_GRAPH = {"en": "en_GB", "it": "it_IT"}
"""How each language is named where a country must stand beside it."""
LOCALES_DIR = Path(__file__).parent


def po_path(locale: str) -> Path:
    """The catalogue that people edit."""
    return LOCALES_DIR / locale / "LC_MESSAGES" / "messages.po"
