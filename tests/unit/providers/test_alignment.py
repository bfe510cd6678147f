"""Words in time, from phonemes and events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cliprow.providers.alignment import spans_by_length, spans_of_events, spans_of_phonemes


def heard(text: str, length: int = 1000) -> list[tuple[str, int]]:
    return [(phoneme, length) for phoneme in f"^{text}$"]


def test_words_take_the_time_of_their_own_phonemes_without_the_pauses_around() -> None:
    assert spans_of_phonemes(heard("həloʊ wɜld."), [list("həloʊ"), list("wɜld.")]) == [
        (1000, 6000),
        (7000, 11000),
    ]


def test_words_that_were_said_as_one_are_parted_where_their_sounds_meet() -> None:
    assert spans_of_phonemes(heard("ɛnd ʌvðə wɜld"), [list("ɛnd"), list("ʌv"), list("ðə"), list("wɜld")]) == [
        (1000, 4000),
        (5000, 7000),
        (7000, 9000),
        (10000, 14000),
    ]


def test_a_number_of_several_words_is_one_written_word() -> None:
    spans = spans_of_phonemes(
        heard("ɪn naɪntiːn naɪnti naɪn ɛnd"), [list("ɪn"), list("naɪntiːn naɪnti naɪn"), list("ɛnd")]
    )
    assert spans == [(1000, 3000), (4000, 24000), (25000, 28000)]


def test_a_word_that_sounds_different_in_its_sentence_is_still_found() -> None:
    spans = spans_of_phonemes(heard("ɐ kæt"), [list("ˈeɪ"), list("kæt")])
    assert spans == [(1000, 2000), (3000, 6000)]


def test_a_word_without_any_sound_shares_the_time_of_the_one_before() -> None:
    assert spans_of_phonemes(heard("kæt"), [list("kæt"), []]) == [(1000, 3250), (3250, 4000)]


PHONEMES = st.text(st.sampled_from("abcdeˈː ,."), max_size=12)


@given(
    st.lists(st.tuples(st.sampled_from("abcdeˈː ,."), st.integers(0, 3000)), max_size=40),
    st.lists(PHONEMES, min_size=1, max_size=8),
)
def test_spans_never_go_back_or_leave_the_sound(sounds: list[tuple[str, int]], words: list[str]) -> None:
    spans = spans_of_phonemes(sounds, [list(word) for word in words])
    marks = [mark for span in spans for mark in span]
    assert len(spans) == len(words)
    assert marks == sorted(marks)
    assert all(0 <= mark <= sum(length for _, length in sounds) for mark in marks)


def test_events_start_words_and_pauses_end_them() -> None:
    events = [("word", 0, 0), ("pause", 5, 8000), ("word", 6, 9000), ("word", 6, 12000), ("word", 11, 15000)]
    assert spans_of_events(events, ["Hola,", "1999", "fin"], 20_000, [0, 6, 11]) == [
        (0, 8000),
        (9000, 15000),
        (15000, 20000),
    ]


def test_words_without_an_event_share_the_time_of_the_word_before() -> None:
    assert spans_of_events([("word", 0, 0)], ["ab", "cd"], 8000, [0, 2]) == [(0, 4000), (4000, 8000)]


def test_shares_are_in_proportion_and_meet() -> None:
    assert spans_by_length([1, 3], 0, 400) == [(0, 100), (100, 400)]
