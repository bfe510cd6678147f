"""cliprow.queue.frames: what parent and child say to each other."""

from __future__ import annotations

import asyncio
import io

import pytest

from cliprow.models import Stage
from cliprow.queue.frames import (
    FRAME_LIMIT,
    Answer,
    BadFrame,
    Done,
    Failed,
    Hello,
    MadeFile,
    Progress,
    Request,
    Settings,
    pack,
    read_answer,
    read_order,
)


async def answer_in(data: bytes) -> Answer:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return await read_answer(stream)


@pytest.mark.parametrize(
    "answer",
    [
        Hello({Stage.SCRIPT: "1"}),
        Progress(0.5),
        Done(b'{"a": 1}', [MadeFile("video", "/folder/ü.mp4", "video/mp4", "ü.mp4")]),
        Failed("CODE", "What happened.", "What to do.", True, 2.5, "trace"),
    ],
)
def test_an_answer_arrives_as_it_was_sent(answer: Answer) -> None:
    assert asyncio.run(answer_in(pack(answer))) == answer


@pytest.mark.parametrize("order", [Settings({"a.b": "c"}), Request(Stage.POST, b"{}", "/f", {"ab": "/p"})])
def test_an_order_arrives_as_it_was_sent(order: Settings | Request) -> None:
    assert read_order(io.BytesIO(pack(order))) == order


@pytest.mark.parametrize("rest", [b"", b"\0\0", pack(Settings({}))[:-1]])
def test_a_worker_that_is_gone_gives_no_order(rest: bytes) -> None:
    assert read_order(io.BytesIO(rest)) is None


@pytest.mark.parametrize(
    "data", [b"INFO: something a library prints", (FRAME_LIMIT + 1).to_bytes(4, "big"), b"\0\0\0\3abc"]
)
def test_what_is_no_message_is_refused_and_not_waited_for(data: bytes) -> None:
    with pytest.raises(BadFrame):
        asyncio.run(answer_in(data))
