"""Asks people by e-mail to prove an address: the messages lie in the mailbox that the gateway shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from cliprow.local.gateway.auth import flows, one_time
from cliprow.local.gateway.auth.flows import Challenge
from cliprow.local.gateway.auth.one_time import Kind, Secret, TokenType
from cliprow.local.gateway.auth.users import EMAIL, Connection, User, update_user

#: Messages are dropped after so many days.
KEPT_DAYS = 30

#: How a sign-in that ends with a message of this kind is called in auth.flow_state.
METHODS: dict[str, str] = {
    "signup": "email/signup",
    "invite": "invite",
    "recovery": "recovery",
    "magiclink": "magiclink",
    "email_change": "email_change",
}
_TOKEN_TYPES: dict[Kind, TokenType] = {
    "signup": "confirmation_token",
    "invite": "confirmation_token",
    "recovery": "recovery_token",
    "magiclink": "recovery_token",
    "email_change": "email_change_token_new",
    "reauthentication": "reauthentication_token",
}
#: Column of auth.users that says when the message was sent.
_SENT_AT: dict[Kind, str] = {
    "signup": "confirmation_sent_at",
    "invite": "confirmation_sent_at",
    "recovery": "recovery_sent_at",
    "magiclink": "recovery_sent_at",
    "email_change": "email_change_sent_at",
    "reauthentication": "reauthentication_sent_at",
}
_SUBJECTS: dict[Kind, str] = {
    "signup": "Confirm your sign-up",
    "invite": "You have been invited",
    "recovery": "Reset your password",
    "magiclink": "Your sign-in link",
    "email_change": "Confirm the change of your e-mail address",
    "reauthentication": "Confirm that it is you",
}
_TEXTS: dict[Kind, str] = {
    "signup": "Follow this link to confirm your sign-up.",
    "invite": "Follow this link to accept the invitation.",
    "recovery": "Follow this link to set a new password.",
    "magiclink": "Follow this link to sign in.",
    "email_change": "Follow this link to confirm the change of your e-mail address.",
    "reauthentication": "Enter this code where you were asked for it.",
}


class Mailer:
    """Knows where links lead."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def link(self, kind: Kind, secret: Secret, redirect_to: str) -> str:
        """The link of a message: it verifies the token, then leads on."""
        query = {"token": secret.hash, "type": kind, "redirect_to": redirect_to}
        return f"{self._issuer}/verify?{urlencode(query)}"

    async def ask(
        self,
        connection: Connection,
        user: User,
        kind: Kind,
        redirect_to: str,
        challenge: Challenge | None = None,
    ) -> None:
        """Send a message to the user's address, and remember what it asks for."""
        assert user.email is not None
        if challenge:
            await flows.start(
                connection, provider=EMAIL, method=METHODS[kind], challenge=challenge, user_id=user.id
            )
        secret = await self.prepare(connection, user, kind, is_pkce=challenge is not None)
        await self._deliver(connection, kind, user.email, secret, redirect_to)

    async def prepare(
        self, connection: Connection, user: User, kind: Kind, *, is_pkce: bool = False
    ) -> Secret:
        """What a message to the user's address would carry, remembered but not sent."""
        assert user.email is not None
        secret = one_time.new_secret(user.email, is_pkce=is_pkce)
        await one_time.store(connection, user, _TOKEN_TYPES[kind], secret, user.email)
        sent: dict[str, Any] = {_SENT_AT[kind]: datetime.now(UTC)}
        if kind == "invite":
            sent["invited_at"] = sent[_SENT_AT[kind]]
        await update_user(connection, user, **sent)
        return secret

    async def ask_for_change(
        self,
        connection: Connection,
        user: User,
        new_email: str,
        redirect_to: str,
        challenge: Challenge | None = None,
        *,
        ask_both: bool,
    ) -> None:
        """Ask at the new address, and at the old one too if both must agree, whether it may become the user's."""
        if challenge:
            await flows.start(
                connection,
                provider=EMAIL,
                method=METHODS["email_change"],
                challenge=challenge,
                user_id=user.id,
            )
        asked: list[tuple[TokenType, str]] = [("email_change_token_new", new_email)]
        if ask_both and user.email:
            asked.append(("email_change_token_current", user.email))
        for token_type, recipient in asked:
            secret = one_time.new_secret(recipient, is_pkce=challenge is not None)
            await one_time.store(connection, user, token_type, secret, recipient)
            await self._deliver(connection, "email_change", recipient, secret, redirect_to)
        await update_user(
            connection,
            user,
            email_change=new_email,
            email_change_sent_at=datetime.now(UTC),
            email_change_confirm_status=0,
        )

    async def _deliver(
        self, connection: Connection, kind: Kind, recipient: str, secret: Secret, redirect_to: str
    ) -> None:
        link = None if kind == "reauthentication" else self.link(kind, secret, redirect_to)
        lines = [_TEXTS[kind], f"The code is {secret.code}."]
        if link is not None:
            lines = [_TEXTS[kind], link, f"Or enter the code {secret.code}."]
        await connection.execute(
            "delete from local_stack.mailbox where created_at < now() - make_interval(days => %s)",
            [KEPT_DAYS],
        )
        await connection.execute(
            """
            insert into local_stack.mailbox (recipient, subject, kind, body, link, code)
            values (%s, %s, %s, %s, %s, %s)
            """,
            [recipient, _SUBJECTS[kind], kind, "\n\n".join(lines), link, secret.code],
        )
