"""Monstrous, ambiguous and senseless requests, guesses at passwords: answered in words, and quickly."""

from __future__ import annotations

import gzip
import json
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress

import httpx
import psutil
import pytest

from tests.people import PASSWORD
from tests.security.target import Target, exchange

BOTH = pytest.mark.parametrize("name", ["gateway", "api"])
#: Where each of the two takes a body, and what may be said of one that is too large.
TAKES_BODIES = [
    ("gateway", "POST", "/auth/v1/signup"),
    ("gateway", "POST", "/auth/v1/token?grant_type=password"),
    ("gateway", "POST", "/rest/v1/rpc/create_batch"),
    ("gateway", "POST", "/rest/v1/projects"),
    ("gateway", "POST", "/realtime/v1/api/broadcast"),
    ("gateway", "POST", "/storage/v1/object/list/media"),
    ("gateway", "POST", "/storage/v1/object/sign/media"),
    ("gateway", "DELETE", "/storage/v1/object/media"),
    ("gateway", "POST", "/storage/v1/object/media/TENANT/uploads/large.png"),
    ("api", "POST", "/auth/signin"),
    ("api", "POST", "/projects"),
    ("api", "POST", "/batches"),
    ("api", "POST", "/batches?project_id=01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d"),
    ("api", "PATCH", "/tenants/TENANT"),
]


