"""A real OpenID provider, on Node.js: somebody else's implementation, which tests start, stop, and have rotate its keys."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from joserfc.jwk import RSAKey
from lxml import html

from tests.servers import Missing, free_port, node

CLIENT, SECRET = "loggia", "a secret that both of them know"
START_SECONDS = 30.0


class Provider:
    """One provider on a loopback port. Stopped and started again it is the same, unless its keys are rotated meanwhile."""

    def __init__(self, folder: Path, redirect_uris: list[str], **options: Any) -> None:
        packages, (self._node, _) = node.checkers(), node.programs()
        if not (packages / "oidc-provider").is_dir():
            raise Missing("the OpenID provider: npm brought no oidc-provider")
        self._folder = folder
        self._options = options
        self._redirect_uris = redirect_uris
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()
        self._keys: list[dict[str, Any]] = []
        self.rotate_keys()
        self.people: dict[str, dict[str, Any]] = {}
        self._write_people()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self, subject: str, **claims: Any) -> str:
        """Have somebody there, or change what is said of them from now on; returns the subject."""
        self.people[subject] = {
            "email": f"{subject}@elsewhere.example", "email_verified": True, "name": subject.title(),
            "preferred_username": subject, **claims,
        }  # fmt: skip
        self._write_people()
        return subject

    def rotate_keys(self) -> None:
        """Sign with another key from the next start on."""
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._keys = [dict(key.as_dict(private=True))]

    def start(self) -> None:
        """Serve. Raises AssertionError if it does not come up."""
        config = self._folder / "provider.json"
        config.write_text(json.dumps(self._config()))
        with (self._folder / "provider.log").open("a") as log:
            self._process = subprocess.Popen(
                [str(self._node), str(node.TOOLS / "provider.mjs"), str(config)],
                stdout=log, stderr=log, text=True, cwd=node.TOOLS,
            )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            running = self._process.poll() is None and time.monotonic() < until
            assert running, (self._folder / "provider.log").read_text()[-2000:]
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def sign_in(self, address: str, subject: str) -> str:
        """Go to where the site led a browser, sign in as somebody, and come back; returns the address that leads to the site."""
        with httpx2.Client(follow_redirects=False, timeout=10, trust_env=False) as browser:
            answer = browser.get(address)
            for _ in range(10):
                if "location" in answer.headers:
                    address = urljoin(address, answer.headers["location"])
                    if urlsplit(address).port != self.port:
                        return address
                    answer = browser.get(address)
                else:
                    answer = self._filled_in(browser, address, answer, subject)
        raise AssertionError(f"the provider does not lead back: {answer.status_code} {answer.text[:1000]}")

    def _filled_in(self, browser: httpx2.Client, address: str, page: httpx2.Response, subject: str) -> httpx2.Response:
        assert page.status_code == 200, page.text[:1000]
        [form] = html.fromstring(page.text).xpath("//form[@method='post' or @method='POST']")
        fields = {field.get("name"): field.get("value") or "" for field in form.xpath(".//input[@name]")}
        return browser.post(urljoin(address, form.get("action")), data={**fields, "login": subject, "password": "-"})

    def _config(self) -> dict[str, Any]:
        client = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": self._redirect_uris}
        return {
            "issuer": self.issuer, "port": self.port, "accounts": str(self._folder / "people.json"),
            "clients": [{**client, "grant_types": ["authorization_code"], "response_types": ["code"]}],
            "jwks": {"keys": self._keys}, **self._options,
        }  # fmt: skip

    def _write_people(self) -> None:
        file = self._folder / "people.json"
        new = file.with_suffix(".new")
        new.write_text(json.dumps(self.people))
        new.replace(file)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.issuer}/.well-known/openid-configuration", trust_env=False).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def running(folder: Path, *redirect_uris: str, **options: Any) -> Iterator[Provider]:
    """A provider that sends browsers back to these addresses.

    Raises:
        Missing: this machine cannot have one.
    """
    provider = Provider(folder, list(redirect_uris), **options)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()
