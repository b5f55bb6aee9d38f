"""Debian's Chromium, driven by Playwright. No browser is ever downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.servers import Missing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No sandbox, because CI is root. The rest keeps the browser from calling its maker, which loopback tests must not do.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
)


def program() -> Path:
    """Raises Missing where no Chromium is installed."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise Missing("Chromium: none on the path; on Debian, `apt-get install chromium` brings it")


@contextmanager
def running() -> Iterator[Browser]:
    """A headless browser. While it runs, Playwright keeps an event loop in this thread, so `asyncio.run` is refused."""
    executable = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
