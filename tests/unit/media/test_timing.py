from __future__ import annotations

import itertools

from cliprow.media.timing import point_frames
from cliprow.models import SAMPLES_PER_FRAME
from tests.unit.media.making import words_of


def test_a_point_appears_when_it_is_said() -> None:
    words = words_of(
        "First take coarse coffee then add cold water and wait for twelve hours in the fridge please"
    )
    frames = point_frames(["Coarse coffee", "Cold water", "Twelve hours"], words, 180, earliest=10)
    said = [next(w.start for w in words if w.text == key) for key in ("coarse", "cold", "twelve")]
    assert frames == [start // SAMPLES_PER_FRAME for start in said]


def test_points_that_are_never_said_share_the_time_evenly() -> None:
    frames = point_frames(
        ["Alpha", "Beta", "Gamma"], words_of("nothing of that kind is said here"), 300, earliest=15
    )
    assert frames[0] == 15
    assert frames[1] - frames[0] == frames[2] - frames[1]
    assert frames[2] < 240


def test_an_unsaid_point_comes_between_its_neighbours() -> None:
    words = words_of("one red apple lies there for long and only then comes a green pear")
    first, middle, last = point_frames(["Red apple", "Unsaid", "Green pear"], words, 200, earliest=5)
    assert first < middle < last


def test_points_keep_their_order_and_distance_even_in_a_short_scene() -> None:
    frames = point_frames(["a", "b", "c", "d", "e"], words_of("e d c b a"), 40, earliest=16)
    assert all(after - before >= 12 for before, after in itertools.pairwise(frames))
