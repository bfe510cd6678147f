"""`cliprow login`, `logout` and `whoami`: who you are at a deployment elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from cliprow.cli.output import json_option, print_json
from cliprow.config import Config
from cliprow.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from cliprow.remote.api import Api
    from cliprow.remote.credentials import Credentials

#: Where `cliprow up` serves its API.
_OWN_API = "http://127.0.0.1:8000"

api_option = click.option(
    "--api", metavar="URL", default=None, help="The deployment's address (default: CLIPROW_API_URL)."
)


@click.command(short_help="Sign in at a deployment, which commands then use.")
@api_option
@click.option("--email", default=None, help="Your address (default: asked for).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--provider", default=None, metavar="NAME", help="Sign in in the browser, with this provider.")
@click.option("--allow-http", is_flag=True, help="Send the password even where the address is not https.")
@json_option
def login(
    api: str | None,
    email: str | None,
    password_stdin: bool,
    provider: str | None,
    allow_http: bool,
    as_json: bool,
) -> None:
    """Sign in at a deployment. From then on batch and job commands use it, until `cliprow logout`."""
    from cliprow.remote.api import Api, check_address
    from cliprow.remote.credentials import Credentials
    from cliprow.remote.sign_in import BrowserSignIn, sign_in_with_password

    config = Config.from_environment()
    address = check_address(api or config.api_url or _OWN_API, allow_http=allow_http)
    credentials, at = Credentials(config.settings_folder), Api(address, Credentials(config.settings_folder))
    if provider:
        browser = BrowserSignIn(at, provider)
        click.echo(f"Sign in in the browser: {browser.url}", err=True)
        click.launch(browser.url)
        browser.finish(credentials)
    else:
        if email is None:
            if password_stdin:
                raise InvalidInput(
                    "Whose password it is was not said.", next_step="Name the address with --email."
                )
            email = click.prompt("Email", err=True)
        sign_in_with_password(at, credentials, email, _password(from_stdin=password_stdin))
    _tell(at, as_json=as_json)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise InvalidInput(
                "No password came on standard input.", next_step="Pipe it in, or leave the option out."
            )
        return password
    answer: str = click.prompt("Password", hide_input=True, err=True)
    return answer


@click.command()
@api_option
def logout(api: str | None) -> None:
    """End your sign-in at a deployment; commands then use this machine's own database again."""
    from cliprow.remote.sign_in import sign_out

    at, credentials = _signed_in_at(api)
    ended = sign_out(at, credentials)
    click.echo(f"{ended.email} is signed out of {at.url}." if ended else f"Nobody was signed in at {at.url}.")


@click.command()
@api_option
@json_option
def whoami(api: str | None, as_json: bool) -> None:
    """Where you are signed in, as whom, and what you may do there."""
    _tell(_signed_in_at(api)[0], as_json=as_json)


def _signed_in_at(api: str | None) -> tuple[Api, Credentials]:
    from cliprow.remote.api import Api, check_address
    from cliprow.remote.credentials import Credentials

    config = Config.from_environment()
    credentials = Credentials(config.settings_folder)
    address = api or config.api_url or credentials.current()
    if not address:
        raise NotFound(
            "You are signed in nowhere; commands use this machine's own database.",
            error_code="NOT_SIGNED_IN",
            next_step="`cliprow login --api URL` signs in at a deployment.",
        )
    return Api(check_address(address, allow_http=True), credentials), credentials


def _tell(at: Api, *, as_json: bool) -> None:
    found: dict[str, Any] = at.get("/auth/session")
    if as_json:
        print_json({"api": at.url, **found})
        return
    role = f", {found['project_role']}" if found.get("project_role") else ""
    click.echo(f"{found.get('email') or found['user_id']} at {at.url}{role}")
    if not found.get("tenant_id"):
        click.echo(
            "Next: you belong to no team there; create one or accept an invitation, then sign in again."
        )
