"""Calling out, against servers that mean ill. All of them are on loopback, which each test has to allow."""

import gzip
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from subprocess import run

import httpx2
import pytest

from forum.kernel.egress import BadAnswer, Client, ConnectionLost, Refused, TimedOut
from tests.kernel.wires import Behaviour, certificate, http, saying, serving
from tests.servers import free_port


def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def test_an_answer_is_what_came_whatever_its_status() -> None:
    with serving(http(b"gone", status="410 Gone", X_Why="moved")) as wire:
        answer = Client([wire.door]).request("POST", wire.url + "a?b=c", headers={"X-Mine": "1"}, content=b"body")
    assert (answer.status, answer.body, answer.headers["x-why"], answer.headers["X-Why"]) == (
        410,
        b"gone",
        "moved",
        "moved",
    )
    head = wire.requests[0].decode().lower()
    assert head.startswith("post /a?b=c http/1.1\r\n")
    assert f"host: {wire.door}\r\n" in head
    assert "x-mine: 1\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "user-agent: loggia\r\n" in head
    assert head.endswith("\r\n\r\nbody")


def test_a_private_address_is_refused_unless_the_operator_opens_it() -> None:
    with serving(http()) as wire:
        for allow in ([], ["10.0.0.0/8"], [f"127.0.0.1:{wire.port + 1}"], [f"localhost:{wire.port}"]):
            with pytest.raises(Refused):
                Client(allow).request("GET", wire.url)
        assert wire.requests == []
        assert Client(["127.0.0.0/8"]).request("GET", wire.url).body == b"ok"


def test_the_name_is_looked_up_once_and_the_checked_address_is_dialled() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with serving(http()) as wire:
        client = Client(["127.0.0.1/32"], resolve=rebinding)
        assert client.request("GET", f"http://good.example:{wire.port}/").status == 200
        with pytest.raises(Refused):
            client.request("GET", f"http://good.example:{wire.port}/")
    assert asked == ["good.example", "good.example"]
    assert len(wire.requests) == 1
    assert f"host: good.example:{wire.port}\r\n" in wire.requests[0].decode().lower()


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    with serving(http()) as wire:
        client = Client(["127.0.0.1", "::1"], resolve=lambda host, port: ["::1", "127.0.0.1"])
        assert client.request("GET", f"http://x.example:{wire.port}/").body == b"ok"


def test_a_redirect_is_an_answer() -> None:
    with serving(http()) as inside, serving(http(status="302 Found", Location=inside.url)) as wire:
        answer = Client([wire.door]).request("GET", wire.url)
    assert (answer.status, answer.headers["location"]) == (302, inside.url)
    assert inside.requests == []


def test_cookies_are_not_kept_and_connections_not_used_twice() -> None:
    with serving(http(Set_Cookie="a=1")) as wire:
        client = Client([wire.door])
        for _ in range(2):
            client.request("GET", wire.url)
    assert len(wire.requests) == 2
    assert all(b"cookie" not in head.lower() and b"connection: close" in head.lower() for head in wire.requests)


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(http(b"proxy")) as proxy, serving(http(b"direct")) as wire:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert Client([wire.door]).request("GET", wire.url).body == b"direct"
    assert proxy.requests == []


