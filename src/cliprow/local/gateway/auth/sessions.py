"""Sessions: one sign-in on one device, renewed by refresh tokens and ended by signing out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg import errors

from cliprow.local.gateway.auth import refresh_tokens
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.hook import ClaimsHook
from cliprow.local.gateway.auth.users import Connection, User, find_by_id
from cliprow.local.gateway.keys import AUDIENCE, Keyring

#: A used refresh token still gives the active one for so long, for clients that refresh twice at once.
REUSE_S = 10

Scope = Literal["global", "local", "others"]


@dataclass(frozen=True)
class Device:
    """Where a request comes from."""

    address: str
    user_agent: str | None


class Sessions:
    """Opens, renews and closes sessions; the tokens it gives are signed here and nowhere else."""

    def __init__(self, keyring: Keyring, hook: ClaimsHook, access_token_s: int) -> None:
        self._keyring, self._hook, self._access_token_s = keyring, hook, access_token_s

    async def open(self, connection: Connection, user: User, method: str, device: Device) -> dict[str, Any]:
        """Sign a user in, in the caller's transaction.

        Args:
            method: how it proved who it is: password, otp, oauth ...

        Returns:
            The answer of a successful sign-in.
        """
        session_id, key = uuid4(), refresh_tokens.new_key()
        await connection.execute(
            """
            insert into auth.sessions
                (id, user_id, created_at, updated_at, aal, user_agent, ip, refresh_token_hmac_key, refresh_token_counter)
            values (%s, %s, now(), now(), 'aal1', %s, %s, %s, 0)
            """,
            [session_id, user.id, device.user_agent, device.address, key],
        )
        await connection.execute(
            """
            insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
            values (%s, %s, now(), now(), %s)
            """,
            [uuid4(), session_id, method],
        )
        await connection.execute("update auth.users set last_sign_in_at = now() where id = %s", [user.id])
        user.last_sign_in_at = datetime.now(UTC)
        return await self._grant(
            connection, user, session_id, method, refresh_tokens.encode(session_id, 0, key)
        )

    async def renew(self, connection: Connection, token: str, device: Device) -> dict[str, Any] | AuthError:
        """Exchange a refresh token, in the caller's transaction, which is to be committed in either case.

        Returns:
            The answer of a successful sign-in; or the refusal, where a token was used again that somebody may have
            stolen: its session is then gone.

        Raises:
            AuthError: the token is not valid.
        """
        parsed = refresh_tokens.parse(token)
        if parsed is None:
            raise invalid("Refresh token is not valid")
        session = await self._lock(connection, parsed.session_id)
        if session is None or not parsed.is_signed_by(session["refresh_token_hmac_key"]):
            raise AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        user = await find_by_id(connection, session["user_id"])
        assert user is not None
        if user.is_banned:
            raise AuthError(400, "user_banned", "Invalid Refresh Token: User Banned")
        if session["has_ended"]:
            raise AuthError(400, "session_expired", "Invalid Refresh Token: Session Expired")
        active: int = session["refresh_token_counter"]
        behind = active - parsed.counter
        if behind < 0:
            raise invalid("Invalid Refresh Token: Not Issued By This Server")
        # One behind: the client never stored what it was given. Just refreshed: two requests of one client crossed.
        if behind > 1 and not session["is_just_refreshed"]:
            await connection.execute("delete from auth.sessions where id = %s", [parsed.session_id])
            return AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        if behind == 0:
            active += 1
            await connection.execute(
                """
                update auth.sessions
                set refresh_token_counter = %s, refreshed_at = clock_timestamp() at time zone 'utc', user_agent = %s,
                    ip = %s, updated_at = now()
                where id = %s
                """,
                [active, device.user_agent, device.address, parsed.session_id],
            )
        renewed = refresh_tokens.encode(parsed.session_id, active, session["refresh_token_hmac_key"])
        return await self._grant(connection, user, parsed.session_id, "token_refresh", renewed)

    async def close(
        self, connection: Connection, user_id: UUID, session_id: UUID | None, scope: Scope
    ) -> None:
        """Sign a user out: everywhere, here, or everywhere else."""
        if scope == "global" or session_id is None:
            await connection.execute("delete from auth.sessions where user_id = %s", [user_id])
        elif scope == "local":
            await connection.execute("delete from auth.sessions where id = %s", [session_id])
        else:
            await connection.execute(
                "delete from auth.sessions where user_id = %s and id <> %s", [user_id, session_id]
            )

    async def _lock(self, connection: Connection, session_id: UUID) -> dict[str, Any] | None:
        try:
            cursor = await connection.execute(
                """
                select
                    user_id, refresh_token_hmac_key, refresh_token_counter,
                    coalesce(not_after < now(), false) as has_ended,
                    coalesce(refreshed_at at time zone 'utc', created_at) > clock_timestamp() - make_interval(secs => %s)
                        as is_just_refreshed
                from auth.sessions
                where id = %s and refresh_token_hmac_key is not null and refresh_token_counter is not null
                for update
                """,
                [REUSE_S, session_id],
            )
        except errors.LockNotAvailable as error:
            raise AuthError(
                409,
                "conflict",
                "Too many concurrent token refresh requests on the same session or refresh token",
            ) from error
        return await cursor.fetchone()

    async def _grant(
        self, connection: Connection, user: User, session_id: UUID, method: str, refresh_token: str
    ) -> dict[str, Any]:
        issued_at = int(time.time())
        claims = await self._hook.apply(
            connection,
            {
                "iss": self._keyring.issuer,
                "sub": str(user.id),
                # users that SQL made may have none
                "aud": user.aud or AUDIENCE,
                "exp": issued_at + self._access_token_s,
                "iat": issued_at,
                "email": user.email or "",
                "phone": user.phone or "",
                "app_metadata": user.app_metadata,
                "user_metadata": user.user_metadata,
                "role": user.role or AUDIENCE,
                "aal": "aal1",
                "amr": await self._methods(connection, session_id),
                "session_id": str(session_id),
                "is_anonymous": user.is_anonymous,
            },
            method,
        )
        expires_at = claims["exp"]
        return {
            "access_token": self._keyring.sign(claims),
            "token_type": "bearer",
            "expires_in": expires_at - issued_at,
            "expires_at": expires_at,
            "refresh_token": refresh_token,
            "user": user.public(),
        }

    async def _methods(self, connection: Connection, session_id: UUID) -> list[Mapping[str, Any]]:
        cursor = await connection.execute(
            """
            select authentication_method as method, extract(epoch from updated_at)::bigint as timestamp
            from auth.mfa_amr_claims where session_id = %s order by updated_at desc
            """,
            [session_id],
        )
        return list(await cursor.fetchall())
