from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cliprow.media.fonts import Fonts
from cliprow.media.geometry import VERTICAL_SAFE_ZONE, Geometry
from cliprow.media.motion import BARE_FRAMES, SWEEP_FRAMES
from cliprow.media.planes import new_frame
from cliprow.media.scene import Scene, ground_size
from cliprow.models import SceneType, Tone, VideoInputs
from tests.unit.media.making import scene_inputs

SIZES = [(432, 768), (768, 432), (480, 480), (432, 540)]
POINTS = ("Coarse coffee", "Cold water", "Twelve hours")


def luma(inputs: VideoInputs, frame: int, picture: Image.Image | None = None) -> np.ndarray:
    scene = Scene(inputs, Fonts(inputs.language), picture)
    _, target = new_frame(inputs.width, inputs.height)
    scene.compose(frame if frame >= 0 else scene.frame_count + frame, target)
    return target.y.astype(int)


@pytest.mark.parametrize(
    ("width", "height"), [(1080, 1920), (1920, 1080), (1080, 1080), (1080, 1350), (720, 1280)]
)
def test_captions_never_touch_heading_points_or_progress(width: int, height: int) -> None:
    for geometry in (Geometry.of(width, height), Geometry.of(width, height).mirrored()):
        assert geometry.progress.bottom < geometry.text.top
        assert geometry.text.bottom < geometry.captions.top
        assert geometry.captions.bottom < height
        assert geometry.text.left >= 0.06 * width
        assert geometry.text.right <= 0.94 * width


def test_all_text_of_a_vertical_video_is_where_no_platform_covers_it() -> None:
    geometry = Geometry.of(1080, 1920)
    for box in (geometry.text, geometry.captions):
        assert box.left >= VERTICAL_SAFE_ZONE.left * 1080
        assert box.right <= VERTICAL_SAFE_ZONE.right * 1080
        assert box.top >= 384
        assert box.bottom <= 1536


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("heading", "points", "language"),
    [
        ("Everything you ever wanted to know about cold brew " * 4, POINTS, "en"),
        ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", POINTS, "de"),
        (
            "Short",
            ("A point that goes on and on and on until nobody reads it any more, really nobody " * 3,) * 6,
            "en",
        ),
        ("قهوة باردة في المنزل", ("قهوة مطحونة خشنة", "ماء بارد"), "ar"),
        ("", (), "en"),
    ],
)
def test_nothing_of_a_scene_is_drawn_outside_the_text_boxes(
    size: tuple[int, int], heading: str, points: tuple[str, ...], language: str
) -> None:
    inputs = scene_inputs(
        "word " * 12, heading=heading, points=points, size=size, language=language, count=3, number=2
    )
    empty = scene_inputs("word " * 12, heading="", size=size, language=language, count=3, number=2)
    frame = inputs.sample_count // 1600 - SWEEP_FRAMES - 2
    changed = np.abs(luma(inputs, frame) - luma(empty, frame)) > 24
    geometry = Geometry.of(*size)
    if language == "ar":
        geometry = geometry.mirrored()
        changed[: int(geometry.progress.bottom) + 2] = False  # the bar fills from the other side
    if not changed.any():
        assert not heading
        return
    rows, columns = changed.any(axis=1).nonzero()[0], changed.any(axis=0).nonzero()[0]
    slack = 0.25 * geometry.heading_size
    assert rows[0] >= geometry.text.top - slack
    assert rows[-1] <= geometry.text.bottom + slack / 2
    assert columns[0] >= geometry.text.left - slack
    assert columns[-1] <= geometry.text.right + slack


def test_the_first_frames_of_a_video_are_bare_for_the_thumbnail() -> None:
    size = (432, 768)
    titled = scene_inputs(heading="Cold brew", points=POINTS, size=size, kind=SceneType.INTRO, count=3)
    bare = scene_inputs(heading="", size=size, kind=SceneType.INTRO, count=3)
    for frame in range(BARE_FRAMES):
        assert np.abs(luma(titled, frame) - luma(bare, frame)).max() == 0
        top = luma(titled, frame)[int(Geometry.of(*size).progress.top)]
        assert np.ptp(top) < 60
    assert np.abs(luma(titled, 40) - luma(bare, 40)).max() > 60


def test_neighbouring_scenes_meet_under_a_panel_of_one_colour() -> None:
    ends = luma(scene_inputs(number=1, count=2, size=(432, 768)), -1)
    assert ends.min() == ends.max() or (ends == np.bincount(ends.ravel()).argmax()).mean() > 0.85
    starts = luma(scene_inputs(number=2, count=2, size=(432, 768)), 0)
    assert (starts == np.bincount(ends.ravel()).argmax()).mean() > 0.5


@pytest.mark.parametrize("number", [1, 2])
def test_a_video_starts_and_ends_without_a_panel(number: int) -> None:
    inputs = scene_inputs(number=number, count=2, size=(432, 768))
    frame = 0 if number == 1 else -1
    values = luma(inputs, frame)
    assert (values == np.bincount(values.ravel()).argmax()).mean() < 0.5


@pytest.mark.parametrize("tone", list(Tone))
def test_headings_and_points_can_be_read_on_every_palette(tone: Tone) -> None:
    size = (768, 432)
    for number in (1, 2, 3, 4):
        with_text = scene_inputs(
            heading="MMMM MMMM", points=("MMMM",), size=size, tone=tone, number=number, count=9
        )
        without = scene_inputs(heading="", size=size, tone=tone, number=number, count=9)
        frame = with_text.sample_count // 1600 - SWEEP_FRAMES - 2
        written, ground = luma(with_text, frame), luma(without, frame)
        letters = np.abs(written - ground) > 50
        box = Geometry.of(*size).text
        rows, columns = slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right))
        assert letters[rows, columns].mean() > 0.03
        ink = np.median(written[rows, columns][letters[rows, columns]])
        around = ground[rows, columns][letters[rows, columns]]
        light, dark = max(ink, around.mean()), min(ink, around.mean())
        linear = [((value - 16) / 219) ** 2.2 for value in (light, dark)]
        assert (linear[0] + 0.05) / (linear[1] + 0.05) >= 4.5


def test_a_picture_is_shown_and_slowly_zoomed() -> None:
    size = (432, 768)
    inputs = scene_inputs("word " * 20, heading="", size=size)
    picture = Image.radial_gradient("L").resize(ground_size(*size)).convert("RGB")
    first, later = luma(inputs, 0, picture), luma(inputs, 120, picture)
    assert np.ptp(first[:200]) > 40
    moved = np.abs(first[:100] - later[:100])  # above the progress bar
    assert 1 <= moved.max() <= 30


@pytest.mark.parametrize("kind", list(SceneType))
def test_every_kind_of_scene_can_be_drawn(kind: SceneType) -> None:
    inputs = scene_inputs(heading="Heading", points=POINTS, kind=kind, size=(432, 768), number=3, count=40)
    assert np.ptp(luma(inputs, 60)) > 100