class TestDeadline:
    @pytest.mark.parametrize(
        "start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
    )
    def test_ends_an_answer_that_drips(self, start: bytes) -> None:
        def drip(sock: socket.socket, request: bytes) -> None:
            sock.sendall(start)
            while True:
                sock.sendall(b"a")
                released.wait(0.02)

        released = threading.Event()
        with serving(drip) as wire:
            with pytest.raises(TimedOut) as late:
                Client([wire.door]).request("GET", wire.url, timeout=0.4)
            assert late.value.sent
            assert wire.ended.acquire(timeout=10), "the connection was left open"

    def test_ends_silence(self) -> None:
        with serving(lambda sock, request: sock.recv(1)) as wire, pytest.raises(TimedOut) as late:
            Client([wire.door]).request("GET", wire.url, timeout=0.3)
        assert late.value.sent
        assert str(late.value) == "127.0.0.1 did not answer in time."

    def test_ends_a_request_that_nobody_reads(self) -> None:
        released = threading.Event()
        with serving(lambda sock, request: released.wait(10)) as wire:
            with pytest.raises(TimedOut) as late:
                Client([wire.door]).request("POST", wire.url, content=bytes(64 * 1024 * 1024), timeout=0.5)
            released.set()
        assert late.value.sent

    def test_ends_a_handshake_that_never_comes(self, tmp_path: Path) -> None:
        with serving(http()) as wire, pytest.raises(TimedOut) as late:
            # a TLS greeting holds no empty line, so the plain server waits on, and so would we
            Client([wire.door]).request("GET", wire.url.replace("http", "https"), timeout=0.3)
        assert not late.value.sent

    def test_ends_a_look_up_that_hangs(self) -> None:
        released = threading.Event()

        def hanging(host: str, port: int) -> Sequence[str]:
            released.wait(10)
            return ["127.0.0.1"]

        with pytest.raises(TimedOut) as late:
            Client(resolve=hanging).request("GET", "http://x.example/", timeout=0.3)
        released.set()
        assert not late.value.sent


class TestSent:
    def test_is_false_where_nobody_listens(self) -> None:
        port = free_port()
        with pytest.raises(ConnectionLost) as lost:
            Client([f"127.0.0.1:{port}"]).request("POST", f"http://127.0.0.1:{port}/")
        assert not lost.value.sent
        assert str(lost.value) == "127.0.0.1 cannot be reached."

    @pytest.mark.parametrize(
        "said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b"SSH-2.0\r\n\r\n"]
    )
    def test_is_true_where_the_line_breaks_later(self, said: bytes) -> None:
        with serving(saying(said)) as wire, pytest.raises(ConnectionLost) as lost:
            Client([wire.door]).request("POST", wire.url)
        assert lost.value.sent
        assert str(lost.value) == "The connection to 127.0.0.1 was lost."

    def test_is_false_for_a_request_that_cannot_be_written(self) -> None:
        with serving(http()) as wire:
            for method, headers in (
                ("GET", {"X": "a\r\nY: b"}),
                ("GE T", {}),
                ("GET", {"X Y": "a"}),
                ("GET", {"X": "\x00"}),
            ):
                with pytest.raises(Refused) as refusal:
                    Client([wire.door]).request(method, wire.url, headers=headers)
                assert not refusal.value.sent
        assert wire.requests == []


class TestSize:
    @pytest.mark.parametrize(
        "behave",
        [
            http(b"a" * 5001),
            saying(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 5001),
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"3e8\r\n" + b"a" * 1000 + b"\r\n"] * 9),
            http(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"),
            http(gzip.compress(b"a" * 5001), Content_Encoding="X-GZIP"),
        ],
    )
    def test_counts_what_is_unpacked(self, behave: Behaviour) -> None:
        with serving(behave) as wire, pytest.raises(BadAnswer) as bad:
            Client([wire.door]).request("GET", wire.url, max_bytes=5000)
        assert bad.value.sent
        assert str(bad.value) == "The answer of 127.0.0.1 is too large."

    def test_of_exactly_the_limit_is_taken(self) -> None:
        for behave in (http(b"a" * 5000), http(gzip.compress(b"a" * 5000), Content_Encoding="gzip")):
            with serving(behave) as wire:
                answer = Client([wire.door]).request("GET", wire.url, max_bytes=5000)
            assert answer.body == b"a" * 5000
            assert "content-encoding" not in answer.headers

    @pytest.mark.parametrize(
        ("body", "coding"),
        [
            (b"a", "br"),
            (b"a", "zstd"),
            (b"a", "gzip, gzip"),
            (b"no gzip", "gzip"),
            (gzip.compress(b"a" * 99, mtime=0)[:-9], "gzip"),
        ],
    )
    def test_garbled_answers_are_not_taken(self, body: bytes, coding: str) -> None:
        with serving(http(body, Content_Encoding=coding)) as wire, pytest.raises(BadAnswer):
            Client([wire.door]).request("GET", wire.url)

    def test_endless_headers_are_not_taken(self) -> None:
        with (
            serving(saying(b"HTTP/1.1 200 OK\r\n", *[b"X-A: " + b"a" * 1000 + b"\r\n"] * 500)) as wire,
            pytest.raises(ConnectionLost),
        ):
            Client([wire.door]).request("GET", wire.url)


