"""One exchange with an OpenAI-compatible chat endpoint, and what its failures mean to us."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from cliprow.errors import FailForGood, RetryLater, StageError
from cliprow.providers.paid import PaidCalls, Permit, Usage

#: Far more than any script; protects our memory from a server that never stops sending.
_LONGEST_ANSWER = 4_000_000
#: The name that prices and rates go by.
PROVIDER = "openai"
#: Tokens of an answer, for rates, until the provider says how many there were.
_USUAL_ANSWER = 1500
_BYTES_PER_TOKEN = 4
_BUSY = {408, 409, 425, 429}
_RETRIED = "It is tried again by itself."


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers."""

    #: Up to and without `/chat/completions`.
    url: str
    model: str
    #: Empty where none is wanted.
    api_key: str = field(repr=False)
    #: For one exchange as a whole, however slowly the server sends.
    timeout_s: float


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Used(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Used | None = None
    id: str | None = None


@dataclass(frozen=True)
class ChatAnswer:
    """What the model said, and under which permit."""

    text: str
    permit: Permit


class _ErrorDetail(msgspec.Struct):
    message: str = ""
    code: str | int | None = None


class _ErrorBody(msgspec.Struct):
    error: _ErrorDetail | str


def chat(
    endpoint: Endpoint,
    messages: Sequence[dict[str, str]],
    name: str,
    schema: dict[str, Any],
    calls: PaidCalls,
) -> ChatAnswer:
    """Send messages, unless they were sent and answered before; the answer's text should be JSON by the schema.

    Raises:
        Deferred: the provider is not to be asked yet.
        RetryLater: 408, 409, 425, 429 and 5xx (honouring Retry-After), no connection, no answer in time, garbage.
        FailForGood: 401 and 403, any other status, or the model refuses.
    """
    body = {
        "model": endpoint.model,
        "messages": messages,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": name, "strict": True, "schema": schema},
        },
    }
    content = msgspec.json.encode(body)
    # The address too: equal words to another server are another call.
    permit = calls.ask(
        PROVIDER,
        endpoint.model,
        endpoint.url.encode() + b"\n" + content,
        len(content) // _BYTES_PER_TOKEN + _USUAL_ANSWER,
    )
    if permit.response is not None:
        return ChatAnswer(_text(permit.response, endpoint), permit)
    response = _exchange(endpoint, content, permit)
    if response.status_code != httpx.codes.OK:
        refusal = _refusal(response, endpoint)
        calls.failed(permit, refusal.retry_after_s if isinstance(refusal, RetryLater) else None)
        raise refusal
    try:
        completion = _decoded(response.content)
    except RetryLater:
        calls.failed(permit, None)
        raise
    used = completion.usage or _Used()
    answer = response.content.decode()
    calls.keep(
        permit,
        response.headers.get("x-request-id", "") or completion.id or "",
        Usage(input_tokens=used.prompt_tokens, output_tokens=used.completion_tokens),
        answer,
    )
    return ChatAnswer(_text(answer, endpoint), permit)


def _exchange(endpoint: Endpoint, content: bytes, permit: Permit) -> httpx.Response:
    try:
        return asyncio.run(_post(endpoint, content, permit.idempotency_key))
    except TimeoutError:
        raise RetryLater(
            f"The script provider gave no complete answer within {endpoint.timeout_s:.0f} s.",
            error_code="PROVIDER_TIMEOUT",
            next_step=f"{_RETRIED} For a slow model, raise CLIPROW_SCRIPT_TIMEOUT_S.",
        ) from None
    except httpx.InvalidURL as error:
        raise FailForGood(
            f"The script provider's address cannot be used: {error}.",
            error_code="PROVIDER_NOT_CONFIGURED",
            next_step="Correct CLIPROW_SCRIPT_BASE_URL.",
        ) from None
    except httpx.HTTPError as error:
        raise RetryLater(
            f"The script provider cannot be reached: {_without_key(str(error) or type(error).__name__, endpoint)}.",
            error_code="PROVIDER_UNREACHABLE",
            next_step=f"{_RETRIED} If it fails each time, check CLIPROW_SCRIPT_BASE_URL and the network.",
        ) from None


