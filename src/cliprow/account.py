"""Who a command line acts for: a user and one of its tenants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from cliprow import db
from cliprow.doors import CLI
from cliprow.errors import NotFound

#: The user of the embedded stack; nobody can sign in as it, because it has no password.
LOCAL_EMAIL = "you@cliprow.local"

_Row = TypeVar("_Row", bound=msgspec.Struct)


@dataclass
class Account:
    """A user acting in a tenant, on a connection of its own, which is opened again when it was lost."""

    conninfo: str = field(repr=False)
    connection: Connection[Any]
    user_id: UUID
    tenant_id: UUID

    @contextmanager
    def acting(self, *, timeout_ms: int = db.USER_TIMEOUT_MS) -> Iterator[Connection[Any]]:
        """One transaction in which row-level security sees this user.

        Raises:
            Unavailable: the database does not answer.
        """
        if self.connection.closed:
            self.connection = db.connect(self.conninfo)
        with db.as_user(
            self.connection, self.user_id, self.tenant_id, timeout_ms=timeout_ms, door=CLI
        ) as connection:
            yield connection

    def read(
        self, kind: type[_Row], query: str, arguments: Sequence[object] | Mapping[str, object]
    ) -> list[_Row]:
        """The rows of a query, seen as this user, its columns being the fields of `kind`."""
        with self.acting() as connection:
            rows = connection.cursor(row_factory=dict_row).execute(query, arguments).fetchall()
        return msgspec.convert(rows, list[kind], strict=False)  # type: ignore[valid-type]


def open_account(conninfo: str, email: str) -> Account:
    """Act for an existing user, in the tenant it joined first.

    Raises:
        NotFound: nobody has this address, or the user belongs to no tenant.
    """
    connection = db.connect(conninfo)
    with db.translated():
        row = connection.execute(
            "select u.id, m.tenant_id from auth.users as u join public.memberships as m on m.user_id = u.id"
            " join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null"
            " where lower(u.email) = lower(%s) order by m.created_at limit 1",
            [email],
        ).fetchone()
    if row is None:
        connection.close()
        raise NotFound(
            f"No user {email} belongs to a tenant here.",
            error_code="USER_NOT_FOUND",
            next_step="Sign up in the web app, or name another user with --as or CLIPROW_USER.",
        )
    return Account(conninfo, connection, *row)


def open_local_account(conninfo: str) -> Account:
    """Act for the user of the embedded stack; the first time, that user and its tenant are made."""
    try:
        return open_account(conninfo, LOCAL_EMAIL)
    except NotFound:
        with db.connect(conninfo) as connection, db.translated(), connection.transaction():
            # Two first commands at once: the second waits here and finds the user made.
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [LOCAL_EMAIL])
            connection.execute(
                "insert into auth.users (id, email, raw_user_meta_data)"
                """ select %s, %s, '{"tenant_name": "My team"}'"""
                " where not exists (select from auth.users where email = %s)",
                [uuid4(), LOCAL_EMAIL, LOCAL_EMAIL],
            )
            # The user is left when its tenant was deleted.
            connection.execute(
                "with me as (select u.id, private.uuid_v7() as tenant_id from auth.users as u where u.email = %s"
                " and not exists (select from public.memberships as m"
                " join public.tenants as t on t.id = m.tenant_id and t.deleted_at is null where m.user_id = u.id)),"
                " made as (insert into public.tenants (id, name) select me.tenant_id, 'My team' from me returning id)"
                " insert into public.memberships (tenant_id, user_id, role) select made.id, me.id, 'owner' from made, me",
                [LOCAL_EMAIL],
            )
        return open_account(conninfo, LOCAL_EMAIL)
