"""What describes the API: its OpenAPI document, and a page made from it."""

from __future__ import annotations

from litestar import Response, Router, get

from cliprow.api import reference
from cliprow.api.answers import tagged
from cliprow.api.openapi import document_json, reference_html
from cliprow.api.request import ApiRequest


@get("/openapi.json", sync_to_thread=False)
def get_document(request: ApiRequest) -> Response[bytes]:
    """Answer with the OpenAPI document."""
    return tagged(request, document_json(request.app))


@get("/docs", sync_to_thread=False)
def get_reference(request: ApiRequest) -> Response[str]:
    """Answer with the reference page."""
    return Response(
        reference_html(request.app),
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": reference.CONTENT_SECURITY_POLICY},
    )


router = Router(path="/", route_handlers=[get_document, get_reference], include_in_schema=False)
