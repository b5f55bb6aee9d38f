"""The real servers that tests run against, each found on the machine or in a Python package, and started on demand.

A module here starts one kind of server and knows nothing of pytest; the fixtures stand in `tests/conftest.py`.
"""

import socket


class Missing(Exception):
    """This machine cannot have that server. The message says why, and what would bring it."""


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago.

    Another program may take it before the caller does, so whoever starts a server on it tries more than once.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
