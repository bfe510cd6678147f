"""A brand in scenes and covers: its colours, its font, its logo."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw

from cliprow.errors import FailForGood
from cliprow.media.families import families
from cliprow.media.fonts import Fonts
from cliprow.media.geometry import VERTICAL_SAFE_ZONE, Geometry
from cliprow.media.logo import LARGEST_EDGE, MAX_BYTES, clean_logo, open_logo
from cliprow.media.palettes import (
    ACCENT_CONTRAST,
    PALETTES,
    TEXT_CONTRAST,
    contrast,
    palette_of,
)
from cliprow.media.planes import new_frame, to_rgb
from cliprow.media.scene import Scene
from cliprow.models import Brand, BrandColours, LogoCorner, LogoSize, Tone, VideoInputs
from tests.unit.media.making import scene_inputs

SIZES = [(1080, 1920), (1920, 1080), (1080, 1080), (1080, 1350)]
COLOURS = BrandColours(background="#14213d", text="#ffffff", accent="#fca311")


def disc(size: tuple[int, int] = (200, 100), tint: str = "#ff0000") -> Image.Image:
    """A logo: an ellipse on nothing."""
    image = Image.new("RGBA", size)
    ImageDraw.Draw(image).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=tint)
    return image


def as_bytes(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def frame(inputs: VideoInputs, number: int, logo: Image.Image | None = None) -> np.ndarray:
    scene = Scene(inputs, Fonts(inputs.language, family=inputs.brand.font), None, logo)
    _, target = new_frame(inputs.width, inputs.height)
    scene.compose(number, target)
    return np.asarray(to_rgb(target)).astype(int)


def branded(brand: Brand, **different: object) -> VideoInputs:
    return msgspec.structs.replace(scene_inputs(**different), brand=brand)  # type: ignore[arg-type]


def test_without_a_brand_everything_is_as_the_tone_has_it() -> None:
    for tone in Tone:
        assert palette_of(tone, None) == PALETTES[tone]
    plain = scene_inputs()
    assert (frame(plain, 40) == frame(branded(Brand()), 40)).all()


@pytest.mark.parametrize(
    "colours",
    [
        COLOURS,
        BrandColours(background="#ffffff", text="#333333", accent="#c1121f"),
        BrandColours(background="#000000", text="#ffffff", accent="#ffff00"),
        BrandColours(background="#767676", text="#ffffff", accent="#000000"),
        BrandColours(background="#fefae0", text="#6c584c", accent="#606c38"),
    ],
)
def test_text_reads_on_every_ground_that_follows_from_a_brand(colours: BrandColours) -> None:
    assert contrast(colours.text, colours.background) >= TEXT_CONTRAST
    for tone in Tone:
        palette = palette_of(tone, colours)
        for ground in (*palette.ground, palette.glow):
            assert contrast(palette.ink, ground) >= TEXT_CONTRAST
        assert contrast(palette.on_accent, palette.accent) >= TEXT_CONTRAST
        assert palette.motif == PALETTES[tone].motif
        assert palette.ground[-1] == colours.background


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == contrast("#000000", "#ffffff") == 21.0
    assert contrast("#767676", "#ffffff") == 4.54
    assert contrast("#ff0000", "#ffffff") == 4.0
    assert ACCENT_CONTRAST == 3.0


def test_a_scene_has_the_colours_of_its_brand() -> None:
    drawn = frame(branded(Brand(colours=COLOURS)), 40)
    plain = frame(scene_inputs(), 40)
    background = np.array([0x14, 0x21, 0x3D])
    assert np.abs(drawn.mean(axis=(0, 1)) - background).max() < 40
    assert np.abs(plain.mean(axis=(0, 1)) - background).max() > 30


def test_every_family_of_the_installation_draws_in_a_shape_of_its_own() -> None:
    names = list(families())
    assert names[0] == "Inter"
    assert {"Inter", "Lora", "Montserrat", "Noto Sans", "Space Grotesk"} <= set(names)
    pictures = {name: frame(branded(Brand(font=name)), 40) for name in names}
    assert (pictures["Inter"] == frame(scene_inputs(), 40)).all(), "the default is Inter"
    assert len({picture.tobytes() for picture in pictures.values()}) == len(names)
    assert Fonts(family="Lora").check("Wörter") == ("Lora",)
    # What a family has no letters for is drawn by one that has.
    assert "Noto Sans Arabic" in Fonts("ar", family="Lora").check("قهوة")


def test_a_family_that_is_not_installed_says_what_to_do() -> None:
    with pytest.raises(FailForGood, match="Comic Neue") as raised:
        frame(branded(Brand(font="Comic Neue")), 40)
    assert raised.value.error_code == "FONT_MISSING"
    assert "fontpkg-comic-neue" in raised.value.next_step


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corner", LogoCorner)
@pytest.mark.parametrize("height", LogoSize)
def test_a_logo_stands_clear_of_text_captions_progress_and_of_what_platforms_cover(
    size: tuple[int, int], corner: LogoCorner, height: LogoSize
) -> None:
    for plain in (Geometry.of(*size), Geometry.of(*size).mirrored()):
        geometry, box = plain.with_logo(height, corner)
        assert box.top > geometry.progress.bottom
        assert (
            box.right <= geometry.text.left
            or box.left >= geometry.text.right
            or box.bottom < geometry.text.top
        )
        assert box.bottom < geometry.captions.top
        assert geometry.text.height > 0.35 * (geometry.captions.top - geometry.progress.bottom)
        assert 0.06 * size[0] <= box.left < box.right <= 0.94 * size[0]
        if size[1] > 1.5 * size[0]:
            assert box.left >= VERTICAL_SAFE_ZONE.left * size[0]
            assert box.right <= VERTICAL_SAFE_ZONE.right * size[0]
            assert box.top >= VERTICAL_SAFE_ZONE.top * size[1]


@pytest.mark.parametrize("corner", LogoCorner)
@pytest.mark.parametrize(("width", "height"), [(432, 768), (768, 432), (480, 480)])
def test_a_logo_is_drawn_in_its_corner_and_nowhere_else(corner: LogoCorner, width: int, height: int) -> None:
    inputs = branded(Brand(logo_corner=corner), size=(width, height), number=2, count=3)
    without = frame(inputs, 30)
    _, box = Geometry.of(inputs.width, inputs.height).with_logo(LogoSize.MEDIUM, corner)
    drawn = frame(inputs, 30, disc())
    red = (drawn[..., 0] > 180) & (drawn[..., 1] < 90) & (drawn[..., 2] < 90)
    rows, columns = np.nonzero(red)
    assert len(rows) > 200
    assert rows.min() >= box.top - 2
    assert rows.max() <= box.bottom + 2
    assert columns.min() >= box.left - 2
    assert columns.max() <= box.right + 2
    edge = box.right - columns.max() if corner is LogoCorner.TOP_RIGHT else columns.min() - box.left
    assert edge < 4
    if inputs.width > inputs.height * 1.3 and corner is LogoCorner.TOP_RIGHT:
        outside = np.ones(drawn.shape[:2], bool)
        outside[int(box.top) - 4 : int(box.bottom) + 4, int(box.left) - 4 : int(box.right) + 4] = False
        assert (drawn == without)[outside].all(), "nothing else has moved"


def test_the_first_frame_of_a_video_is_bare_and_later_scenes_begin_with_the_logo() -> None:
    first = branded(Brand(), number=1, count=2)
    assert (frame(first, 0, disc()) == frame(first, 0)).all()
    second = branded(Brand(), number=2, count=2)
    assert (frame(second, 0, disc()) != frame(second, 0)).any()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_uploaded_logo_becomes_a_png_without_metadata(kind: str) -> None:
    image = Image.new("RGB", (2000, 500), "#336699")
    made = Image.open(io.BytesIO(clean_logo(as_bytes(image, kind))))
    assert made.format == "PNG"
    assert made.mode == "RGBA"
    assert made.size == (1024, 256)
    assert not made.getexif()
    assert made.info.keys() <= {"dpi"}


def declared(width: int, height: int) -> bytes:
    """A WebP of a few bytes that says it is so large."""
    exif = Image.Exif()
    exif[0x010E] = "A picture"
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "WEBP", exif=exif)
    data = bytearray(buffer.getvalue())
    assert data[12:16] == b"VP8X"
    data[24:27], data[27:30] = (width - 1).to_bytes(3, "little"), (height - 1).to_bytes(3, "little")
    return bytes(data)


def test_clear_edges_are_cut_off() -> None:
    image = Image.new("RGBA", (400, 400))
    image.paste(disc(), (100, 150))
    assert Image.open(io.BytesIO(clean_logo(as_bytes(image)))).size == (200, 100)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        as_bytes(Image.new("RGB", (64, 64)), "GIF"),
        as_bytes(Image.new("RGB", (16, 64))),
        as_bytes(Image.new("L", (LARGEST_EDGE + 1, 64))),
        as_bytes(Image.new("RGBA", (64, 64))),
        as_bytes(disc())[:200],
        b"\x89PNG" + bytes(MAX_BYTES),
        declared(16_000, 16_000),
    ],
    ids=["nothing", "SVG", "GIF", "small", "large", "clear", "damaged", "heavy", "bomb"],
)
def test_what_is_no_logo_is_refused_with_what_is_taken(data: bytes) -> None:
    with pytest.raises(FailForGood) as raised:
        clean_logo(data)
    assert raised.value.error_code == "LOGO_REFUSED"
    assert "PNG, JPEG or WebP" in raised.value.next_step


def test_a_stored_logo_that_cannot_be_read_is_the_brands_fault_not_the_jobs(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(as_bytes(disc())[:200])
    with pytest.raises(FailForGood) as raised:
        open_logo(tmp_path / "logo.png")
    assert raised.value.error_code == "LOGO_REFUSED"
    assert "Upload the logo again" in raised.value.next_step
