"""Figures for Prometheus. Labels are routes, never addresses, so their number is bounded."""

from __future__ import annotations

from litestar.types import HTTPScope
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from web.edge.visit import Visit

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_UNKNOWN = "other"  # what no route answered: refused at the edge, or not found


class Metrics:
    """The figures of one process."""

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
        self.waiting = Gauge(
            "loggia_outbox_waiting", "Deliveries that wait, by subscriber.", ("subscriber",), registry=self.registry
        )

    def note(self, scope: HTTPScope, visit: Visit, status: int, seconds: float) -> None:
        """Count one finished request."""
        route = visit.label or scope.get("path_template") or _UNKNOWN
        self._requests.labels(_method(scope), route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if visit.cache:
            self._cached.labels(visit.cache).inc()

    def spelled(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: HTTPScope) -> str:
    return scope["method"] if scope["method"] in _METHODS else _UNKNOWN