class TestTls:
    @pytest.fixture
    def contexts(self, tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        return certificate(tmp_path, "good.example")

    def test_the_name_is_verified_though_the_address_is_dialled(
        self, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
    ) -> None:
        server, trusting = contexts
        with serving(http(b"secret"), tls=server) as wire:
            client = Client(["127.0.0.0/8"], resolve=loopback, tls=trusting)
            assert client.request("GET", f"https://good.example:{wire.port}/").body == b"secret"
            assert wire.names == ["good.example"]
            with pytest.raises(ConnectionLost) as lost:
                client.request("GET", f"https://other.example:{wire.port}/")
        assert not lost.value.sent
        assert str(lost.value).startswith("The certificate of other.example is not to be trusted: ")

    def test_strangers_certificates_are_not_trusted(self, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
        with serving(http(), tls=contexts[0]) as wire, pytest.raises(ConnectionLost) as lost:
            Client(["127.0.0.0/8"], resolve=loopback).request("GET", f"https://good.example:{wire.port}/")
        assert not lost.value.sent
        assert wire.requests == []


class TestTransport:
    def test_lends_the_rules_to_a_library(self) -> None:
        packed = http(gzip.compress(b"ok"), Content_Encoding="gzip")
        with serving(packed) as wire, httpx2.Client(transport=Client([wire.door]).transport) as library:
            assert library.post(wire.url, json={"a": 1}).text == "ok"
        assert wire.requests[0].endswith(b'{"a":1}')

    def test_refuses_each_hop_of_a_redirect_that_the_library_follows(self) -> None:
        with serving(http()) as inside, serving(http(status="302 Found", Location=inside.url)) as wire:
            library = httpx2.Client(transport=Client([wire.door]).transport, follow_redirects=True)
            with library, pytest.raises(httpx2.ConnectError, match="leads into a private network") as refusal:
                library.get(wire.url)
        assert isinstance(refusal.value.__cause__, Refused)
        assert inside.requests == []

    @pytest.mark.parametrize(
        ("behave", "error"), [(lambda sock, request: sock.recv(1), httpx2.ReadTimeout), (saying(b""), httpx2.ReadError)]
    )
    def test_raises_what_the_library_knows(self, behave: Behaviour, error: type[Exception]) -> None:
        with serving(behave) as wire:
            library = httpx2.Client(transport=Client([wire.door]).transport, timeout=0.2)
            with library, pytest.raises(error):
                library.get(wire.url)


def test_threads_share_a_client() -> None:
    def echo(sock: socket.socket, request: bytes) -> None:
        http(request.split()[1])(sock, request)

    found: dict[int, set[bytes]] = {}
    with serving(echo) as wire:
        client = Client([wire.door])

        def work(number: int) -> None:
            found[number] = {client.request("GET", f"{wire.url}{number}").body for _ in range(10)}

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: {b"/%d" % number} for number in range(6)}
    assert len(wire.requests) == 60


def test_http_is_loaded_by_the_first_call_not_by_the_module() -> None:
    script = "import sys; from forum.kernel.egress import Client; Client(); assert not {'httpx2', 'httpcore2', 'ssl'} & set(sys.modules)"
    assert run([sys.executable, "-c", script], check=False).returncode == 0
