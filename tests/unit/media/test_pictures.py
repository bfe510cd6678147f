from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cliprow.errors import FailForGood
from cliprow.media import pictures
from cliprow.media.geometry import Geometry


def test_a_picture_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), "blue")
    image.paste("red", (0, 0, 200, 200))  # the left half, which the camera saw at the top
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    opened = pictures.open_picture(tmp_path / "turned.jpg", "turned.jpg", 100, 200)
    assert opened.size == (100, 200)
    pixels = np.asarray(opened)
    assert pixels[20, 50, 0] > 200
    assert pixels[180, 50, 2] > 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I"])
def test_every_kind_of_pixels_becomes_rgb(tmp_path: Path, mode: str) -> None:
    if mode in ("I;16", "I"):
        values = np.linspace(0, 65535, 64 * 64).reshape(64, 64)
        image = Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.int32))
    else:
        image = Image.radial_gradient("L").resize((64, 64)).convert(mode)
    path = tmp_path / ("a.tiff" if mode in ("CMYK", "I") else "a.png")
    image.save(path)
    opened = pictures.open_picture(path, path.name, 32, 32)
    assert (opened.mode, opened.size) == ("RGB", (32, 32))
    assert np.asarray(opened).std() > 20


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.png", b"", "empty"),
        ("text.jpg", b"hello", "not an image"),
        ("cut.png", None, "cut.png"),
        # Pillow has another program draw these, which a picture of a stranger must not reach.
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n", "not an image"),
    ],
)
def test_a_picture_that_cannot_be_read_is_named_with_a_way_out(
    tmp_path: Path, name: str, data: bytes | None, reason: str
) -> None:
    path = tmp_path / "stored"
    if data is None:
        Image.effect_noise((200, 200), 50).save(path, "PNG")
        data = path.read_bytes()[:2000]
    path.write_bytes(data)
    with pytest.raises(FailForGood, match=reason) as caught:
        pictures.open_picture(path, name, 64, 64)
    assert caught.value.error_code == "IMAGE_UNREADABLE"
    assert name in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert "JPEG or PNG" in caught.value.next_step


def test_a_missing_picture_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FailForGood, match=r"holiday\.jpg .* missing"):
        pictures.open_picture(tmp_path / "gone", "holiday.jpg", 64, 64)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (30_000, 30_000)).save(path)
    with pytest.raises(FailForGood) as caught:
        pictures.open_picture(path, "bomb.png", 64, 64)
    assert caught.value.error_code == "IMAGE_TOO_LARGE"


@pytest.mark.parametrize("size", [(90, 160), (160, 90), (120, 120), (120, 150)])
@pytest.mark.parametrize("right_to_left", [False, True])
def test_white_text_reads_on_the_whitest_picture(size: tuple[int, int], right_to_left: bool) -> None:
    geometry = Geometry.of(*size)
    if right_to_left:
        geometry = geometry.mirrored()
    white = Image.new("RGB", size, "white")
    dark = np.asarray(pictures.darken(white, geometry.wide, right_to_left).convert("L"))
    box = geometry.text
    lightest = dark[int(box.top) : int(box.bottom), int(box.left) : int(box.right)].max() / 255
    assert 1.05 / (lightest**2.2 + 0.05) >= 3  # what WCAG asks for large text
