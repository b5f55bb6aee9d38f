"""The edge: what stands between the socket and the router. Each layer is a small file that knows nothing of the forum.

`web.app.in_order` names them in the order in which they see a request. Handlers use four doors: `visit.visit_of` (what is known
of this request), `cache.keep`, `csrf.form_token`, `sessions.issue` and `forget`.
"""
