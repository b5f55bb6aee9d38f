"""The edge: what stands between the socket and the router. Each layer is small, and none knows the forum.

`in_order` is the whole of it; the first named is the first to see a request and the last to see the answer.
"""