def zeros(size: int) -> Iterator[bytes]:
    """So many bytes, in pieces."""
    piece = b"0" * 65536
    for _ in range(size // len(piece)):
        yield piece


@pytest.mark.parametrize(("name", "method", "path"), TAKES_BODIES)
@pytest.mark.parametrize("is_announced", [True, False])
def test_bodies_without_end_are_refused_and_not_kept(
    target: Target, name: str, method: str, path: str, is_announced: bool
) -> None:
    size = 120_000_000
    headers = {
        **target.bearer,
        "Content-Type": "text/csv" if "project_id" in path else "application/json",
        **({"Content-Length": str(size // 65536 * 65536)} if is_announced else {}),
    }
    process = psutil.Process((target.api if name == "api" else target.gateway).process.pid)
    before = process.memory_info().rss
    with suppress(
        httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError
    ):  # cut off while we still send
        answer = target.ask(
            name, method, path.replace("TENANT", target.tenant_id), content=zeros(size), headers=headers
        )
        assert answer.status_code in {400, 403, 413, 415, 422, 429, 501}, answer.text
    assert process.memory_info().rss - before < 60_000_000
    target.serves()


@BOTH
@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"a" * 100_000,
        b"\r\n".join(b"X-%d: %s" % (number, b"a" * 50) for number in range(5_000)),
        b"\r\n".join([b"Cookie: " + b"a=b; " * 20_000]),
        b"Authorization: Bearer " + b"a" * 100_000,
    ],
)
def test_header_bombs_are_refused(target: Target, name: str, headers: bytes) -> None:
    answer = exchange(target.ports[name], b"GET /health HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 "), answer[:200]
    target.serves()


@BOTH
def test_a_path_without_end_is_refused(target: Target, name: str) -> None:
    answer = exchange(target.ports[name], b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer == b"" or re.match(rb"HTTP/1.1 (431|414|400) ", answer), answer[:200]


@BOTH
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_no_request_is_smuggled_in_another(target: Target, name: str, head: bytes) -> None:
    """Which both read in the same way as everything that may stand in front of them."""
    path = b"/auth/signin" if name == "api" else b"/auth/v1/token"
    answer = exchange(
        target.ports[name],
        b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + head + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


#: Paths that take text in their path or query.
TAKES_TEXT = [
    ("gateway", "/auth/v1/authorize?provider={}"),
    ("gateway", "/auth/v1/verify?type=signup&token={}"),
    ("gateway", "/rest/v1/{}"),
    ("gateway", "/rest/v1/projects?select={}"),
    ("gateway", "/rest/v1/projects?name=eq.{}"),
    ("gateway", "/rest/v1/rpc/{}"),
    ("gateway", "/storage/v1/object/media/{}"),
    ("gateway", "/storage/v1/object/sign/media/x?token={}"),
    ("gateway", "/mail/messages?to={}"),
    ("gateway", "/{}"),
    ("api", "/jobs/{}"),
    ("api", "/jobs?text={}"),
    ("api", "/assets/links/{}"),
    ("api", "/{}"),
]


@pytest.mark.parametrize(("name", "path"), TAKES_TEXT)
@pytest.mark.parametrize(
    "text",
    [
        "%ff%fe",
        "%c0%af",
        "%ed%a0%80",
        "%f8%88%80%80%80",
        "%00",
        "%",
        "%zz",
        "a" * 5_000,
        "%0d%0aX:1",
        "%e2%80%ae",
    ],
)
def test_text_that_is_none_is_no_fault_of_ours(target: Target, name: str, path: str, text: str) -> None:
    bearer = f"Authorization: Bearer {target.person.access_token}\r\napikey: {target.gateway.settings.publishable_key}"
    answer = exchange(
        target.ports[name],
        f"GET {path.format(text)} HTTP/1.1\r\nHost: x\r\n{bearer}\r\nConnection: close\r\n\r\n".encode(),
    )
    status = int(answer.split(b" ", 2)[1])
    assert status < 500, answer
    assert b"\nX:1" not in answer
    target.said.append(answer.decode(errors="replace"))


@pytest.mark.parametrize(
    ("name", "method", "path"), [each for each in TAKES_BODIES if "uploads" not in each[2]]
)
@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe{}",
        b'{"email": "\xff"}',
        b'{"email": "\\ud800", "password": "\\ud800"}',
        b"{" * 50_000,
        b"[" * 500_000,
        b'{"a":' * 50_000,
        b"1e999999999",
        b'{"email": 1' + b"0" * 100_000 + b"}",
        b'"' + b"\\u0000" * 1000 + b'"',
        gzip.compress(b"0" * 10_000_000),
        zlib.compress(json.dumps({"email": "a@example.com", "password": "a" * 1_000_000}).encode()),
    ],
)
def test_bodies_without_sense_are_no_fault_of_ours(
    target: Target, name: str, method: str, path: str, body: bytes
) -> None:
    encoded = (
        {"Content-Encoding": "gzip" if body[:2] == b"\x1f\x8b" else "deflate"} if body[:1] in b"\x1fx" else {}
    )
    headers = {**target.bearer, "Content-Type": "application/json", **encoded}
    began = time.monotonic()
    answer = target.ask(name, method, path.replace("TENANT", target.tenant_id), content=body, headers=headers)
    assert 400 <= answer.status_code < 500 or answer.status_code == 501, answer.text
    assert time.monotonic() - began < 20


def test_signed_urls_are_refused_without_being_repeated(target: Target) -> None:
    folder = f"{target.tenant_id}/uploads"
    upload = target.ask(
        "gateway",
        "POST",
        f"/storage/v1/object/media/{folder}/a.png",
        content=b"\x89PNG",
        headers={**target.bearer, "Content-Type": "image/png"},
    )
    assert upload.status_code == 200, upload.text
    signed = target.ask(
        "gateway",
        "POST",
        f"/storage/v1/object/sign/media/{folder}/a.png",
        json={"expiresIn": 60},
        headers=target.bearer,
    ).json()["signedURL"]
    token = signed.partition("token=")[2]
    target.sent.append(token)
    for path, given in (("b.png", token), ("a.png", token[:-3]), ("a.png", token + "x")):
        answer = target.ask("gateway", "GET", f"/storage/v1/object/sign/media/{folder}/{path}?token={given}")
        assert 400 <= answer.status_code < 500
    made = target.ask("api", "GET", "/assets/links/" + "s" * 43)
    assert made.status_code == 404
    target.sent.append("s" * 43)


@BOTH
def test_passwords_cannot_be_guessed_quickly(target: Target, name: str) -> None:
    """Nor by saying that one is somebody else."""
    path = "/auth/signin" if name == "api" else "/auth/v1/token?grant_type=password"
    statuses = []
    for number in range(45):
        guess = f"guess-{name}-{number:04}"
        target.sent.append(guess)
        address = f"203.0.113.{number}"
        answer = target.ask(
            name,
            "POST",
            path,
            json={"email": target.person.email, "password": guess},
            headers={"Sb-Forwarded-For": address, "X-Real-Ip": address, "Forwarded": f"for={address}"},
        )
        statuses.append(answer.status_code)
    assert set(statuses[-10:]) == {429}
    assert statuses.count(429) >= 15
    assert int(answer.headers["retry-after"]) >= 1
    assert (
        answer.json()["code"] in {"over_request_rate_limit", "too_many_requests"}
        or answer.json()["error_code"]
    )
    # Not even with the right one; and who is signed in already goes on.
    target.sent.append(PASSWORD)
    right = target.ask(name, "POST", path, json={"email": target.person.email, "password": PASSWORD})
    assert right.status_code == 429
    target.serves()


@pytest.mark.parametrize("depth", [100, 500, 900, 990])
@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("gateway", "/auth/v1/signup", '{{"email": "deep@example.com", "password": "x", "data": {}}}'),
        ("gateway", "/rest/v1/rpc/create_batch", '{{"project_id": null, "topics": {}}}'),
        (
            "gateway",
            "/realtime/v1/api/broadcast",
            '{{"messages": [{{"topic": "x", "event": "y", "payload": {}}}]}}',
        ),
        ("api", "/projects", '{{"original_idea": "Sky", "metadata": {}}}'),
        ("api", "/batches", '{{"project_id": "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d", "topics": [{}]}}'),
    ],
)
def test_depth_is_no_fault_of_ours(target: Target, name: str, path: str, body: str, depth: int) -> None:
    nested = '{"a":' * depth + "1" + "}" * depth
    headers = {**target.bearer, "Content-Type": "application/json"}
    answer = target.ask(name, "POST", path, content=body.format(nested), headers=headers)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/projects", {"original_idea": "Sky", "metadata": {"a": "x" * 1_000_000}}),
        ("PATCH", "/tenants/TENANT", {"settings": {"a": "x" * 1_000_000}}),
        (
            "POST",
            "/batches",
            {"topics": [{"topic": "Sky", "platforms": ["youtube"]}], "options": {"a": "x" * 1_000_000}},
        ),
    ],
)
def test_nobody_makes_rows_that_are_too_long_for_lists(
    target: Target, method: str, path: str, body: dict[str, object]
) -> None:
    if path == "/batches":
        project = target.ask("api", "POST", "/projects", json={"original_idea": "Sky"}, headers=target.bearer)
        body = {**body, "project_id": project.json()["id"]}
    answer = target.ask(
        method=method,
        name="api",
        path=path.replace("TENANT", target.tenant_id),
        json=body,
        headers=target.bearer,
    )
    assert answer.status_code == 422, answer.text
    assert "at most 64 kb" in answer.json()["detail"]
    assert answer.json()["next_step"]
