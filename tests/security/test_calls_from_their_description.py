"""Every call that the OpenAPI document describes, sent as it says and as it does not, by everybody.

Schemathesis makes the requests and compares the answers with the document; they go into the application without a socket.
With `--long` at least a hundred thousand are sent over the two databases.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from forum.kernel.db import Database
from tests.security.town import ROLES, Town
from tests.security.wire import HERE, Wire, tell
from tests.web.edging import RawAnswer

Case = Any  # schemathesis leaves its own open to what a schema is made of
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BY_THE_CONNECTION = {405, 406, 408, 414, 431}  # what no call decides; the document says "default" for them
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture(scope="module")
def document(wire: Wire) -> Any:
    return json.loads(wire.ask("GET", "/api/openapi.json").body)


class Caller:
    """Sends generated cases as each role, and keeps what was wrong."""

    def __init__(self, wire: Wire, town: Town) -> None:
        self.wire, self.town = wire, town
        self.wrong: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()

    def send(self, case: Case, role: str) -> None:
        prepared: Any = _prepared(case, self.town.headers[role])
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
        answer = self.wire.ask(prepared.method, prepared.url, prepared.headers, body)
        self.statuses[answer.status] += 1
        for fault in (*_faults(case, prepared, answer), *_auth_faults(case, role, answer)):
            told = f"{case.operation.label} as {role}: {fault}\n{prepared.url} {body[:600]!r}\n-> {answer.status} {answer.body[:600]!r}"
            if f"{case.operation.label} {fault[:60]}" not in self.wrong:
                self.wrong[f"{case.operation.label} {fault[:60]}"] = told
                tell(told)  # now, because the long run ends much later


def _prepared(case: Case, headers: dict[str, str]) -> requests.PreparedRequest:
    arguments = case.as_transport_kwargs(base_url=HERE)
    for name in ("headers", "cookies"):
        arguments[name] = {}
    kind = {} if case.media_type is None else {"content-type": case.media_type}
    return requests.Request(**{**arguments, "headers": {**kind, **headers}}).prepare()


def _faults(case: Case, prepared: requests.PreparedRequest, answer: RawAnswer) -> Iterator[str]:
    fields: dict[str, list[str]] = {}
    for name, value in answer.headers:
        fields.setdefault(name.decode(), []).append(value.decode("latin-1"))
    if answer.status == 204 and answer.body:
        yield "204 with a body"
    response = schemathesis.Response(answer.status, fields, answer.body, prepared, 0.0, verify=False)
    if str(answer.status) not in case.operation.definition.raw["responses"] and answer.status not in BY_THE_CONNECTION:
        yield f"the status {answer.status} is not described"
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as failures:
        yield from (f"{type(one).__name__} {one.title} {one.message[:300]}" for one in failures.exceptions)


def _auth_faults(case: Case, role: str, answer: RawAnswer) -> Iterator[str]:
    """Nobody in particular gets nothing where a token is needed; a wrong token nothing anywhere; a reader changes nothing."""
    if answer.status >= 300:
        return
    if role == "stranger":
        yield "a token that is nobody's was taken"
    if role == "anonymous" and {} not in case.operation.definition.raw["security"]:
        yield "it says that it wants a token, and does not"
    if role == "reader" and case.method not in ("GET", "HEAD"):
        yield "a token for reading changed something"


@st.composite
def cases(draw: st.DrawFn, operation: Any, mode: GenerationMode, town: Town) -> Case:
    """A case of an operation that mostly names things that exist."""
    case: Case = draw(operation.as_strategy(generation_mode=mode))
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            for name in part:
                known = town.values(name)
                if known and draw(st.sampled_from((True, True, True, False))):
                    part[name] = draw(st.sampled_from(known))
    return case


def _try(
    operation: Any, mode: GenerationMode, caller: Caller, most: int, turn: int, roles: Callable[[], tuple[str, ...]]
) -> None:
    @hypothesis.seed(turn)
    @hypothesis.settings(
        max_examples=most,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation, mode, caller.town))
    def sending(case: Case) -> None:
        for role in roles():
            caller.send(case, role)

    try:
        sending()
    except hypothesis.errors.Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing can be wrong about a call that takes nothing


def _in_turn() -> Callable[[], tuple[str, ...]]:
    count = iter(range(10**9))
    return lambda: (ROLES[next(count) % len(ROLES)],)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_call_stands_what_is_sent(
    wire: Wire, document: Any, town: Town, database: Database, amount: Callable[[int, int], int]
) -> None:
    """Each answer is one that the document describes, whoever calls; whoever needs a token gets nothing without."""
    caller = Caller(wire, town)
    calls: list[Any] = list(schemathesis.openapi.from_dict(document).get_all_operations())
    operations = [found.ok() for found in calls]
    few = 2 if database.is_sqlite else 1
    wanted, most = amount(0, 51_000), amount(few, 60)
    # few: each case is sent by everybody; many: each by the next
    roles = _in_turn() if wanted else lambda: ROLES
    begun, turn = wire.sent, 0
    while turn == 0 or wire.sent - begun < wanted:
        for operation in operations:
            for mode in MODES:
                _try(operation, mode, caller, most, turn, roles)
            if operation.method != "get" and wire.ask("GET", "/api/v1/me", town.headers["member"]).status != 200:
                town.settle_people()
        turn += 1
        tell(f"{wire.sent - begun} requests, {len(operations)} calls, statuses {dict(sorted(caller.statuses.items()))}")
    assert not caller.wrong, "\n\n".join(caller.wrong.values())
    assert {200, 401, 403, 404, 422} <= set(caller.statuses)
