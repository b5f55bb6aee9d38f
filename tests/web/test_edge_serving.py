"""The real server: over a socket, with a reader who is slow, rude or gone, and a worker that dies."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.installing import SECRET_KEY, copy_of_sqlite
from web.serving import AT_ONCE, HEAD_MILLISECONDS, KILL_SECONDS, CannotServe, check_port, check_writable

START = "from web.serving import run; from forum.kernel import settings; run(settings.load(env_file=None), host='127.0.0.1', port={port}, workers={workers}, head_milliseconds={head})"
PATIENCE = 60.0


@contextmanager
def serving(
    folder: Path,
    template: Path,
    *,
    workers: int = 1,
    wait: bool = True,
    head: int = HEAD_MILLISECONDS,
    **variables: str,
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    port = free_port()
    given = {
        "base_url": f"http://127.0.0.1:{port}",
        "var_dir": str(folder),
        "secret_key": SECRET_KEY,
        "log_level": "info",
    }
    given |= {"database_url": copy_of_sqlite(template, folder)} | variables
    environ = {**os.environ, **{f"LOGGIA_{name.upper()}": value for name, value in given.items()}}
    command = [sys.executable, "-c", START.format(port=port, workers=workers, head=head)]
    log = (folder / "log").open("w+")
    process = subprocess.Popen(command, env=environ, stdout=log, stderr=subprocess.STDOUT, text=True)
    try:
        if wait:
            wait_for(port)
        yield port, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    def is_up() -> bool:
        try:
            return ask(port, get("/health/live")).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    until(is_up)


def until(holds: Callable[[], bool]) -> None:
    given_up_at = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < given_up_at, "it did not happen"
        time.sleep(0.05)


def get(path: str, *, host: str = "", **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"host: {host}"] if host else [f"GET {path} HTTP/1.1", "host: probe"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1")


def ask(port: int, request: bytes, *, seconds: float = 10.0) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        return answer


@pytest.fixture(scope="module")
def port(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("serving"), sqlite_template) as (port, _):
        yield port


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_the_site_answers_over_a_socket(port: int) -> None:
    ours = f"127.0.0.1:{port}"
    answer = ask(port, get("/nothing", host=ours))
    assert status(answer) == 404
    assert b"content-security-policy: default-src 'none'" in answer
    head = ask(port, get("/nothing", host=ours).replace(b"GET", b"HEAD", 1))
    assert status(head) == 404
    assert head.endswith(b"\r\n\r\n")
    assert status(ask(port, get("/nothing", host="evil.example"))) == 400
    assert status(ask(port, get("/health/ready"))) == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"GET /%ed%a0%80 HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"GET /health/live?%ff HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: {ours}\r\nx: \x00\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.1\nhost: {ours}\n x: y\n\n",
        b"GET / HTTP/1.1\r\nhost: {ours}\r\nx : y\r\nconnection: close\r\n\r\n",
        b"POST /login HTTP/1.1\r\nhost: {ours}\r\ncontent-length: 1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab",
        b"POST /login HTTP/1.1\r\nhost: {ours}\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        b"POST /login HTTP/1.1\r\nhost: {ours}\r\ntransfer-encoding: xchunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        b"POST /login HTTP/1.1\r\nhost: {ours}\r\ncontent-length: -1\r\nconnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"GET nothing HTTP/1.1\r\nhost: {ours}\r\nconnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nhost: {ours}\r\nx: " + b"y" * 200_000 + b"\r\nconnection: close\r\n\r\n",
    ],
)
def test_what_no_browser_sends_is_refused_with_one_answer(port: int, request_: bytes) -> None:
    sent = request_.replace(b"{ours}", f"127.0.0.1:{port}".encode())
    try:
        answer = ask(port, sent)
    except ConnectionResetError:
        return
    assert answer.count(b"HTTP/1.") <= 1
    assert not answer or 400 <= status(answer) < 500, answer[:200]
    assert status(ask(port, get("/health/live"))) == 200


def test_a_body_cut_off_harms_nobody(port: int) -> None:
    head = f"POST /login HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 100\r\n\r\nab".encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head)
    assert status(ask(port, get("/health/live"))) == 200


def test_who_never_finishes_asking_or_reading_keeps_nobody_waiting(sqlite_template: Path, tmp_path: Path) -> None:
    """More half heads than a worker takes in at once, and readers who do not read; all heads are given up in the end."""
    with serving(tmp_path, sqlite_template, head=2_000) as (port, _), ExitStack() as open_:
        halves = [open_.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(AT_ONCE + 50)]
        for half in halves:
            half.sendall(b"GET /health/live HTTP/1.1\r\nhost: probe\r\nx: ")
        for _ in range(20):
            reader = open_.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            reader.connect(("127.0.0.1", port))
            reader.sendall(get("/metrics", host=f"127.0.0.1:{port}"))
        assert [status(ask(port, get("/health/ready"))) for _ in range(20)] == [200] * 20
        for half in halves:
            half.settimeout(PATIENCE)
            assert half.recv(100)[:12] in (b"", b"HTTP/1.1 408")
        assert status(ask(port, get("/health/ready"))) == 200


def test_the_figures_count_what_came_over_the_socket(port: int) -> None:
    figures = ask(port, get("/metrics", host=f"127.0.0.1:{port}"))
    assert re.search(rb'loggia_requests_total\{method="GET",route="/health/live",status="200"\} \d', figures)


def test_a_worker_that_dies_is_started_again(sqlite_template: Path, tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_template) as (port, process):
        before = {child.pid for child in psutil.Process(process.pid).children() if child.name().startswith("python")}
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(port)
        assert process.poll() is None


def test_several_workers_answer_for_each_other_s_figures(sqlite_template: Path, tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_template, workers=2) as (port, _):
        ours = f"127.0.0.1:{port}"
        until(lambda: len(set((tmp_path / "metrics").glob("counter_*.db"))) == 2 or not ask(port, get("/health/live")))
        for _ in range(40):
            assert status(ask(port, get("/nothing", host=ours))) == 404
        counted = re.compile(rb'loggia_requests_total\{method="GET",route="other",status="404"\} (\d+)')
        for _ in range(6):
            found = counted.search(ask(port, get("/metrics", host=ours)))
            assert found
            assert int(found[1]) == 40


def test_a_stop_while_a_worker_still_loads_is_heard(sqlite_template: Path, tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_template, wait=False) as (_, process):
        until(lambda: bool(psutil.Process(process.pid).children()))
        process.send_signal(signal.SIGTERM)
        process.wait(KILL_SECONDS / 2)  # well before the watching process would lose its patience


def test_stopping_is_clean_and_quick(sqlite_template: Path, tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_template) as (port, process):
        kept_alive = socket.create_connection(("127.0.0.1", port))
        kept_alive.sendall(get("/health/live").replace(b"connection: close", b"connection: keep-alive"))
        assert kept_alive.recv(15) == b"HTTP/1.1 200 OK"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        kept_alive.close()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe) as refused:
            check_port("127.0.0.1", port)
    assert str(refused.value) == f"Cannot listen on 127.0.0.1:{port}: address already in use."
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid", "2001:db8::1"])
def test_an_address_that_is_not_ours_is_one_clear_line(host: str) -> None:
    with pytest.raises(CannotServe) as refused:
        check_port(host, 8000)
    assert str(refused.value).startswith("Cannot listen on ")
    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotServe) as refused:
        check_writable(tmp_path / "file" / "var")
    assert str(refused.value) == f"LOGGIA_VAR_DIR {tmp_path / 'file' / 'var'} cannot be written: not a directory."
    check_writable(tmp_path / "new" / "folder")
