"""Where people may be sent: patterns, and addresses that only look allowed."""

from __future__ import annotations

import pytest

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.auth.redirects import is_allowed, with_error, with_fragment, with_query
from cliprow.local.gateway.settings import Options

OPTIONS = Options(
    site_url="https://cliprow.example/app",
    redirect_urls=(
        "http://127.0.0.1:*",
        "https://other.example/exact?x=1",
        "https://third.example/app/*",
        "myapp://in",
    ),
)


@pytest.mark.parametrize(
    "url",
    [
        "https://cliprow.example/anything?at=all",
        "http://127.0.0.1:3000/back",
        "http://127.0.0.1/",
        "https://other.example/exact?x=1",
        "https://third.example/app/deeper/page",
        "myapp://in",
    ],
)
def test_allowed(url: str) -> None:
    assert is_allowed(url, OPTIONS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "//127.0.0.1/x",
        "http://cliprow.example/app",  # another scheme
        "https://cliprow.example:8443/app",  # another port
        "https://cliprow.example.evil.example/app",
        "https://evil.example/https://cliprow.example/app",
        "http://127.0.0.1:80@evil.example/",
        "http://127.0.0.1:@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1:evil.example/",
        "http://127.0.0.1\\@evil.example/",
        "http://evil.example\\@127.0.0.1/",
        "https://other.example/exact?x=2",
        "https://other.example/exact/more",
        "https://third.example/app/../evil",
        "https://third.example/application",
        "https://third.example:444/app/x",
        "javascript://127.0.0.1:80/%0aalert(1)",
        "data:text/html,hello",
        "http://127.0.0.1:80/\r\nSet-Cookie: a=b",
        "otherapp://in",
    ],
)
def test_refused(url: str) -> None:
    assert not is_allowed(url, OPTIONS)


def test_answers_keep_what_the_address_had() -> None:
    assert (
        with_query("https://a.example/b?c=d&code=old", {"code": "x y"}) == "https://a.example/b?c=d&code=x+y"
    )
    assert with_fragment("https://a.example/b?c=d#old", {"e": "f"}) == "https://a.example/b?c=d#e=f&sb="
    told = with_error("https://a.example/", AuthError(403, "otp_expired", "Too late"), in_query=True)
    assert told == (
        "https://a.example/?error=access_denied&error_code=otp_expired&error_description=Too+late"
        "#error=access_denied&error_code=otp_expired&error_description=Too+late&sb="
    )
