"""Cliprow's own bucket, reached by people who have really signed in, with nothing but Supabase's client."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from storage3.exceptions import StorageApiError

from supabase import Client, ClientOptions, create_client
from tests.gateway import Gateway
from tests.people import PASSWORD, new_email

TUS = {"Tus-Resumable": "1.0.0"}


def sign_up(gateway: Gateway, email: str) -> Client:
    """A client whose user has just been made."""
    client = create_client(
        gateway.url, gateway.settings.publishable_key, ClientOptions(auto_refresh_token=False)
    )
    assert client.auth.sign_up({"email": email, "password": PASSWORD}).session
    return client


def tenant_of(client: Client) -> str:
    """The tenant that the client's token names."""
    claims: Any = client.auth.get_claims()
    return str(claims["claims"]["tenant_id"])


def begin(gateway: Gateway, client: Client, path: str, size: int) -> httpx.Response:
    session = client.auth.get_session()
    assert session
    said = {"bucketName": "media", "objectName": path, "contentType": "video/mp4"}
    encoded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    return httpx.post(
        f"{gateway.url}/storage/v1/upload/resumable",
        headers={
            **TUS,
            "Authorization": f"Bearer {session.access_token}",
            "Upload-Length": str(size),
            "Upload-Metadata": encoded,
        },
    )


def test_a_removed_member_is_out_in_the_middle_of_an_upload(gateway: Gateway) -> None:
    email = new_email("guest")
    owner, guest = sign_up(gateway, new_email("owner")), sign_up(gateway, email)
    tenant_id = tenant_of(owner)
    invited: Any = owner.rpc("invite_member", {"email": email, "role": "editor"}).execute().data
    guest.rpc("accept_invitation", {"token": invited["token"]}).execute()
    guest.rpc("switch_tenant", {"tenant_id": tenant_id}).execute()
    guest.auth.refresh_session()
    assert tenant_of(guest) == tenant_id

    begun = begin(gateway, guest, f"{tenant_id}/uploads/film.mp4", 6)
    assert begun.status_code == 201, begun.text
    session = guest.auth.get_session()
    assert session
    headers = {
        **TUS,
        "Authorization": f"Bearer {session.access_token}",
        "Content-Type": "application/offset+octet-stream",
    }
    first = httpx.patch(begun.headers["Location"], headers={**headers, "Upload-Offset": "0"}, content=b"abc")
    assert first.status_code == 204
    owner.rpc("remove_member", {"user_id": session.user.id}).execute()
    last = httpx.patch(begun.headers["Location"], headers={**headers, "Upload-Offset": "3"}, content=b"def")
    assert last.status_code == 403
    assert owner.storage.from_("media").list(f"{tenant_id}/uploads") == []


def test_members_read_what_the_service_made_and_nobody_else_does(gateway: Gateway) -> None:
    owner, stranger = sign_up(gateway, new_email("owner")), sign_up(gateway, new_email("stranger"))
    service = create_client(gateway.url, gateway.settings.secret_key)
    path = f"{tenant_of(owner)}/artifacts/{'ab' * 32}"
    options: Any = {"content-type": "video/mp4", "cache-control": "31536000, immutable"}
    service.storage.from_("media").upload(path, b"film", options)
    assert owner.storage.from_("media").download(path) == b"film"
    assert owner.storage.from_("media").info(path)["cache_control"] == "max-age=31536000, immutable"
    link = owner.storage.from_("media").create_signed_url(path, 60)["signedURL"] or ""
    assert httpx.get(link).content == b"film"
    with pytest.raises(StorageApiError):
        stranger.storage.from_("media").download(path)
    with pytest.raises(StorageApiError):
        owner.storage.from_("media").update(path, b"forged", options)
    assert begin(gateway, owner, path, 6).status_code == 403
    assert begin(gateway, stranger, f"{tenant_of(owner)}/uploads/a.mp4", 6).status_code == 403


def test_tables_are_read_as_whoever_signed_in(gateway: Gateway) -> None:
    owner, stranger = sign_up(gateway, new_email("owner")), sign_up(gateway, new_email("stranger"))
    seen: list[Any] = [client.table("tenants").select("id").execute().data for client in (owner, stranger)]
    assert seen == [[{"id": tenant_of(owner)}], [{"id": tenant_of(stranger)}]]
    none = stranger.table("memberships").select("user_id").eq("tenant_id", tenant_of(owner)).execute().data
    assert none == []
