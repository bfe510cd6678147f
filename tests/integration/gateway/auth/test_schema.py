"""What the gateway, our policies and our triggers rely on in the schema `auth`, as the real service makes it.

Read in supabase/auth's migrations; a change there that breaks one of these breaks us, too.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.cluster import Database

#: Columns that are read or written, with their types and whether they must have a value.
COLUMNS = {
    "users": {
        "instance_id": "uuid", "id": "uuid!", "aud": "character varying", "role": "character varying",
        "email": "character varying", "encrypted_password": "character varying",
        "email_confirmed_at": "timestamp with time zone", "invited_at": "timestamp with time zone",
        "confirmation_token": "character varying", "confirmation_sent_at": "timestamp with time zone",
        "recovery_token": "character varying", "recovery_sent_at": "timestamp with time zone",
        "email_change_token_new": "character varying", "email_change": "character varying",
        "email_change_sent_at": "timestamp with time zone", "last_sign_in_at": "timestamp with time zone",
        "raw_app_meta_data": "jsonb", "raw_user_meta_data": "jsonb", "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone", "phone": "text", "confirmed_at": "timestamp with time zone",
        "email_change_confirm_status": "smallint", "banned_until": "timestamp with time zone",
        "reauthentication_sent_at": "timestamp with time zone", "is_sso_user": "boolean!",
        "deleted_at": "timestamp with time zone", "is_anonymous": "boolean!",
    },
    "identities": {
        "provider_id": "text!", "user_id": "uuid!", "identity_data": "jsonb!", "provider": "text!",
        "last_sign_in_at": "timestamp with time zone", "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone", "email": "text", "id": "uuid!",
    },
    "sessions": {
        "id": "uuid!", "user_id": "uuid!", "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone", "aal": "auth.aal_level", "not_after": "timestamp with time zone",
        "refreshed_at": "timestamp without time zone", "user_agent": "text", "ip": "inet",
        "refresh_token_hmac_key": "text", "refresh_token_counter": "bigint", "scopes": "text",
    },
    "one_time_tokens": {
        "id": "uuid!", "user_id": "uuid!", "token_type": "auth.one_time_token_type!", "token_hash": "text!",
        "relates_to": "text!", "created_at": "timestamp without time zone!",
        "updated_at": "timestamp without time zone!",
    },
    "flow_state": {
        "id": "uuid!", "user_id": "uuid", "auth_code": "text", "code_challenge_method": "auth.code_challenge_method",
        "code_challenge": "text", "provider_type": "text!", "provider_access_token": "text",
        "provider_refresh_token": "text", "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone", "authentication_method": "text!",
        "auth_code_issued_at": "timestamp with time zone", "invite_token": "text", "referrer": "text",
        "oauth_client_state_id": "uuid", "linking_target_id": "uuid", "email_optional": "boolean!",
    },
    "oauth_client_states": {
        "id": "uuid!", "provider_type": "text!", "code_verifier": "text", "created_at": "timestamp with time zone!",
    },
    "mfa_amr_claims": {
        "session_id": "uuid!", "created_at": "timestamp with time zone!", "updated_at": "timestamp with time zone!",
        "authentication_method": "text!", "id": "uuid!",
    },
}  # fmt: skip


@pytest.mark.parametrize("table", COLUMNS)
def test_columns(catalog: Database, table: str) -> None:
    with psycopg.connect(catalog.admin) as connection:
        found: dict[str, str] = dict(
            connection.execute(
                """
                select attname, format_type(atttypid, null) || case when attnotnull then '!' else '' end
                from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped
                """,
                [f"auth.{table}"],
            ).fetchall()
        )
    assert {name: found.get(name) for name in COLUMNS[table]} == COLUMNS[table]


def test_one_user_an_address_and_one_identity_an_account(catalog: Database) -> None:
    with psycopg.connect(catalog.admin) as connection:
        unique = {
            definition.split(" USING ")[1]
            for (definition,) in connection.execute(
                """
                select pg_get_indexdef(indexrelid) from pg_index
                where indisunique and indrelid in ('auth.users'::regclass, 'auth.identities'::regclass,
                    'auth.one_time_tokens'::regclass, 'auth.mfa_amr_claims'::regclass)
                """
            )
        }
    assert {
        "btree (email) WHERE (NOT is_sso_user)",
        "btree (provider_id, provider)",
        "btree (user_id, token_type)",
        "btree (session_id, authentication_method)",
    } <= unique


def test_sessions_and_their_rows_go_with_the_user(catalog: Database) -> None:
    with psycopg.connect(catalog.admin) as connection:
        found = {
            (child, parent)
            for child, parent in connection.execute(
                """
                select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
                where contype = 'f' and confdeltype = 'c' and connamespace = 'auth'::regnamespace
                """
            )
        }
    assert {
        ("auth.identities", "auth.users"),
        ("auth.sessions", "auth.users"),
        ("auth.one_time_tokens", "auth.users"),
        ("auth.mfa_amr_claims", "auth.sessions"),
    } <= found


@pytest.mark.parametrize("table", COLUMNS)
def test_rows_are_for_auth_alone(catalog: Database, table: str) -> None:
    """`postgres` may look; the roles of the API may not, whatever policies say."""
    with psycopg.connect(catalog.admin) as connection:
        row = connection.execute(
            """
            select relrowsecurity, pg_get_userbyid(relowner),
                array(select r from unnest(array['anon', 'authenticated', 'service_role', 'postgres']) as r
                    where has_table_privilege(r, oid, 'select')),
                has_table_privilege('anon', oid, 'insert') or has_table_privilege('authenticated', oid, 'insert')
            from pg_class where oid = %s::regclass
            """,
            [f"auth.{table}"],
        ).fetchone()
    assert row == (True, "supabase_auth_admin", ["postgres"], False)


def test_the_mailbox_is_for_the_gateway_alone(catalog: Database) -> None:
    with psycopg.connect(catalog.admin) as connection:
        row = connection.execute(
            """
            select array(select r from unnest(array['anon', 'authenticated', 'service_role', 'authenticator',
                'supabase_auth_admin']) as r where has_table_privilege(r, 'local_stack.mailbox', 'select'))
            """
        ).fetchone()
    assert row == (["supabase_auth_admin"],)
