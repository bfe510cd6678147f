from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cliprow.media import kernels
from cliprow.media.planes import Box, Planes, ZoomPicture, colour, from_rgb, new_frame, to_rgb


def picture(width: int, height: int) -> Planes:
    """Return smooth planes, so that resampling has one right answer."""
    x = np.linspace(0, 6, width)[None, :]
    y = np.linspace(0, 4, height)[:, None]
    luma = (128 + 60 * np.sin(x) + 50 * np.cos(y)).astype(np.uint8)
    return Planes(luma, luma[::2, ::2].copy(), 255 - luma[::2, ::2])


def bilinear(plane: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Sample a plane at the centres of target pixels, the slow way."""
    x = np.clip(box.left + (np.arange(width) + 0.5) * box.width / width - 0.5, 0, plane.shape[1] - 1.001)
    y = np.clip(box.top + (np.arange(height) + 0.5) * box.height / height - 0.5, 0, plane.shape[0] - 1.001)
    x0, y0 = x.astype(int), y.astype(int)
    fx, fy = (x - x0)[None, :], (y - y0)[:, None]
    p = plane.astype(float)
    upper = p[y0][:, x0] * (1 - fx) + p[y0][:, x0 + 1] * fx
    lower = p[y0 + 1][:, x0] * (1 - fx) + p[y0 + 1][:, x0 + 1] * fx
    mixed: np.ndarray = upper * (1 - fy) + lower * fy
    return mixed


@pytest.mark.parametrize("size", [(108, 192), (192, 108), (180, 180)])
@pytest.mark.parametrize("share", [(0.0, 0.0, 1.0), (0.041, 0.057, 0.9), (0.013, 0.0, 0.953)])
def test_a_zoom_equals_bilinear_sampling_to_two_steps(
    size: tuple[int, int], share: tuple[float, float, float]
) -> None:
    width, height = size
    source = picture(width + 20, height + 28)
    box = Box(
        share[0] * source.y.shape[1],
        share[1] * source.y.shape[0],
        share[0] * source.y.shape[1] + share[2] * width,
        share[1] * source.y.shape[0] + share[2] * height,
    )
    _, target = new_frame(width, height)
    ZoomPicture(source, width, height).draw(target, box)
    for plane, drawn, part in zip(source, target, (1, 2, 2), strict=True):
        wanted = bilinear(plane, Box(*(side / part for side in box)), width // part, height // part)
        assert np.abs(drawn - wanted).max() <= 2.5


def test_transposing_loses_nothing() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (48, 72), dtype=np.uint8)
    turned = np.zeros((72, 48), np.uint8)
    kernels.transpose(plane.view(np.uint64), turned.view(np.uint64))
    assert (turned == plane.T).all()


def test_blending_reaches_both_ends_exactly() -> None:
    plane = np.full((4, 64), 16, np.uint8)
    mask = np.tile(np.array([[0, 255]], np.uint8), (4, 32))
    kernels.tint(plane, mask, 235, 256)
    assert (plane[:, ::2] == 16).all()
    assert (plane[:, 1::2] == 235).all()


@pytest.mark.parametrize("rgb", ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#5cc8ff", "#ffd43b"])
def test_named_colours_and_pictures_agree(rgb: str) -> None:
    planes = from_rgb(Image.new("RGB", (16, 16), rgb))
    assert np.abs(np.array([p[4, 4] for p in planes], int) - np.array(colour(rgb))).max() <= 1
    shown = np.asarray(to_rgb(planes))[8, 8].astype(int)
    assert np.abs(shown - np.asarray(Image.new("RGB", (1, 1), rgb))[0, 0]).max() <= 3
