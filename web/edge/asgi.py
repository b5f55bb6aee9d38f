"""The shape of a layer: it is given a request and passes it on, or answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from litestar.types import HTTPScope, Message, Receive, ReceiveMessage, Send

HTTPApp = Callable[[HTTPScope, Receive, Send], Awaitable[None]]

__all__ = ["HTTPApp", "HTTPScope", "Message", "Receive", "ReceiveMessage", "Send"]
