"""The page at /docs: the OpenAPI document as HTML, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from typing import Any

import msgspec

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --link: light-dark(#0550ae, #79b8ff) }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem }
a { color: var(--link) }
nav { columns: 19rem; border-block: 1px solid var(--line); padding: .75rem 0; font-size: .875rem }
nav div { break-inside: avoid; margin-bottom: .75rem } nav strong, nav a { display: block }
nav a { display: grid; grid-template-columns: 4rem 1fr; overflow-wrap: anywhere; text-decoration: none }
nav a:hover, nav a:focus { text-decoration: underline }
article { border-bottom: 1px solid var(--line); padding: .5rem 0 1rem }
h3 { font-size: 1rem; overflow-wrap: anywhere } h3 b { display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .25rem .5rem .25rem 0; vertical-align: top }
pre { background: var(--soft); padding: .75rem; overflow: auto } code, pre { font-size: .875rem }
@media (max-width: 40rem) { td, th { display: block } }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Its only style is its own.
CONTENT_SECURITY_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault((operation.get("tags") or ["Other"])[0], []).append((method, path, operation))
    index = "".join(
        f"<div><strong>{escape(tag)}</strong>"
        + "".join(
            f'<a href="#{o["operationId"]}"><span>{m.upper()}</span><span>{escape(p)}</span></a>'
            for m, p, o in each
        )
        + "</div>"
        for tag, each in groups.items()
    )
    body = "".join(
        f"<section><h2>{escape(tag)}</h2>{''.join(_operation(*each) for each in operations)}</section>"
        for tag, operations in groups.items()
    )
    schemas = "".join(
        f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_schema(schema)}</article>'
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><title>{escape(info["title"])} API</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(info['title'])} API {escape(info['version'])}</h1>{_prose(info['description'])}"
        f'<p><a href="/openapi.json">OpenAPI {escape(document["openapi"])} document</a></p>'
        f'<nav aria-label="Routes">{index}</nav>{body}<section><h2>Types</h2>{schemas}</section></main></body></html>'
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<article id="{operation["operationId"]}"><h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3>',
        _prose(operation.get("description", "")),
    ]
    if operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}"
            f"{', required' if each.get('required') else ''}</td><td>{_type(each['schema'])}</td>"
            f"<td>{_inline(each.get('description', ''))}</td></tr>"
            for each in operation["parameters"]
        )
        parts.append(f"<table><tbody>{rows}</tbody></table>")
    parts.append(_body("Request", operation.get("requestBody", {})))
    for status, answer in operation["responses"].items():
        if status != "default":
            parts.append(_body(f"Answer {status}", answer) or f"<p>Answer {status}</p>")
    return "".join(parts) + "</article>"


def _body(title: str, body: dict[str, Any]) -> str:
    return "".join(
        f"<p>{title}: <code>{escape(media)}</code> {_type(content.get('schema', {}))}</p>"
        + (_json(content["example"]) if "example" in content else "")
        for media, content in body.get("content", {}).items()
    )


def _schema(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(each)}{', required' if name in required else ''}</td>"
        f"<td>{_inline(each.get('description', ''))}</td></tr>"
        for name, each in schema.get("properties", {}).items()
    )
    values = ", ".join(f"<code>{escape(str(each))}</code>" for each in schema.get("enum", ()))
    return _prose(schema.get("description", "")) + (
        f"<table><tbody>{rows}</tbody></table>" if rows else f"<p>{values}</p>"
    )


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return " or ".join(_type(each) for each in schema[key])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"] if each is not None)
    kind = schema.get("type", "anything")
    return escape(" or ".join(kind) if isinstance(kind, list) else str(kind))


def _json(value: object) -> str:
    return f"<pre>{escape(msgspec.json.format(msgspec.json.encode(value)).decode())}</pre>"


def _prose(text: str) -> str:
    paragraphs = [
        f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in part.splitlines())}</ul>"
        if part.startswith("- ")
        else f"<p>{_inline(part)}</p>"
        for part in text.strip().split("\n\n")
        if part
    ]
    return "".join(paragraphs)


def _inline(text: str) -> str:
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text, quote=False))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", bold)
