"""The tenant's file in the bucket, asked for by those who may not have it, and by every trick with paths and links."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator

import httpx
import jwt
import pytest

from tests.security.attackers import FORGERIES, READERS, STRANGERS, Scene
from tests.sql.row_level_security.cast import Who

#: Bytes that an attacker would leave behind.
OWN = b"the attacker's"


def attempts(
    scene: Scene, headers: dict[str, str], path: str | None = None
) -> Iterator[tuple[str, httpx.Response]]:
    """Everything one may try on a file, by name."""
    storage = f"{scene.gateway.url}/storage/v1"
    path = path or scene.path
    folder = path.rpartition("/")[0]
    with httpx.Client(headers=headers, timeout=20) as client:
        yield "download", client.get(f"{storage}/object/media/{path}")
        yield "authenticated", client.get(f"{storage}/object/authenticated/media/{path}")
        yield "public", client.get(f"{storage}/object/public/media/{path}")
        yield "info", client.get(f"{storage}/object/info/media/{path}")
        yield "sign", client.post(f"{storage}/object/sign/media/{path}", json={"expiresIn": 60})
        yield (
            "sign many",
            client.post(f"{storage}/object/sign/media", json={"expiresIn": 60, "paths": [path]}),
        )
        yield (
            "list",
            client.post(f"{storage}/object/list/media", json={"prefix": folder, "limit": 100, "offset": 0}),
        )
        yield (
            "list all",
            client.post(f"{storage}/object/list/media", json={"prefix": "", "limit": 100, "offset": 0}),
        )
        yield (
            "overwrite",
            client.put(f"{storage}/object/media/{path}", content=OWN, headers={"content-type": "video/mp4"}),
        )
        upsert = {"content-type": "video/mp4", "x-upsert": "true"}
        yield "upsert", client.post(f"{storage}/object/media/{path}", content=OWN, headers=upsert)
        yield (
            "plant",
            client.post(
                f"{storage}/object/media/{folder}/planted", content=OWN, headers={"content-type": "video/mp4"}
            ),
        )
        yield "sign upload", client.post(f"{storage}/object/upload/sign/media/{folder}/planted")
        metadata = {"bucketName": "media", "objectName": f"{folder}/resumed", "contentType": "video/mp4"}
        encoded = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items()
        )
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(OWN)), "Upload-Metadata": encoded}
        yield "resumable", client.post(f"{storage}/upload/resumable", headers=tus)
        body = {
            "bucketId": "media",
            "sourceKey": path,
            "destinationKey": f"{scene.cast.people[Who.STRANGER].tenant_id}/uploads/x",
        }
        yield "copy", client.post(f"{storage}/object/copy", json=body)
        yield "move", client.post(f"{storage}/object/move", json=body)
        yield "remove", client.request("DELETE", f"{storage}/object/media", json={"prefixes": [path]})
        yield "remove one", client.delete(f"{storage}/object/media/{path}")
        yield "empty bucket", client.post(f"{storage}/bucket/media/empty")
        yield "open bucket", client.put(f"{storage}/bucket/media", json={"public": True})
        yield "remove bucket", client.delete(f"{storage}/bucket/media")


def leaks(scene: Scene, name: str, answer: httpx.Response) -> bool:
    """Whether an answer gives the file, a way to it, or its name."""
    if scene.data in answer.content:
        return True
    if name == "sign many":
        return any(each.get("signedURL") for each in answer.json()) if answer.is_success else False
    if name.startswith("list"):
        return str(scene.tenant_id) in answer.text or scene.path.rpartition("/")[2] in answer.text
    if name in {"remove"}:
        return answer.is_success and answer.json() != []
    return answer.is_success


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.usefixtures("nothing_changes")
def test_others_reach_nothing(scene: Scene, who: Who) -> None:
    reached = [
        name
        for name, answer in attempts(scene, scene.headers(scene.token(who)))
        if leaks(scene, name, answer) or answer.status_code >= 500
    ]
    assert reached == []


@pytest.mark.usefixtures("nothing_changes")
def test_anonymous_reaches_nothing(scene: Scene) -> None:
    assert [name for name, answer in attempts(scene, scene.headers()) if leaks(scene, name, answer)] == []


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.usefixtures("nothing_changes")
def test_a_forged_token_reaches_nothing(scene: Scene, forge: Callable[[Scene], str]) -> None:
    token = forge(scene)
    reached = [
        name
        for name, answer in attempts(scene, scene.headers(token))
        if leaks(scene, name, answer) or answer.status_code >= 500 or token in answer.text
    ]
    assert reached == []


@pytest.mark.parametrize("who", READERS)
@pytest.mark.usefixtures("nothing_changes")
def test_members_read_and_change_nothing(scene: Scene, who: Who) -> None:
    reached = {
        name
        for name, answer in attempts(scene, scene.headers(scene.token(who)))
        if leaks(scene, name, answer)
    }
    assert reached >= {"download", "authenticated", "info", "sign", "sign many", "list"}
    assert reached <= {"download", "authenticated", "info", "sign", "sign many", "list", "list all"}


def ways_around(scene: Scene) -> list[str]:
    """Paths that begin in the stranger's own folder and would end in the tenant's, or outside of the bucket."""
    own, theirs = scene.cast.people[Who.STRANGER].tenant_id, scene.path
    up = f"{own}/uploads/../../{theirs}"
    return [
        up,
        up.replace("..", "%2e%2e"),
        up.replace("/", "%2f"),
        up.replace("../", "..%2f"),
        up.replace("../", "..%5c"),
        up.replace("..", "%252e%252e"),
        f"{own}/uploads/./../../{theirs}",
        f"{own}/uploads/....//....//{theirs}",
        f"{own}/uploads//{theirs}",
        f"/{theirs}",
        f"{own}/uploads/x%00/../../{theirs}",
        f"{own}/uploads/%c0%ae%c0%ae/{theirs}",
        f"{own}/uploads/\u2025/\u2025/{theirs}",
        "../../../../../../etc/passwd",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        f"{own}/uploads/" + "../" * 40 + "etc/passwd",
    ]


@pytest.mark.parametrize("number", range(16))
@pytest.mark.usefixtures("nothing_changes")
def test_no_path_leads_out_of_a_folder(scene: Scene, number: int) -> None:
    path = ways_around(scene)[number]
    for name, answer in attempts(scene, scene.headers(scene.token(Who.STRANGER)), path):
        assert answer.status_code < 500, (name, answer.text)
        assert scene.data not in answer.content, name
        assert b"root:" not in answer.content, name


def test_a_signed_url_opens_its_own_file_only_and_only_for_its_time(scene: Scene) -> None:
    storage = f"{scene.gateway.url}/storage/v1"
    owner = scene.headers(scene.token(Who.OWNER))
    signed = httpx.post(
        f"{storage}/object/sign/media/{scene.path}", json={"expiresIn": 2}, headers=owner
    ).json()
    url = f"{storage}{signed['signedURL']}"
    assert httpx.get(url).content == scene.data
    token = url.partition("token=")[2]
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))

    def with_claims(**different: object) -> str:
        edited = base64.urlsafe_b64encode(json.dumps({**claims, **different}).encode()).rstrip(b"=").decode()
        return f"{head}.{edited}.{signature}"

    other = f"media/{scene.tenant_id}/artifacts/{'cd' * 32}"
    for altered, path in (
        (with_claims(exp=int(time.time()) + 3600), scene.path),
        (with_claims(url=other), other.removeprefix("media/")),
        (f"{head}.{body}.", scene.path),
        (jwt.encode(claims, "a" * 32, algorithm="HS256"), scene.path),
        (token, f"{scene.tenant_id}/artifacts/{'cd' * 32}"),
        (scene.token(Who.STRANGER), scene.path),
        ("", scene.path),
    ):
        answer = httpx.get(f"{storage}/object/sign/media/{path}", params={"token": altered})
        assert 400 <= answer.status_code < 500, altered
        assert scene.data not in answer.content
    # What opens a file for reading is no leave to write it.
    put = httpx.put(f"{storage}/object/upload/sign/media/{scene.path}", params={"token": token}, content=OWN)
    assert 400 <= put.status_code < 500
    time.sleep(2.1)
    assert scene.data not in httpx.get(url).content


def test_leave_to_upload_is_no_leave_to_read_or_to_write_elsewhere(scene: Scene) -> None:
    storage = f"{scene.gateway.url}/storage/v1"
    editor = scene.headers(scene.token(Who.EDITOR))
    path = f"{scene.tenant_id}/uploads/picture.png"
    signed = httpx.post(f"{storage}/object/upload/sign/media/{path}", headers=editor)
    assert signed.status_code == 200, signed.text
    token = signed.json()["url"].partition("token=")[2]
    read = httpx.get(f"{storage}/object/sign/media/{path}", params={"token": token})
    assert 400 <= read.status_code < 500
    elsewhere = httpx.put(
        f"{storage}/object/upload/sign/media/{scene.path}", params={"token": token}, content=OWN
    )
    assert 400 <= elsewhere.status_code < 500
    assert httpx.get(f"{storage}/object/media/{scene.path}", headers=editor).content == scene.data
