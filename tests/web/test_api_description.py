"""The OpenAPI document: valid, and complete about arguments and problems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from tests.installing import settings_for
from web.app import create_app


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("api")
    app = create_app(settings_for(f"sqlite:///{folder / 'empty.sqlite'}", folder))
    answer = TestClient(app, base_url="http://127.0.0.1:8000").get("/api/openapi.json")
    app.site.state["loggia"].db.dispose()
    return answer.json()


def test_the_document_is_valid(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def _calls(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def test_it_describes_the_api_alone(document: Any) -> None:
    assert len(document["paths"]) > 10
    assert all(path.startswith("/api/v1/") for path in document["paths"])


def test_every_call_may_end_in_a_problem(document: Any) -> None:
    for path, method, operation in _calls(document):
        answers = operation["responses"]
        assert {"default", "400", "401", "403", "429", "503"} <= set(answers), (method, path)
        assert ("404" in answers) or ("{" not in path), (method, path)
        refusals = [answer for status, answer in answers.items() if not status.startswith("2")]
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in refusals), (method, path)
        assert "Retry-After" in answers["429"]["headers"]


def test_it_says_which_calls_want_a_token(document: Any) -> None:
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    wants = {(method, path): {} not in operation["security"] for path, method, operation in _calls(document)}
    assert wants["post", "/api/v1/threads"]
    assert wants["get", "/api/v1/me"]
    assert not wants["get", "/api/v1/threads"]


def test_parts_of_an_address_that_are_ids_are_numbers(document: Any) -> None:
    part = document["paths"]["/api/v1/threads/{thread_id}"]["get"]["parameters"][0]
    assert part["schema"] == {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}


def test_everything_that_is_sent_has_an_example_that_fits(document: Any) -> None:
    told = 0
    for path, method, operation in _calls(document):
        for body in operation.get("requestBody", {}).get("content", {}).values():
            schema = {**body["schema"], "components": document["components"]}
            assert not list(OAS31Validator(schema).iter_errors(body["example"])), (method, path)
            told += 1
        for one in operation.get("parameters", []):
            assert one["name"] == "cursor" or OAS31Validator(one["schema"]).is_valid(one["example"]), (path, one)
    assert told > 5


def test_bounds_of_whole_numbers_are_whole_numbers(document: Any) -> None:
    post = document["components"]["schemas"]["NewFlag"]["properties"]["post"]
    assert [repr(post[bound]) for bound in ("minimum", "maximum")] == ["1", str(2**63 - 1)]


def test_arguments_of_a_list_are_described(document: Any) -> None:
    arguments = {one["name"]: one for one in document["paths"]["/api/v1/threads"]["get"]["parameters"]}
    assert list(arguments) == ["cursor", "limit", "kind", "category", "tag", "state", "sort"]
    assert arguments["limit"]["schema"] == {"type": "integer", "default": 20, "minimum": 1, "maximum": 100}
    assert sorted(arguments["kind"]["schema"]["enum"]) == ["announcement", "discussion", "idea", "question"]
    assert not arguments["cursor"]["required"]
    mark = document["paths"]["/api/v1/threads/{thread_id}/accepted"]["delete"]["parameters"]
    assert [(one["name"], one["in"], one["schema"].get("type")) for one in mark][1:] == [("post", "query", "integer")]
