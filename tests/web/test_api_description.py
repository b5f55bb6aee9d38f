"""The OpenAPI document: valid, and complete about arguments and problems."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.testing import TestClient
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


def test_every_call_may_end_in_a_problem(document: Any) -> None:
    calls = {path: operations for path, operations in document["paths"].items() if path.startswith("/api/v1/")}
    assert len(calls) > 10
    for path, operations in calls.items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert list(answers["default"]["content"]) == ["application/problem+json"], (method, path)
            assert "400" not in answers, (method, path)


def test_arguments_of_a_list_are_described(document: Any) -> None:
    arguments = {one["name"]: one for one in document["paths"]["/api/v1/threads"]["get"]["parameters"]}
    assert list(arguments) == ["cursor", "limit", "kind", "category", "tag", "state", "sort"]
    assert arguments["limit"]["schema"] == {"type": "integer", "default": 20, "minimum": 1, "maximum": 100}
    assert sorted(arguments["kind"]["schema"]["enum"]) == ["announcement", "discussion", "idea", "question"]
    assert not arguments["cursor"]["required"]
    mark = document["paths"]["/api/v1/threads/{thread_id}/accepted"]["delete"]["parameters"]
    assert [(one["name"], one["in"], one["schema"].get("type")) for one in mark][1:] == [("post", "query", "integer")]
