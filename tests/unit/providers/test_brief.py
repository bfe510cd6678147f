"""Briefs as sections, and sections as what is said."""

from __future__ import annotations

from cliprow.providers.brief import Block, Section, read_brief
from cliprow.providers.brief_speech import said_in

BRIEF = """---
title: front matter
---
Read *this* [guide](http://example.com/guide) first, or https://www.example.com/other?page=2.

# Feel the **soil**

Push a finger
into the soil.

```python
print("never said")
```

![a picture](plant.png)

## What you need:

- a pot `with` holes
- a saucer;
  - a small one

| what | how many |
|------|----------|
| pots | two |

<p>Some <b>HTML</b></p>
"""


def test_a_brief_keeps_words_and_drops_markup_code_and_pictures() -> None:
    assert read_brief(BRIEF) == [
        Section("", [Block("Read this guide first, or example.com.")]),
        Section("Feel the soil", [Block("Push a finger into the soil.")]),
        Section(
            "What you need",
            [
                Block("a pot with holes", 1),
                Block("a saucer;", 1),
                Block("a small one", 1),
                Block("pots, two", 2),
                Block("Some HTML"),
            ],
        ),
    ]


def test_plain_text_with_indented_paragraphs_is_no_code() -> None:
    assert read_brief("    Indented.\n\n    Again.") == [Section("", [Block("Indented."), Block("Again.")])]


def test_line_ends_are_no_spaces_between_chinese_characters_but_thai_spaces_stay() -> None:
    assert read_brief("你好，\n世界。")[0].blocks == [Block("你好，世界。")]
    assert read_brief("สวัสดี ชาวโลก")[0].blocks == [Block("สวัสดี ชาวโลก")]


def test_nothing_gives_no_sections() -> None:
    assert read_brief("```\ncode\n```\n\n<!-- c -->\n") == []


def said(brief: str, language: str = "en") -> list[str]:
    return [said.text for section in read_brief(brief) for said in said_in(section, language)]


def test_a_short_list_is_read_out_after_the_sentence_that_leads_up_to_it() -> None:
    assert said("Mix it. You need:\n\n- flour\n- salt.\n\nThen bake") == [
        "Mix it.",
        "You need: flour, salt.",
        "Then bake.",
    ]


def test_a_list_alone_is_read_out_after_its_heading() -> None:
    assert said("## What you need\n\n1. flour\n2. salt") == ["What you need: flour, salt."]
    assert said("## 必要なもの\n\n- 塩\n- 水", "ja") == ["必要なもの：塩、水。"]


def test_a_list_after_prose_does_not_repeat_the_heading() -> None:
    assert said("## Bread\n\nMix it.\n\n- flour\n- salt") == ["Mix it.", "Flour, salt."]


def test_items_that_are_sentences_are_said_one_by_one() -> None:
    assert said("Steps:\n\n1. mix it well. Then wait\n2. bake") == [
        "Steps:",
        "Mix it well.",
        "Then wait.",
        "Bake.",
    ]


def test_a_lead_without_a_list_is_said() -> None:
    assert said("You need:\n\nFlour.") == ["You need:", "Flour."]
    assert said("The end:") == ["The end:"]


def test_items_that_are_said_one_by_one_know_their_list_and_where_they_begin() -> None:
    (section,) = read_brief("1. Mix it well. Then wait.\n2. Bake.\n\nDone.")
    assert [(said.text, said.opens, said.list_number) for said in said_in(section, "en")] == [
        ("Mix it well.", True, 1),
        ("Then wait.", False, 1),
        ("Bake.", True, 1),
        ("Done.", True, 0),
    ]
