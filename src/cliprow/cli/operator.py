"""Who runs the deployment: commands that act over all tenants, as whom the database or the API takes for its operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import Connection
from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.asking import Question
from cliprow.cli.deployment import Choice
from cliprow.config import Config
from cliprow.doors import CLI
from cliprow.errors import InvalidInput, NotAllowed
from cliprow.local.stack import running_stack


class Asked(Protocol):
    """Whatever answers questions."""

    def ask(self, question: Question) -> Any:
        """The answer, as JSON."""
        ...


@dataclass(frozen=True)
class OwnOperator:
    """The operator of a database that this machine reaches, with the rights of whom it logs in as."""

    connection: Connection[Any]

    def ask(self, question: Question) -> Any:
        """The answer of the database."""
        arguments = [Jsonb(each) if isinstance(each, dict) else each for each in question.arguments]
        with db.translated(), self.connection.transaction():
            self.connection.execute("select set_config('cliprow.door', %s, true)", [CLI])
            row = self.connection.execute(question.sql, arguments).fetchone()
        return row[0] if row else None


@contextmanager
def open_operator(choice: Choice) -> Iterator[Asked]:
    """The deployment of a command, ready to be asked by its operator.

    Raises:
        NotAllowed: it is elsewhere, and SUPABASE_SECRET_KEY is not set.
        InvalidInput: a user was named to act for.
    """
    config = Config.from_environment()
    if choice.email:
        raise InvalidInput(
            "An operator acts for nobody.", next_step="Leave --as out, or ask for one tenant with --tenant."
        )
    address = choice.address(config)
    if address is None:
        with running_stack(config, gateway=False) as stack, db.connect(stack.admin) as connection:
            yield OwnOperator(connection)
        return
    if not config.supabase_secret_key:
        raise NotAllowed(
            f"At {address} operators are known by the project's secret key.",
            error_code="NOT_AN_OPERATOR",
            next_step="Set SUPABASE_SECRET_KEY, or use --local.",
        )
    from cliprow.remote.asking import ask_api
    from cliprow.remote.credentials import Credentials
    from cliprow.remote.operator import OperatorApi

    api = OperatorApi(address, Credentials(config.settings_folder), config.supabase_secret_key)

    class _Remote:
        def ask(self, question: Question) -> Any:
            return ask_api(api, question)

    try:
        yield _Remote()
    finally:
        api.close()
