"""Benchmarks: ratios measured in one run, against Litestar's own hello world on the same server. `make bench` prints the table.

Machines are shared and noisy, so what counts is the CPU that the server used per request, divided by that of hello world in the
same run, and the median of several rounds. Nothing here is part of `make test`.
"""
