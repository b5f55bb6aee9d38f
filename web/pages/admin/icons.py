"""The signs that a category may carry, by what they show."""

from __future__ import annotations

from typing import Final

from forum.kernel.errors import N_, Text

ICONS: Final = {
    "home": Text(N_("Arcade")),
    "house": Text(N_("House")),
    "person": Text(N_("Person")),
    "idea": Text(N_("Bulb")),
    "book": Text(N_("Book")),
    "tag": Text(N_("Label")),
    "tools": Text(N_("Tools")),
    "gear": Text(N_("Gear")),
    "machine": Text(N_("Machine")),
    "grinder": Text(N_("Grinder")),
    "water": Text(N_("Water")),
    "cup": Text(N_("Cup")),
    "app": Text(N_("App")),
    "code": Text(N_("Code")),
    "plug": Text(N_("Plug")),
    "key": Text(N_("Key")),
    "lock": Text(N_("Lock")),
    "shield": Text(N_("Shield")),
    "scales": Text(N_("Scales")),
    "case": Text(N_("Case")),
    "chart": Text(N_("Chart")),
    "mail": Text(N_("Letter")),
    "bell": Text(N_("Bell")),
    "eye": Text(N_("Eye")),
    "flag": Text(N_("Flag")),
    "road": Text(N_("Road")),
    "clock": Text(N_("Clock")),
    "info": Text(N_("Notice")),
}
