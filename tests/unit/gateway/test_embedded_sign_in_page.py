"""docs/embedded-sign-in.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from cliprow.account import LOCAL_EMAIL
from cliprow.local.gateway.auth.hook import TIMEOUT_MS
from cliprow.local.gateway.auth.sessions import REUSE_S
from cliprow.local.gateway.settings import OAuthProvider, Options

PAGE = (Path(__file__).parents[3] / "docs" / "embedded-sign-in.md").read_text(encoding="utf-8")


def test_it_lists_the_settings_there_are_in_their_order() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.M))
    assert list(rows) == list(Options.__struct_fields__)
    assert re.findall(r"`(\w+)`", rows["oauth"]) == list(OAuthProvider.__struct_fields__)


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"{REUSE_S} s ago" in PAGE
    assert f"has {TIMEOUT_MS // 1000} s" in PAGE
    assert LOCAL_EMAIL in PAGE
