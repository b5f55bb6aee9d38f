"""Servers that misbehave on the wire, below HTTP: a function is given the accepted socket and does what it likes with it."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Behaviour = Callable[[socket.socket, bytes], object]
"""Gets the connection and the request as it came."""


@dataclass
class Wire:
    """Where it listens, the requests that came as raw bytes, and how many conversations have ended."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def door(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def serving(behave: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Wire]:
    """Accept until the block ends; each connection's request is read before `behave` is called."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        wire = Wire(listening.getsockname()[1])
        if tls is not None:
            tls.sni_callback = lambda _sock, name, _context: wire.names.append(name)
        thread = threading.Thread(target=_accept, args=(listening, behave, wire, tls), daemon=True)
        thread.start()
        yield wire
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _accept(listening: socket.socket, behave: Behaviour, wire: Wire, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            accepted, _ = listening.accept()
            threading.Thread(target=_converse, args=(accepted, behave, wire, tls), daemon=True).start()


def _converse(accepted: socket.socket, behave: Behaviour, wire: Wire, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError), accepted:
        accepted.settimeout(20)
        if tls is None:
            _answer(accepted, behave, wire)
        else:
            with tls.wrap_socket(accepted, server_side=True) as secured:
                _answer(secured, behave, wire)
    wire.ended.release()


def _answer(sock: socket.socket, behave: Behaviour, wire: Wire) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        part = sock.recv(65536)
        if not part:
            return
        head += part
    length = re.search(rb"content-length: (\d{1,6})\r", head, re.IGNORECASE)  # a body of millions is left to `behave`
    while length and len(head.partition(b"\r\n\r\n")[2]) < int(length[1]):
        head += sock.recv(65536)
    wire.requests.append(head)
    behave(sock, head)


def saying(*parts: bytes) -> Behaviour:
    """Send these, then hang up."""

    def behave(sock: socket.socket, request: bytes) -> None:
        for part in parts:
            sock.sendall(part)

    return behave


def http(body: bytes = b"ok", *, status: str = "200 OK", **headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return saying("\r\n".join([*lines, "", ""]).encode() + body)


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a server of these names, signed by itself: what it serves with, and what a client must trust to believe it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