async def _post(endpoint: Endpoint, content: bytes, idempotency_key: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key}
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    # Redirects are not followed: the key is for this address only.
    async with asyncio.timeout(endpoint.timeout_s), httpx.AsyncClient(timeout=endpoint.timeout_s) as client:
        url = f"{endpoint.url}/chat/completions"
        async with client.stream("POST", url, content=content, headers=headers) as response:
            received = bytearray()
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > _LONGEST_ANSWER:
                    raise httpx.DecodingError("the answer is far too long")
            return httpx.Response(
                response.status_code, headers=_plain(response.headers), content=bytes(received)
            )


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Keep the headers that we read; those on encoding no longer hold once the body is decoded."""
    return {name: headers[name] for name in ("retry-after", "date", "x-request-id") if name in headers}


def _decoded(content: bytes | str) -> _Completion:
    try:
        completion = msgspec.json.decode(content, type=_Completion)
    except msgspec.MsgspecError:
        completion = _Completion([])
    if not completion.choices:
        raise RetryLater(
            "The script provider answered with something that is not a chat completion.",
            error_code="PROVIDER_INVALID_OUTPUT",
            next_step=f"{_RETRIED} If it fails each time, check CLIPROW_SCRIPT_BASE_URL: it must be OpenAI-compatible.",
        )
    return completion


def _text(answer: str, endpoint: Endpoint) -> str:
    choice = _decoded(answer).choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise FailForGood(
            f"The model refuses this topic: {_without_key((choice.message.refusal or 'filtered')[:300], endpoint)}",
            error_code="PROVIDER_REFUSED",
            next_step="Word the topic or the brief differently.",
        )
    return choice.message.content or ""


def _refusal(response: httpx.Response, endpoint: Endpoint) -> StageError:
    """Turn an HTTP status into what becomes of the task."""
    status = response.status_code
    said, code = _said(response, endpoint)
    message = f"The script provider answered with HTTP {status}{': ' + said if said else '.'}"
    if status in (401, 403):
        return FailForGood(
            message,
            error_code="PROVIDER_UNAUTHORIZED",
            next_step="Check CLIPROW_SCRIPT_API_KEY, and that it may use the model.",
        )
    if code == "insufficient_quota" or status == 402:
        return FailForGood(
            message,
            error_code="PROVIDER_QUOTA_EXHAUSTED",
            next_step="Add credit at the provider, then replay the task.",
        )
    if status in _BUSY:
        wait_s = retry_after_s(response.headers.get("retry-after", ""))
        return RetryLater(message, error_code="PROVIDER_BUSY", next_step=_RETRIED, retry_after_s=wait_s)
    if status >= 500:
        wait_s = retry_after_s(response.headers.get("retry-after", ""))
        return RetryLater(message, error_code="PROVIDER_FAILED", next_step=_RETRIED, retry_after_s=wait_s)
    return FailForGood(
        message,
        error_code="PROVIDER_REJECTED_REQUEST",
        next_step="Check CLIPROW_SCRIPT_BASE_URL and CLIPROW_SCRIPT_MODEL; the model must support structured output.",
    )


def _said(response: httpx.Response, endpoint: Endpoint) -> tuple[str, str]:
    """Return the provider's own message, shortened, and its error code."""
    try:
        error = msgspec.json.decode(response.content, type=_ErrorBody).error
    except msgspec.MsgspecError:
        return "", ""
    detail = error if isinstance(error, _ErrorDetail) else _ErrorDetail(error)
    return _without_key(" ".join(detail.message.split())[:300], endpoint), str(detail.code or "")


def _without_key(text: str, endpoint: Endpoint) -> str:
    return text.replace(endpoint.api_key, "***") if endpoint.api_key else text


def retry_after_s(value: str, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; None when there is none that can be read."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (then.replace(tzinfo=then.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
