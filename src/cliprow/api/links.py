"""Fetches a file that a user names by its address, as webhooks are called: https only, on the public internet only, to
just the address that was checked. Redirects are followed, each under the same rules; time and size have bounds, the
size also of what is unpacked: a few hundred bytes may hold gigabytes.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from urllib.parse import parse_qs

import httpx

from cliprow.errors import InvalidInput
from cliprow.queue.callbacks import Refused, resolve

#: Largest file, in bytes.
MAX_BYTES = 5_000_000
#: All of it, redirects included, in seconds.
_LIMIT_S = 20.0
_MAX_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(connect=5, read=10, write=10, pool=5)
_SHEET = re.compile(r"^/spreadsheets/(?:u/\d+/)?d/(?P<id>[\w-]{20,100})(?:/|$)")
_PUBLISHED = re.compile(r"^/spreadsheets/(?:u/\d+/)?d/e/(?P<id>[\w-]{20,200})/pub(?:html)?$")


def export_address(url: str) -> str:
    """Where a sheet of Google's is to be had as CSV; any other address as it is.

    >>> export_address("https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/edit#gid=7")
    'https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/export?format=csv&gid=7'

    Raises:
        InvalidInput: it is no address.
    """
    try:
        given = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise _refused("It is not an address.") from error
    if given.host != "docs.google.com":
        return str(given)
    said = parse_qs(given.query.decode("ascii")) | parse_qs(given.fragment)
    gid = said.get("gid", [""])[0]
    tab = f"&gid={gid}" if gid.isdecimal() else ""
    if found := _PUBLISHED.match(given.path):
        return f"https://docs.google.com/spreadsheets/d/e/{found['id']}/pub?output=csv{tab and f'{tab}&single=true'}"
    if found := _SHEET.match(given.path):
        return f"https://docs.google.com/spreadsheets/d/{found['id']}/export?format=csv{tab}"
    return str(given)


async def fetch(url: str, *, may_be_private: bool = False) -> tuple[bytes, str]:
    """The bytes of a file, and its media type.

    Args:
        may_be_private: also http, and addresses of private networks.

    Raises:
        InvalidInput: it cannot be had, is too large, or leads where we do not go.
    """
    try:
        async with (
            asyncio.timeout(_LIMIT_S),
            httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
        ):
            place = httpx.URL(url)
            for _ in range(_MAX_REDIRECTS + 1):
                answer = await _ask(client, place, may_be_private=may_be_private)
                if not isinstance(answer, httpx.URL):
                    return answer
                place = answer
    except Refused as error:
        raise _refused(str(error)) from error
    except TimeoutError as error:
        raise _refused(f"It did not come within {_LIMIT_S:.0f} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
        raise _refused(f"It could not be reached ({type(error).__name__}).") from error
    raise _refused(f"It leads on to other addresses more than {_MAX_REDIRECTS} times.")


async def _ask(
    client: httpx.AsyncClient, url: httpx.URL, *, may_be_private: bool
) -> tuple[bytes, str] | httpx.URL:
    """The file, or where it is instead."""
    if url.scheme != "https" and not (may_be_private and url.scheme == "http"):
        raise Refused("Its address is not https.")
    address = await resolve(
        url.host, url.port or (443 if url.scheme == "https" else 80), may_be_private=may_be_private
    )
    # To the address that was checked, with the certificate of the name.
    request = client.build_request(
        "GET",
        url.copy_with(host=address),
        headers={
            "Host": url.netloc.decode("ascii"),
            "User-Agent": "cliprow-import",
            "Accept": "text/csv, */*",
            "Accept-Encoding": "gzip",
        },
        extensions={"sni_hostname": url.host},
    )
    answer = await client.send(request, stream=True)
    try:
        if answer.has_redirect_location:
            return url.join(answer.headers["location"])
        if not answer.is_success:
            raise Refused(f"It answered {answer.status_code}.")
        data = bytearray()
        async for part in answer.aiter_raw():
            data += part
            if len(data) > MAX_BYTES:
                raise _too_large()
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return _unpacked(bytes(data), answer.headers.get("content-encoding", "")), media_type
    finally:
        await answer.aclose()


def _unpacked(data: bytes, encoding: str) -> bytes:
    """The file itself, no more of which is unpacked than it may have."""
    if encoding.strip().lower() in ("", "identity"):
        return data
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise Refused("It is packed in a way that was not asked for.")
    try:
        found = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise Refused("It is damaged.") from error
    if len(found) > MAX_BYTES:
        raise _too_large()
    return found


def _too_large() -> Refused:
    return Refused(f"It is larger than {MAX_BYTES / 1e6:g} MB.")


def _refused(why: str) -> InvalidInput:
    return InvalidInput(
        f"The file cannot be read from that link. {why}",
        error_code="LINK_UNREADABLE",
        next_step="Check that the link opens without signing in (share a sheet with anyone who has the link), or send the"
        " file itself.",
    )
