"""What somebody tries who is not meant to get in."""

from __future__ import annotations

import base64
import json
import socket
import time
from pathlib import Path

import httpx
import jwt
import pytest
from storage3 import SyncStorageClient

from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person

#: Paths as they are sent, each after `/object/tests/`.
PATHS = [
    "../tests-public/a",
    "..%2ftests-public%2fa",
    "{tenant}/../other/a",
    "{tenant}/..%2f..%2fetc%2fpasswd",
    "{tenant}/%2e%2e/a",
    "{tenant}/%2e/a",
    "{tenant}/./a",
    "{tenant}//a",
    "{tenant}/a/",
    "{tenant}%2fa",
    "{tenant}/a%5cb",
    "{tenant}/a\\b",
    "{tenant}/a%00.png",
    "{tenant}/a%252e%252e",
    "{tenant}/a%25",
    "{tenant}/%ff%fe",
    "{tenant}/%c0%ae%c0%ae/a",
    "{tenant}/na%C3%AFve",
    "{tenant}/%E2%80%AEgpj.exe",
    "{tenant}/%EF%BC%8E%EF%BC%8E/a",
    "{tenant}/a%0d%0aX-Header: y",
    "{tenant}/a%09",
    "{tenant}/%3Cscript%3E",
    "{tenant}/a%22",
    "{tenant}/a|b",
    "{tenant}/{long}",
    "%7Btenant%7D/a",
]


