"""Figures for Prometheus. Labels are routes, never addresses, so their number is bounded.

Several worker processes keep their figures together in a directory, which `PROMETHEUS_MULTIPROC_DIR` names to the client
library when it is imported; whichever worker is asked then answers for all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from litestar.types import HTTPScope
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from web.edge.visit import Visit

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_UNKNOWN = "other"  # what no route answered: refused at the edge, or not found


class Metrics:
    """The figures of one process, or of all workers together."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "loggia_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "loggia_request_seconds", "How long answers took.", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        self._cached = Counter(
            "loggia_page_cache", "Pages from memory, and put there.", ("what",), registry=self.registry
        )
        self._waiting = Gauge(
            "loggia_deliveries_waiting",
            "Facts that a subscriber has not been told yet.",
            ("subscriber",),
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._mails = Gauge(
            "loggia_mails",
            "Mails that wait, are being sent, or were given up (parked) until somebody looks.",
            ("state",),
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self._subscribers: set[str] = set()

    def note(self, scope: HTTPScope, visit: Visit, status: int, seconds: float) -> None:
        """Count one finished request."""
        route = visit.label or scope.get("path_template") or _UNKNOWN
        self._requests.labels(_method(scope), route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if visit.cache:
            self._cached.labels(visit.cache).inc()

    def note_waiting(self, waiting: Mapping[str, int]) -> None:
        """How many deliveries wait for each subscriber; who is not named has none."""
        self._subscribers |= waiting.keys()
        for subscriber in self._subscribers:
            self._waiting.labels(subscriber).set(waiting.get(subscriber, 0))

    def note_mails(self, counts: Mapping[str, int]) -> None:
        """How many mails are in each state."""
        for state, count in counts.items():
            self._mails.labels(state).set(count)

    def spelled(self) -> bytes:
        """Everything in Prometheus' text format."""
        folder = os.environ.get(TOGETHER)
        if not folder:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: HTTPScope) -> str:
    return scope["method"] if scope["method"] in _METHODS else _UNKNOWN
