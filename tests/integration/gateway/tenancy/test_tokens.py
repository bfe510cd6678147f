"""Tokens that the gateway signs name a tenant; another one is chosen for one sign-in and comes with its next token."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import jwt
import psycopg
import pytest
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError

from tests.gateway import Gateway
from tests.people import Person, new_email, renew, sign_in, sign_up, signed_in


def claims(person: Person) -> dict[str, Any]:
    """What the person's token says; whether it is genuine is tested elsewhere."""
    return dict(jwt.decode(person.access_token, options={"verify_signature": False}))


def call(gateway: Gateway, person: Person, statement: str, *arguments: object) -> Any:
    """What the database answers to a statement with the person's token."""
    with psycopg.connect(gateway.database.admin) as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', 'authenticated', true)",
            [json.dumps(claims(person))],
        )
        row = connection.execute(statement.encode(), arguments or None).fetchone()
    return row[0] if row else None


def refresh(gateway: Gateway, person: Person) -> Person:
    """The same sign-in with its next token."""
    answer = renew(gateway, person.refresh_token)
    assert answer.status_code == 200, answer.text
    return signed_in(answer.json())


def join(gateway: Gateway, owner: Person, guest: Person, email: str, role: str) -> UUID:
    """Invite and accept; returns the tenant."""
    invited = call(gateway, owner, "select public.invite_member(%s, %s)", email, role)
    accepted = call(gateway, guest, "select public.accept_invitation(%s)", invited["token"])
    return UUID(accepted["tenant_id"])


def storage(gateway: Gateway, person: Person) -> Any:
    headers = {
        "apikey": gateway.settings.publishable_key,
        "Authorization": f"Bearer {person.access_token}",
    }
    return SyncStorageClient(f"{gateway.url}/storage/v1/", headers).from_("media")


def test_a_token_names_tenant_role_and_scope(gateway: Gateway) -> None:
    person = sign_up(gateway)
    said = claims(person)
    assert (said["project_role"], said["analytics_scope"]) == ("owner", "tenant")
    assert call(gateway, person, "select private.tenant_id()::text") == said["tenant_id"]


def test_another_tenant_is_chosen_for_one_sign_in(gateway: Gateway) -> None:
    owner, email = sign_up(gateway), new_email("guest")
    laptop = sign_up(gateway, email)
    phone = sign_in(gateway, email)
    own = claims(laptop)["tenant_id"]
    tenant_id = join(gateway, owner, laptop, email, "editor")
    call(gateway, laptop, "select public.switch_tenant(%s)", tenant_id)
    assert call(gateway, laptop, "select private.tenant_id()::text") == own
    laptop, phone = refresh(gateway, laptop), refresh(gateway, phone)
    assert claims(laptop)["tenant_id"] == str(tenant_id)
    assert claims(laptop)["project_role"] == "editor"
    assert claims(phone)["tenant_id"] == own
    # It stays chosen, and goes when the membership does.
    laptop = refresh(gateway, laptop)
    assert claims(laptop)["tenant_id"] == str(tenant_id)
    call(gateway, owner, "select public.remove_member(%s)", laptop.id)
    assert call(gateway, laptop, "select private.tenant_id()") is None
    assert claims(refresh(gateway, laptop))["tenant_id"] == own


def test_files_are_read_by_members_and_uploaded_by_editors(gateway: Gateway) -> None:
    owner, email = sign_up(gateway), new_email("viewer")
    viewer, stranger = sign_up(gateway, email), sign_up(gateway)
    tenant_id = join(gateway, owner, viewer, email, "viewer")
    call(gateway, viewer, "select public.switch_tenant(%s)", tenant_id)
    viewer = refresh(gateway, viewer)
    path = f"{tenant_id}/uploads/picture.png"
    storage(gateway, owner).upload(path, b"picture", {"content-type": "image/png"})
    assert storage(gateway, owner).download(path) == storage(gateway, viewer).download(path) == b"picture"
    signed = storage(gateway, viewer).create_signed_url(path, 60)
    assert signed["signedURL"]
    for person, where in (
        (viewer, f"{tenant_id}/uploads/other.png"),
        (stranger, f"{tenant_id}/uploads/other.png"),
        (owner, f"{tenant_id}/artifacts/other.png"),
        (owner, f"{claims(stranger)['tenant_id']}/uploads/other.png"),
    ):
        with pytest.raises(StorageApiError):
            storage(gateway, person).upload(where, b"other", {"content-type": "image/png"})
    with pytest.raises(StorageApiError):
        storage(gateway, stranger).download(path)
    for person in (stranger, viewer, owner):
        assert storage(gateway, person).remove([path]) == []
    assert storage(gateway, stranger).list(str(tenant_id)) == []
    with pytest.raises(StorageApiError):
        storage(gateway, owner).upload(path, b"new", {"content-type": "image/png", "upsert": "true"})
    call(gateway, owner, "select public.remove_member(%s)", viewer.id)
    with pytest.raises(StorageApiError):
        storage(gateway, viewer).download(path)
