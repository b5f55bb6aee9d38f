"""What people call the browser that a user-agent line names. A help to recognise one's own devices, never a proof of anything."""

from __future__ import annotations

from typing import Final

from forum.kernel.errors import N_, Text

# The first that is found counts: nearly every browser also claims to be one of those further down.
_BROWSERS: Final = (
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> Text:
    """ "Firefox on Linux", as far as the line says."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return Text(N_("%(browser)s on %(system)s"), browser=browser, system=system)
    if browser or system:
        return Text(N_("%(name)s, unknown device"), name=browser or system)
    return Text(N_("An unknown browser"))
