"""The OpenAPI document: what the framework knows of the routes, with problems, security and examples added."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.routes import HTTPRoute

from cliprow.api import reference
from cliprow.api.examples import EXAMPLES
from cliprow.api.problems import PROBLEM_JSON, Problem
from cliprow.api.topic_types import SHAPES

#: `security=` of a route that takes an access token.
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
_ABOUT = """\
Topics in, finished multi-platform videos out. Every request runs in the database as its caller, and row-level security
decides what it sees and may change.

- **Sign-in**: `Authorization: Bearer TOKEN`, an access token of Supabase Auth; `POST /auth/signin` gives one.
- **Errors** are `application/problem+json` with a stable `code`, what happened, and what to do next.
- **Lists** are `{items, next_cursor}`; send `next_cursor` as `cursor` for the next page.
- **Idempotency-Key**: a request that creates something, sent again with the same key, is carried out once.
- **ETag**: `If-None-Match` spares an answer that you have, `If-Match` a change to a row that somebody else has changed.
"""


class _Document(OpenAPIRenderPlugin):
    """Serves the finished document where the framework would serve its own."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return document_json(request.app)


def config(tags: list[Tag]) -> OpenAPIConfig:
    """What the framework is told."""
    return OpenAPIConfig(
        title="Cliprow",
        version=version("cliprow"),
        description=_ABOUT,
        path="/openapi",
        use_handler_docstrings=True,
        render_plugins=[_Document()],
        tags=tags,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="Access token of Supabase Auth.",
                ),
                "operator": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="The project's secret key, which only those who run the deployment have.",
                ),
            }
        ),
    )


def document_json(app: Litestar) -> bytes:
    """The document as it is served."""
    made: bytes = _made(app, "openapi_json", lambda: msgspec.json.encode(document(app)))
    return made


def reference_html(app: Litestar) -> str:
    """The document as a page."""
    made: str = _made(app, "openapi_page", lambda: reference.page(document(app)))
    return made


def document(app: Litestar) -> dict[str, Any]:
    """The document of an application."""
    made: dict[str, Any] = _made(app, "openapi", lambda: _make(app))
    return made


def _made(app: Litestar, name: str, make: Callable[[], Any]) -> Any:
    """Made once per application."""
    if name not in app.state:
        app.state[name] = make()
    return app.state[name]


def _with_short_names(made: dict[str, Any]) -> dict[str, Any]:
    """Pages of a type are called for the type, like ProjectPage; and what fits two kinds of a union is right too."""
    text = re.sub(r"\bPage_[\w.]*?(\w+)_(?=\")", r"\1Page", msgspec.json.encode(made).decode())
    short: dict[str, Any] = msgspec.json.decode(text.replace('"oneOf":', '"anyOf":'))
    return short


def _make(app: Litestar) -> dict[str, Any]:
    plain = _with_short_names(app.openapi_schema.to_schema())
    return _finish(plain, _told(app, "body"), _told(app, "answers"))


def _told(app: Litestar, name: str) -> dict[str, Any]:
    """What handlers say of themselves, by operation: types of a `body` that they read for themselves, by media type, and
    the media types of `answers` that depend on what is asked for.
    """
    return {
        handler.handler_name: handler.opt[name]
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if name in handler.opt
    }


def _finish(
    made: dict[str, Any], bodies: dict[str, dict[str, Any]], answers: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    schemas = made["components"].setdefault("schemas", {})
    kinds = {kind for each in bodies.values() for kind in each.values()}
    found, components = msgspec.json.schema_components(
        [Problem, *SHAPES, *kinds], ref_template="#/components/schemas/{name}"
    )
    schemas |= components
    by_kind = dict(zip(kinds, list(found)[-len(kinds) :], strict=True))
    pages = {f"{name}Page": {"items": [example], "next_cursor": None} for name, example in EXAMPLES.items()}
    for name, example in (pages | EXAMPLES).items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    made["components"]["responses"] = {
        "Problem": {
            "description": "What went wrong, why, and what to do next.",
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    for path in made["paths"].values():
        for operation in path.values():
            # What the framework would say of errors is not what `problems.py` answers.
            operation["responses"] = {
                status: answer for status, answer in operation["responses"].items() if status < "400"
            }
            for answer in operation["responses"].values():
                if all(media["schema"] == {"type": "null"} for media in answer.get("content", {}).values()):
                    answer.pop("content", None)  # said as null, and really nothing at all
            for media in answers.get(operation["operationId"], ()):
                # Of any shape: files are for programs that know them.
                operation["responses"]["200"]["content"] |= {media: {"schema": {}}}
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
            if (own := bodies.get(operation["operationId"])) is not None:
                content = {media: {"schema": by_kind[kind]} for media, kind in own.items()}
                operation["requestBody"] = {"required": True, "content": content}
            operation["summary"] = operation.get("description", "").partition(".")[0]
            _add_examples(operation, schemas)
    return made


def _add_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Copy the example of a body's schema beside the body, where clients and pages look for it."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media in (media for body in bodies for media in body.get("content", {}).values()):
        name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if (examples := schemas.get(name, {}).get("examples")) and "examples" not in media:
            media["example"] = examples[0]