def raw(gateway: Gateway, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Send a path exactly as it is; return the answer."""
    lines = [
        f"{method} /storage/v1{path} HTTP/1.1",
        "Host: x",
        "Connection: close",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", gateway.settings.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def stored_files(gateway: Gateway) -> set[Path]:
    return {path for path in Path(gateway.settings.files).parent.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_is_none_is_refused(anna: Person, gateway: Gateway, path: str) -> None:
    path = path.replace("{tenant}", anna.tenant_id).replace("{long}", "a" * 1025)
    before = stored_files(gateway)
    for method in ("POST", "PUT", "GET", "HEAD", "DELETE"):
        answer = raw(
            gateway, method, f"/object/tests/{path}", anna.headers, b"x" if method[0] == "P" else b""
        )
        assert answer.split(b" ")[1] in {b"400", b"404"}, answer
        assert b"Internal" not in answer
    for route in ("sign/tests", "upload/sign/tests"):
        answer = raw(gateway, "POST", f"/object/{route}/{path}", anna.headers, b'{"expiresIn": 60}')
        assert answer.split(b" ")[1] in {b"400", b"404"}, answer
    assert stored_files(gateway) <= before


@pytest.mark.parametrize(
    "name", ["../x", "a/../b", "/a", "a//b", "a\x00b", "a\\b", "\u202ea", "a\ud800", "", "a" * 1025, "a/"]
)
def test_a_path_in_a_body_that_is_none_is_refused(anna: Person, name: str) -> None:
    anna.storage.from_("tests").upload(anna.path("a"), b"a")
    target = json.dumps(
        {"bucketId": "tests", "sourceKey": anna.path("a"), "destinationKey": f"{anna.tenant_id}/{name}"}
    )
    source = json.dumps(
        {"bucketId": "tests", "sourceKey": f"{anna.tenant_id}/{name}", "destinationKey": anna.path("b")}
    )
    for body in (target, source):
        for route in ("move", "copy"):
            answer = anna.http.post(
                f"/object/{route}", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 400, answer.text
    for wanted, said in {
        "DELETE /object/tests": {"prefixes": [name]},
        "POST /object/sign/tests": {"paths": [name], "expiresIn": 60},
        "POST /object/list/tests": {"prefix": name, "search": name},
        "POST /object/list-v2/tests": {"prefix": name},
    }.items():
        method, _, url = wanted.partition(" ")
        answer = anna.http.request(
            method, url, content=json.dumps(said), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {200, 400}, answer.text
    assert anna.storage.from_("tests").download(anna.path("a")) == b"a"


@pytest.mark.parametrize(
    "name", ["", " tests", "..", "a/b", "a\\b", "a" * 101, "t\u00e4st", "a\x00b", "%2e%2e", "<a>"]
)
def test_a_bucket_that_is_none_is_refused(service: SyncStorageClient, gateway: Gateway, name: str) -> None:
    key = {"apikey": gateway.settings.secret_key}
    answer = httpx.post(f"{gateway.url}/storage/v1/bucket", json={"name": name, "id": name}, headers=key)
    assert answer.json()["code"] == "InvalidBucketName"


INJECTIONS = [
    "' or true --",
    "'; drop table storage.objects; --",
    "%",
    "_",
    "\\",
    '"',
    "$1",
    "%s",
    "{}",
    "a' || 'b",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_a_filter_is_only_text(anna: Person, otto: Person, text: str) -> None:
    otto.storage.from_("tests").upload(otto.path("a"), b"a")
    bodies = [
        {"prefix": text},
        {"prefix": "", "search": text},
        {"prefix": otto.tenant_id, "search": text},
    ]
    for body in bodies:
        assert anna.http.post("/object/list/tests", json=body).json() == []
    for sort_by in ({"column": text}, {"column": "name", "order": text}, {"column": f"name, {text}"}):
        answer = anna.http.post("/object/list/tests", json={"prefix": "", "sortBy": sort_by})
        assert answer.json()["code"] == "InvalidRequest"
    assert anna.http.post("/object/list-v2/tests", json={"prefix": text}).json()["objects"] == []
    assert anna.http.post("/object/list-v2/tests", json={"cursor": text}).json()["code"] == "InvalidParameter"
    forged = base64.b64encode(
        json.dumps(
            {"name": text, "moment": text, "sort_by": {"column": "created_at", "order": "asc"}}
        ).encode()
    ).decode()
    assert anna.http.post("/object/list-v2/tests", json={"cursor": forged}).status_code == 400
    assert (
        anna.http.request("DELETE", "/object/tests", json={"prefixes": [text, f"{otto.tenant_id}/a"]}).json()
        == []
    )
    signed = anna.http.post("/object/sign/tests", json={"paths": [text], "expiresIn": 5}).json()
    assert signed[0]["signedURL"] is None
    assert anna.http.get("/bucket", params={"search": text}).json() == []
    assert anna.http.get("/bucket", params={"sortColumn": text}).json()["code"] == "InvalidRequest"
    assert otto.storage.from_("tests").download(otto.path("a")) == b"a"


def test_a_link_opens_one_file_for_one_use_until_its_end(anna: Person, gateway: Gateway) -> None:
    bucket = anna.storage.from_("tests")
    for name in ("a", "b"):
        bucket.upload(anna.path(name), name.encode())
    link = bucket.create_signed_url(anna.path("a"), 6)["signedURL"] or ""
    token = link.partition("token=")[2]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["url"], claims["scope"]) == (f"tests/{anna.path('a')}", "download")
    assert claims["exp"] - claims["iat"] == 6
    answer = httpx.get(link)
    assert answer.content == b"a"
    assert "Expires" in answer.headers

    base = f"{gateway.url}/storage/v1/object"
    # Another file, another bucket, another right.
    assert httpx.get(f"{base}/sign/tests/{anna.path('b')}?token={token}").json()["code"] == "InvalidSignature"
    assert (
        httpx.get(f"{base}/sign/tests-public/{anna.path('a')}?token={token}").json()["code"]
        == "InvalidSignature"
    )
    put = httpx.put(f"{base}/upload/sign/tests/{anna.path('a')}?token={token}", content=b"x")
    assert (put.json()["code"], put.json()["message"]) == (
        "InvalidSignature",
        "Token is not scoped for upload",
    )
    up = bucket.create_signed_upload_url(anna.path("c"))["token"]
    got = httpx.get(f"{base}/sign/tests/{anna.path('c')}?token={up}")
    assert got.json()["message"] == "Token is not scoped for download"
    # No token of a link passes for a user's, and no user's for a link.
    assert (
        httpx.get(f"{base}/tests/{anna.path('a')}", headers={"Authorization": f"Bearer {token}"}).status_code
        == 400
    )
    assert httpx.get(f"{base}/sign/tests/{anna.path('a')}?token={anna.token}").json()["code"] == "InvalidJWT"
    time.sleep(max(0, claims["exp"] + 1.1 - time.time()))
    assert httpx.get(link).json()["message"] == '"exp" claim timestamp check failed'


def _base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_link_cannot_be_made_up(anna: Person, gateway: Gateway) -> None:
    bucket = anna.storage.from_("tests")
    bucket.upload(anna.path("a"), b"a")
    token = (bucket.create_signed_url(anna.path("a"), 60)["signedURL"] or "").partition("token=")[2]
    head, payload, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    none = _base64url({"alg": "none", "typ": "JWT"})
    forged = [
        "",
        "x",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-2]}",
        f"{none}.{payload}.",
        f"{none}.{payload}.{signature}",
        f"{head}.{_base64url({**claims, 'exp': 9999999999})}.{signature}",
        jwt.encode(claims, gateway.settings.jwt_secret, algorithm="HS256"),
        jwt.encode(claims, "secret" * 6, algorithm="HS256"),
        jwt.encode(claims, gateway.settings.jwt_private_key, algorithm="ES256"),
    ]
    for made_up in forged:
        url = f"{gateway.url}/storage/v1/object/sign/tests/{anna.path('a')}"
        answer = httpx.get(url, params={"token": made_up})
        assert answer.status_code == 400, made_up
        assert answer.content != b"a"
    assert httpx.get(f"{gateway.url}/storage/v1/object/sign/tests/{anna.path('a')}").status_code == 400


@pytest.mark.parametrize("seconds", [0, -1, "x", "", 10**12, 1.5, None, "1e3", [60]])
def test_a_link_needs_an_end(anna: Person, seconds: object) -> None:
    anna.storage.from_("tests").upload(anna.path("a"), b"a")
    for route, body in {f"tests/{anna.path('a')}": {}, "tests": {"paths": [anna.path("a")]}}.items():
        answer = anna.http.post(f"/object/sign/{route}", json={**body, "expiresIn": seconds})
        assert answer.json()["code"] == "InvalidRequest"


def test_a_file_that_is_too_large_leaves_nothing(anna: Person, gateway: Gateway) -> None:
    before = stored_files(gateway)
    url = f"/object/tests-small/{anna.path('a.txt')}"
    text = {"Content-Type": "text/plain"}
    said = anna.http.post(url, content=b"x" * 1001, headers=text)
    unsaid = anna.http.post(url, content=iter([b"x" * 500] * 3), headers=text)
    form = anna.http.post(url, files={"file": ("a.txt", b"x" * 1001, "text/plain")})
    for answer in (said, unsaid, form):
        assert (answer.status_code, answer.json()["statusCode"]) == (400, "413")
        assert answer.json()["code"] == "EntityTooLarge"
    assert stored_files(gateway) <= before
    large = anna.http.post(f"/object/tests/{anna.path('a')}", content=iter([b"x" * (1 << 20)] * 51))
    assert large.json()["code"] == "EntityTooLarge"
    assert stored_files(gateway) <= before
    assert anna.http.post(url, content=b"x" * 1000, headers=text).status_code == 200


@pytest.mark.parametrize(
    ("mime_type", "taken"),
    [
        ("image/png", True),
        ("text/plain", True),
        ("text/plain; charset=utf-8", True),
        ("IMAGE/PNG", True),
        ("text/html", False),
        ("video/mp4", False),
        ("image", False),
        ("image/png/x", False),
        ("*/*", False),
        ("imagex/png", False),
    ],
)
def test_only_the_types_of_the_bucket_are_taken(anna: Person, mime_type: str, taken: bool) -> None:
    url = f"/object/tests-small/{anna.path('file')}"
    for request in (
        {"content": b"x", "headers": {"Content-Type": mime_type, "x-upsert": "true"}},
        {"files": {"file": ("a", b"x", mime_type)}, "headers": {"x-upsert": "true"}},
        {"files": {"file": ("a", b"x", "image/png")}, "data": {"contentType": mime_type}},
    ):
        answer = anna.http.post(url, **request)
        # The bucket lets people add only: what is taken is refused by the policies at most.
        code = answer.json().get("code", "")
        assert (code != "InvalidMimeType") == taken, answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cacheControl", "1\r\nSet-Cookie: a=b"),
        ("contentType", "text/plain\r\nX-Evil: y"),
        ("cacheControl", "\u00e9"),
    ],
)
def test_no_header_is_smuggled_in(anna: Person, field: str, value: str) -> None:
    url = f"/object/tests/{anna.path('evil')}"
    answer = anna.http.post(url, files={"file": ("a", b"x", "text/plain")}, data={field: value})
    assert answer.json()["code"] == "InvalidRequest"
    assert anna.http.get(url).json()["code"] == "NoSuchKey"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"A: b\r\n" * 100),
        ("multipart/form-data; boundary=b", b"--b\r\nA: " + b"b" * 100_000),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 2_000_000 + b"\r\n--b--\r\n",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 50 + b"--b--\r\n",
        ),
    ],
)
def test_a_broken_form_leaves_nothing(anna: Person, gateway: Gateway, content_type: str, body: bytes) -> None:
    before = stored_files(gateway)
    url = f"/object/tests/{anna.path('form')}"
    answer = anna.http.post(url, content=body, headers={"Content-Type": content_type})
    assert answer.json()["code"] in {"InvalidRequest", "EntityTooLarge"}
    assert stored_files(gateway) <= before
    assert not anna.storage.from_("tests").exists(anna.path("form"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b"{}", b'{"prefixes": "a"}', b"\xff", b"[" * 100_000]
)
def test_a_broken_body_is_refused(anna: Person, body: bytes) -> None:
    for method, route in (
        ("POST", "/object/list/tests"),
        ("POST", "/object/move"),
        ("POST", "/object/copy"),
        ("DELETE", "/object/tests"),
        ("POST", "/object/sign/tests"),
    ):
        answer = anna.http.request(method, route, content=body)
        assert answer.json()["code"] == "InvalidRequest", (route, answer.text)


def test_a_body_has_a_size(anna: Person) -> None:
    answer = anna.http.post("/object/list/tests", content=b'{"prefix": "' + b"a" * (5 << 20) + b'"}')
    assert answer.json()["code"] == "EntityTooLarge"
    many = {"prefixes": [str(number) for number in range(1001)]}
    assert anna.http.request("DELETE", "/object/tests", json=many).json()["code"] == "InvalidRequest"


def test_what_is_not_offered_is_said_clearly(anna: Person) -> None:
    for route in ("/render/image/authenticated/tests/a", "/cdn/tests/a", "/s3/tests/a"):
        answer = anna.http.get(route)
        assert answer.json()["code"] == "FeatureNotEnabled"
        assert "Supabase project" in answer.json()["message"]


def test_the_log_holds_no_tokens(anna: Person, gateway: Gateway) -> None:
    anna.storage.from_("tests").upload(anna.path("a"), b"a")
    link = anna.storage.from_("tests").create_signed_url(anna.path("a"), 60)["signedURL"] or ""
    httpx.get(link)
    log = gateway.log.read_text()
    assert link.partition("token=")[2] not in log
    assert anna.token not in log
    assert "Traceback" not in log
