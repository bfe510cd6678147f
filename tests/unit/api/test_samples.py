"""What the API asks the program of samples for, and what it keeps of it."""

from __future__ import annotations

import asyncio
import gc
import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from cliprow.api.samples import Samples
from cliprow.errors import Unavailable


def test_logos_are_not_kept_in_memory() -> None:
    noise = np.random.default_rng(1)
    samples = Samples({})
    tracemalloc.start()
    try:
        for _ in range(2):
            buffer = io.BytesIO()
            Image.fromarray(noise.integers(0, 256, (600, 600, 3), dtype=np.uint8)).save(buffer, "PNG")
            assert len(asyncio.run(samples.clean_logo(buffer.getvalue()))) > 1_000_000
        del buffer
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 2_000_000, "two that were kept took five"
    finally:
        tracemalloc.stop()


def test_the_log_says_why_a_process_crashed(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unavailable) as raised:
        asyncio.run(Samples({}).ask(style={"style": "no such style", "width": 64, "height": 64}))
    assert raised.value.error_code == "SAMPLE_FAILED"
    assert "ValueError: 'no such style'" in caplog.text
