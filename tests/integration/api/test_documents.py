"""The API describes itself."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from cliprow.api.examples import EXAMPLES
from cliprow.api.topic_types import SHAPES, Topic
from tests.integration.api.conftest import Api


def handlers(app: Litestar) -> dict[str, HTTPRouteHandler]:
    return {
        handler.handler_name: handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.resolve_include_in_schema()
    }


def structs(kind: Any) -> set[type[msgspec.Struct]]:
    """The structs in a type."""
    found = {kind} if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else set()
    return found.union(*(structs(part) for part in getattr(kind, "__args__", ())))


def test_every_route_says_what_it_does_and_takes_and_gives(api: Api) -> None:
    document = api.get("/openapi.json")
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["description"], where
            assert operation["tags"], where
            success = [status for status in operation["responses"] if status.startswith(("2", "3"))]
            assert success, where
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, where


def test_every_body_has_an_example_that_is_of_its_type(api: Api) -> None:
    known: dict[str, type[msgspec.Struct]] = {}
    for handler in handlers(api.client.app).values():  # type: ignore[attr-defined]
        signature = handler.parsed_fn_signature
        for field in (signature.return_type, signature.parameters.get("data")):
            for struct in structs(field.raw) if field else ():
                known[struct.__name__] = struct
    for name, example in EXAMPLES.items():
        if name in known:
            msgspec.convert(example, known[name], strict=False)
    without = {
        f"{operation['operationId']}: {media['schema']['$ref']}"
        for operations in api.get("/openapi.json")["paths"].values()
        for operation in operations.values()
        for body in (operation.get("requestBody", {}), *operation["responses"].values())
        for media in body.get("content", {}).values()
        if "$ref" in media.get("schema", {}) and "example" not in media
    }
    assert without == set()


def test_topics_and_options_have_examples_of_their_shape(api: Api) -> None:
    schemas = api.get("/openapi.json")["components"]["schemas"]
    for shape in SHAPES:
        (example,) = schemas[shape.__name__]["examples"]
        msgspec.convert(example, shape, strict=False)
        for name, field in schemas[shape.__name__]["properties"].items():
            assert field.get("description"), f"{shape.__name__}.{name}"
            for value in field.get("examples", ()):
                msgspec.convert(
                    {"topic": "Sky", name: value} if shape is Topic else {name: value}, shape, strict=False
                )


def test_what_the_database_checks_is_referred_to(api: Api) -> None:
    schemas = api.get("/openapi.json")["components"]["schemas"]
    topic = {"$ref": "#/components/schemas/Topic"}
    assert schemas["Schedule"]["properties"]["topics"]["items"] == topic
    for body in ("NewBatch", "MoreTopics", "NewJob"):
        assert topic["$ref"] in str(schemas[body]["properties"]["topics"]), body
    for body, field in (("NewBatch", "BatchOptions"), ("NewSchedule", "ScheduleOptions")):
        assert field in str(schemas[body]["properties"]["options"]), body


def test_the_reference_page_needs_nothing_from_elsewhere(api: Api) -> None:
    answer = api.call("GET", "/docs")
    assert answer.status_code == 200
    assert not re.search(r"""<script|<link|(?:src|href)=["']?(?:https?:)?//|@import|url\(""", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path in api.get("/openapi.json")["paths"]:
        assert path in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/projects/1/2/3", "/openapi.yaml"])
def test_unknown_routes_answer_with_a_problem(api: Api, path: str) -> None:
    answer = api.call("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_route")
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
