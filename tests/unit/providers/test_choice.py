"""What is left out of a brief that is too long, and how what is kept becomes scenes."""

from __future__ import annotations

import pytest

from cliprow.providers.brief import read_brief
from cliprow.providers.brief_sentences import Links, Sentence, read_sentences
from cliprow.providers.choice import choose
from cliprow.providers.scene_parts import parted
from cliprow.providers.scene_text import screen_text

SKY = """Sunlight looks white, but it is a mixture of all colours.
On its way through the air the light meets tiny molecules.
They scatter short waves far more than long ones.
So blue reaches our eyes from every part of the sky.
At sunset most of the blue is gone, and the sky turns red."""

HABITS = """People who finish things have no more hours than you.
First, they decide what done means before they begin.
Second, they make the next step small.
Third, they stop while they still know how to go on.
Pick one thing today and write down what done means."""


def read(brief: str, title: str = "", language: str = "en") -> tuple[list[Sentence], Links]:
    return read_sentences(read_brief(brief), title, language)


def kept(
    brief: str, budget_s: float, title: str = "", language: str = "en", *, keep_last: bool = False
) -> list[str]:
    sentences, links = read(brief, title, language)
    return [sentence.text for sentence in choose(sentences, links, budget_s, keep_last=keep_last)]


@pytest.mark.parametrize("budget_s", range(4, 18))
def test_no_sentence_is_kept_without_the_one_it_leans_on(budget_s: int) -> None:
    told = kept(SKY, budget_s)
    if any(text.startswith("So ") for text in told):
        assert any(text.startswith("They ") for text in told)
    if any(text.startswith("They ") for text in told):
        assert any(text.startswith("On its way") for text in told)
    assert told[0].startswith("Sunlight")
    assert [text for text in SKY.split("\n") if text in told] == told


@pytest.mark.parametrize("budget_s", range(4, 18))
def test_an_enumeration_is_kept_whole_or_not_at_all(budget_s: int) -> None:
    told = kept(HABITS, budget_s, keep_last=True)
    assert sum(text.startswith(("First", "Second", "Third")) for text in told) in (0, 3)


def test_what_the_title_promises_is_kept_even_when_it_takes_longer() -> None:
    title = "Three habits of people who finish things"
    assert len(kept(HABITS, 11, title)) == 4
    assert len(kept(HABITS, 11)) == 2


def test_a_last_sentence_that_asks_something_is_kept() -> None:
    assert kept(SKY + "\nPick one colour tonight.", 8, keep_last=True)[-1] == "Pick one colour tonight."


def test_items_of_a_list_are_kept_from_the_first_on_and_all_when_their_number_is_said() -> None:
    items = "\n".join(
        f"- Item {word} is long enough to be said as a sentence of its own, one after another."
        for word in "abc"
    )
    some = kept(f"Look at these items.\n\n{items}", 13)
    assert [text[5] for text in some if text.startswith("Item")] == ["a", "b"]
    assert kept(f"Birds sing.\n\nLook at three items.\n\n{items}", 13) == ["Birds sing."]


def test_a_question_is_kept_with_its_answer_and_a_lead_with_its_list() -> None:
    brief = "Bees dance.\nWhy do they dance? Food is near.\n\nThe hive follows the dance of the bees."
    for budget_s in range(1, 8):
        told = kept(brief, budget_s)
        assert ("Why do they dance?" in told) == ("Food is near." in told)


def test_where_the_grammar_is_not_known_paragraphs_are_kept_from_their_beginning() -> None:
    brief = "Jua ni nyota kubwa. Inatoa mwanga. Mwanga ni nishati.\n\nMaji ni uhai. Yanatoka mtoni."
    for budget_s in range(1, 6):
        told = kept(brief, budget_s, language="sw")
        assert "Mwanga ni nishati." not in told or "Inatoa mwanga." in told
        assert "Yanatoka mtoni." not in told or "Maji ni uhai." in told


def test_one_sentence_is_kept_however_long() -> None:
    assert kept(SKY, 0.1) == [SKY.split("\n")[0]]


def scenes(brief: str, before_s: float = 0.0, language: str = "en") -> list[list[str]]:
    sentences, _ = read(brief, language=language)
    return [[sentence.text for sentence in scene] for scene in parted(sentences, before_s)]


def test_half_a_minute_makes_three_or_four_scenes_of_some_seconds_each() -> None:
    sentences, _ = read(SKY)
    parts = parted(sentences, before_s=5.0)
    assert 3 <= len(parts) <= 4
    assert all(sum(sentence.seconds for sentence in part) < 14 for part in parts)
    assert [sentence for part in parts for sentence in part] == sentences


def test_scenes_are_cut_before_ordinals_and_not_before_what_leans() -> None:
    brief = HABITS.replace("Second, they", "It takes them a minute or two every time.\nSecond, they")
    opened = [part[0].split()[0] for part in scenes(brief, before_s=4.0)]
    assert opened == ["People", "First,", "Third,"]


def test_a_question_and_its_answer_are_one_scene() -> None:
    question = "Why does the sky over our heads look blue on a clear day and not green or white or any other?"
    answer = "Air scatters short waves most, and blue waves are far shorter than red ones."
    assert scenes(f"Look at the sky above you today.\n{question}\n{answer}")[-1][-2:] == [question, answer]


def text_of(brief: str, heading: str = "", language: str = "en") -> tuple[str, tuple[str, ...]]:
    return screen_text(read(brief, language=language)[0], heading, language)


@pytest.mark.parametrize(
    ("brief", "heading", "points"),
    [
        ("Water slowly until it runs out. Empty the saucer after that happens every single time.", "Water slowly", ()),
        ("Red waves are long, and blue waves are short.", "", ("Red waves are long", "Blue waves are short")),
        ("First, decide what done looks like. Put it there.", "Decide what done looks like", ()),
        ("You need:\n\n- flour\n- salt", "", ("flour", "salt")),
        ("They scatter short waves far more than long ones.", "", ()),
        ("You need:\n\n- flour\n- " + "very " * 10 + "fine salt", "", ()),
    ],
)  # fmt: skip
def test_headings_and_points_are_whole_or_missing(brief: str, heading: str, points: tuple[str, ...]) -> None:
    assert text_of(brief) == (heading, points)


def test_the_only_counted_sentence_of_a_scene_is_numbered() -> None:
    sentences, _ = read("First, decide what done looks like.\nSecond, make the next step tiny.")
    assert screen_text(sentences[1:], "", "en") == ("2. Make the next step tiny", ())
    assert screen_text(sentences, "", "en") == (
        "",
        ("Decide what done looks like", "Make the next step tiny"),
    )


def test_a_heading_of_the_brief_stands_as_it_is() -> None:
    assert text_of("Red waves are long, and blue waves are short.", "Light") == (
        "Light",
        ("Red waves are long", "Blue waves are short"),
    )
