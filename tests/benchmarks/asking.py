"""A client that costs little: kept-alive sockets, prepared bytes, several threads."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.benchmarks.serving import Running

CLIENTS = 16
HOST = "127.0.0.1:8000"


@dataclass(frozen=True)
class Round:
    """What one round of requests took: CPU seconds of the server per request, requests per second, each one's seconds."""

    cpu: float
    per_second: float
    latencies: list[float]


@dataclass(frozen=True)
class Measured:
    """One kind of request, beside hello world: medians of the rounds, latencies in ms.

    `times` is the CPU of a request as a multiple of hello's, `share` its requests per second as a part of hello's: each of a
    round and the round of hello just before it, for a machine has better and worse minutes.
    """

    cpu_ms: float
    per_second: float
    p50: float
    p99: float
    times: float
    share: float


def measure(
    server: Running, requests: Sequence[bytes], hello: Running, *, count: int, rounds: int = 5, clients: int = CLIENTS
) -> Measured:
    """Send `count` requests per round, the given ones in turn, after one round to warm up."""
    _round(server, requests, max(count // 4, len(requests)), clients)
    pairs = [(_round(hello, HELLO, HELLOS, clients), _round(server, requests, count, clients)) for _ in range(rounds)]
    latencies = sorted(latency for _, own in pairs for latency in own.latencies)
    return Measured(
        cpu_ms=median(own.cpu for _, own in pairs) * 1000,
        per_second=median(own.per_second for _, own in pairs),
        p50=median(latencies) * 1000,
        p99=quantiles(latencies, n=100)[98] * 1000,
        times=median(own.cpu / base.cpu for base, own in pairs),
        share=median(own.per_second / base.per_second for base, own in pairs),
    )


def get(path: str, **headers: str) -> bytes:
    """A GET as bytes, to the host that the site believes to be. Gzip is accepted, as by every browser."""
    fields = {"Host": HOST, "Accept-Encoding": "gzip", "Accept-Language": "en", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()


HELLO, HELLOS = [get("/hello")], 3_000


def _round(server: Running, requests: Sequence[bytes], count: int, clients: int) -> Round:
    latencies: list[list[float]] = [[] for _ in range(clients)]
    each = max(count // clients, 1)
    threads = [
        threading.Thread(
            target=_ask, args=(server.port, requests[turn % len(requests) :] or requests, each, latencies[turn])
        )
        for turn in range(clients)
    ]
    cpu, began = server.cpu_seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    done = [latency for own in latencies for latency in own]
    if len(done) != each * clients:
        raise RuntimeError(f"{each * clients - len(done)} requests failed")
    return Round((server.cpu_seconds() - cpu) / len(done), len(done) / took, done)


def _ask(port: int, requests: Sequence[bytes], count: int, latencies: list[float]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for turn in range(count):
            began = time.perf_counter()
            connection.sendall(requests[turn % len(requests)])
            status = _read(connection)
            if status != b"200":
                raise RuntimeError(f"the server answered {status.decode()}")
            latencies.append(time.perf_counter() - began)


def _read(connection: socket.socket) -> bytes:
    """Read one answer with a Content-Length, and return its status."""
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(connection)
    head = bytes(received[:end]).lower()
    start = head.index(b"content-length:") + 15
    length = int(head[start : head.find(b"\r\n", start) if head.find(b"\r\n", start) > 0 else end].strip())
    missing = end + 4 + length - len(received)
    while missing > 0:
        missing -= len(_some(connection))
    return head[9:12]


def _some(connection: socket.socket) -> bytes:
    piece = connection.recv(262_144)
    if not piece:
        raise ConnectionError("the server hung up")
    return piece
