"""Which compression a reader takes, by RFC 9110 section 12.5.3: a weight of 0 means no, `*` means any other."""

from __future__ import annotations

from functools import lru_cache

from web.edge.languages import weight_in

OFFERED = ("zstd", "gzip")  # the best first


@lru_cache(1024)
def best_encoding(accept_encoding: bytes) -> bytes:
    """`zstd`, `gzip`, or nothing at all."""
    weights: dict[str, float] = {}
    for part in accept_encoding[:400].decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = weight_in(parameters)
    other = weights.get("*", 0.0)
    best = max(OFFERED, key=lambda name: weights.get(name, other))
    return best.encode("ascii") if weights.get(best, other) > 0 else b""
