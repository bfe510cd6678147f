from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cliprow.media.fonts import Fonts
from cliprow.media.palettes import PALETTES
from cliprow.media.thumbnail import draw_thumbnail, save_jpeg
from cliprow.models import Tone


@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920), (640, 640)])
@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("Sourdough", "en"),
        ("Everything about cold brew " * 8, "en"),
        ("كيف تصنع قهوة باردة", "ar"),
        ("", "en"),
    ],
)
def test_a_title_of_any_length_stays_off_the_edges(size: tuple[int, int], title: str, language: str) -> None:
    ground = Image.new("RGB", (540, 960), "#204060")
    drawn = draw_thumbnail(ground, title, PALETTES[Tone.PROFESSIONAL], Fonts(language), size)
    assert drawn.size == size
    pixels = np.asarray(drawn).astype(int)
    changed = np.abs(pixels - pixels[0, 0]).max(axis=2) > 40
    inner = changed[: int(size[1] * 0.97)]  # below runs the coloured edge
    if title:
        rows, columns = inner.any(axis=1).nonzero()[0], inner.any(axis=0).nonzero()[0]
        assert rows[0] > 0.06 * size[1]
        assert rows[-1] < 0.94 * size[1]
        assert columns[0] > 0.02 * size[0]
        assert columns[-1] < 0.98 * size[0]


def test_a_jpeg_is_as_good_as_its_size_allows(tmp_path: Path) -> None:
    noise = Image.effect_noise((640, 360), 40).convert("RGB")
    save_jpeg(noise, tmp_path / "large.jpg", 2_000_000)
    save_jpeg(noise, tmp_path / "small.jpg", 60_000)
    save_jpeg(noise, tmp_path / "tiny.jpg", 4_000)
    assert (tmp_path / "large.jpg").stat().st_size > (tmp_path / "small.jpg").stat().st_size
    assert (tmp_path / "small.jpg").stat().st_size <= 60_000
    assert (tmp_path / "tiny.jpg").stat().st_size <= 4_000
    with Image.open(tmp_path / "small.jpg") as image:
        assert image.format == "JPEG"
        assert image.size == (640, 360)
