"""Topics files, good and bad."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cliprow.errors import CliprowError, InvalidInput, NotFound
from cliprow.models import ScriptType, Tone
from cliprow.topics import Topics, parse_mapping, read_topics

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a topics file and return its path."""

    def write_file(content: str | bytes, name: str = "topics.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write_file


def reasons(topics: Topics) -> list[tuple[int, str]]:
    return [(problem.line, problem.reason) for problem in topics.problems]


def refusal(source: str, **options: int) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_topics(source, **options)  # type: ignore[arg-type]
    return caught.value


def test_every_column_is_read(write: Write, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "b, c.jpg")
    source = write(
        "topic,brief,tone,audience,platforms,duration_s,priority,script_type,language,images,Campaign\n"
        'Bees,"First line\nsecond, line",Casual,beekeepers,"youtube, TikTok",30,urgent,Story,pt_br,a.png;"b, c.jpg",'
        "spring\n".replace('a.png;"b, c.jpg"', '"a.png; b, c.jpg"')
    )
    (row,) = read_topics(source).rows
    assert row.topic == "Bees"
    assert row.brief == "First line\nsecond, line"
    assert (row.tone, row.script_type) == (Tone.CASUAL, ScriptType.STORY)
    assert (row.audience, row.platforms) == ("beekeepers", ("youtube", "tiktok"))
    assert (row.duration_s, row.priority, row.language) == (30, "urgent", "pt-BR")
    assert row.images == (tmp_path / "a.png", tmp_path / "b, c.jpg")
    assert row.metadata == {"Campaign": "spring"}


def test_what_a_row_does_not_say_is_not_in_its_json(write: Write) -> None:
    (row,) = read_topics(write("topic,tone,platforms\nBees,,youtube\n")).rows
    assert json.loads(json.dumps(row.as_json())) == {"topic": "Bees", "platforms": ["youtube"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_dialects_of_csv(write: Write, delimiter: str, line_end: str) -> None:
    lines = [delimiter.join(cells) for cells in (("Topic", "Tone"), ("Bees", "casual"), ("Ants", "funny"))]
    topics = read_topics(write(line_end.join(lines)))
    assert [row.topic for row in topics.rows] == ["Bees"]
    assert topics.problems[0].line == 3


def test_spreadsheet_separator_line_is_understood(write: Write) -> None:
    topics = read_topics(write("sep=;\r\ntopic;brief\r\nBees;a, b\r\n"))
    assert (topics.rows[0].line, topics.rows[0].brief) == (3, "a, b")


def test_commas_in_a_one_column_file_are_text(write: Write) -> None:
    assert read_topics(write("topic\nWhy, oh why\n")).rows[0].topic == "Why, oh why"


def test_lines_are_counted_through_quoted_newlines_and_blank_lines(write: Write) -> None:
    topics = read_topics(write('topic,tone\n"Bees\nand ants",casual\n\n   \nWasps,odd\n'))
    assert topics.rows[0].topic == "Bees and ants"
    assert topics.problems[0].line == 6


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", '[\n{"topic": "Bees"},\n"Ants"\n]'),
        ("t.json", '{"note": {"topics": [1]},\n "topics": [{"topic": "Bees"}\n,\n"Ants"], "more": 1}'),
        ("t.jsonl", '\n{"topic": "Bees"}\n"Ants"'),
        ("t.json", '\n{"topic": "Bees"}\n"Ants"\n'),
        ("t.txt", '\r\n{"topic": "Bees"}\r\n"Ants"\r\n'),
    ],
)
def test_json_and_json_lines_with_their_lines(write: Write, name: str, content: str) -> None:
    rows = read_topics(write(content, name)).rows
    assert [(row.topic, row.line) for row in rows] == [("Bees", 2), ("Ants", 3 if content[0] != "{" else 4)]


def test_one_object_is_one_topic(write: Write) -> None:
    assert read_topics(write('{\n"topic": "Bees"\n}', "t.json")).rows[0].topic == "Bees"
    assert read_topics(write('{"topic": "Bees"}', "t.json")).rows[0].topic == "Bees"


def test_json_values_keep_their_type_as_metadata(write: Write) -> None:
    (row,) = read_topics(
        write('[{"topic": 2024, "platforms": ["x-ray", "tiktok"], "sku": {"n": [1, null]}}]', "t.json"),
        platforms=("tiktok", "x_ray"),
    ).rows
    assert (row.topic, row.platforms, row.metadata) == (
        "2024",
        ("x_ray", "tiktok"),
        {"sku": {"n": [1, None]}},
    )


def test_standard_input_is_sniffed(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("topic\nBees\n", '["Bees"]', '{"topic": "Bees"}\n', '{"topics": ["Bees"]}'):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert read_topics("-").rows[0].topic == "Bees"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings_with_a_mark(write: Write, encoding: str) -> None:
    topic = "العسل 🐝 é"
    assert read_topics(write(f"topic\n{topic}\n".encode(encoding))).rows[0].topic == topic


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"topic\nok\ncaf\xe9\n", "TOPICS_ENCODING", "line 3 has the byte 0xe9 ('é' in Windows-1252)"),
        ("topic\nBees\n".encode("utf-16-le"), "TOPICS_ENCODING", "looks like UTF-16"),
        (b"\xff\xfeb", "TOPICS_ENCODING", "begins like UTF-16"),
        (b"PK\x03\x04....", "TOPICS_ENCODING", "spreadsheet"),
        (b"", "TOPICS_EMPTY", "is empty"),
        (b"\xef\xbb\xbf \n", "TOPICS_EMPTY", "is empty"),
        (b"topic,brief\n\n", "TOPICS_EMPTY", "headings but no topics"),
        (b"[]", "TOPICS_EMPTY", "no topics"),
        (b"name,brief\na,b\n", "TOPICS_NO_TOPIC_COLUMN", "'name', 'brief'"),
        (b"topic,Topic\na,b\n", "TOPICS_HEADINGS", "more than one column"),
        (b'{"topics": 3}', "TOPICS_NOT_JSON", "not a list"),
        (b'[{"topic": "a"},]', "TOPICS_NOT_JSON", "line 1"),
        (b"[" * 100_000, "TOPICS_NOT_JSON", "nested"),
        (b"[NaN]", "TOPICS_NOT_JSON", "NaN"),
    ],
)
def test_files_that_are_refused_as_a_whole(write: Write, content: bytes, code: str, words: str) -> None:
    error = refusal(write(content, "topics.txt"))
    assert (error.error_code, words in error.message, bool(error.next_step)) == (code, True, True)


def test_size_and_row_limits(write: Write) -> None:
    assert refusal(write(b"topic\n" + b"a" * 10_000_000)).error_code == "TOPICS_TOO_LARGE"
    many = write("topic\n" + "a\n" * 11)
    assert "at most 10" in refusal(many, max_rows=10).message
    assert len(read_topics(many, max_rows=11).rows) == 11


def test_a_csv_called_json_and_a_missing_file(write: Write, tmp_path: Path) -> None:
    assert refusal(write("topic\nBees\n", "t.json")).error_code == "TOPICS_NOT_JSON"
    assert refusal(str(tmp_path)).error_code == "TOPICS_UNREADABLE"
    with pytest.raises(NotFound, match="no topics file"):
        read_topics(str(tmp_path / "none.csv"))


def test_all_problems_of_all_rows_are_reported(write: Write) -> None:
    topics = read_topics(
        write(
            "topic,tone,platforms,duration_s,priority,language,script_type\n"
            "Good,casual,youtube,60,standard,en,demo\n"
            ",funny,youtube_shorts tictok,4,high,english,vlog\n"
            "Bees,,,4.5,,,\n"
            f"{'x' * 10_000},,,,,,\n"
            "too,many,,,,,,cells\n"
        )
    )
    assert [row.topic for row in topics.rows] == ["Good"]
    found = reasons(topics)
    assert [line for line, _ in found] == [3, 3, 3, 3, 3, 3, 3, 4, 5, 6]
    text = "\n".join(reason for _, reason in found)
    for expected in (
        "topic is missing",
        "tone 'funny' is unknown; valid: professional, casual, educational, entertaining, motivational",
        "'youtube_shorts' is unknown (did you mean youtube?); valid: youtube, tiktok, instagram, linkedin, twitter",
        "duration_s '4' is not a whole number of seconds from 5 to 600",
        "priority 'high' is unknown; valid: urgent, premium, standard",
        "language 'english' is not a language tag",
        "script_type 'vlog' is unknown; valid: explainer, tutorial, story, demo, testimonial",
        "topic is 10,000 characters long, at most 500; longer text belongs in the column brief",
        "has 8 cells under 7 headings",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("text", "tag"), [("EN", "en"), ("pt_br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"), ("es-419", "es-419")]
)
def test_language_tags_get_their_usual_case(write: Write, text: str, tag: str) -> None:
    assert read_topics(write(f"topic,language\nBees,{text}\n")).rows[0].language == tag


def test_control_characters_are_removed_and_nul_is_refused(write: Write) -> None:
    topics = read_topics(write("topic,brief\nBe\x07es\x0band\u2028ants\ufeff,x\nA\0nts,y\n\u200b,z\n"))
    assert topics.rows[0].topic == "Bees and ants"
    assert [(line, text.split(";")[0]) for line, text in reasons(topics)] == [
        (3, "topic contains a NUL character"),
        (4, "topic is empty"),
    ]


def test_what_a_database_cannot_store_is_refused_in_metadata_too(write: Write) -> None:
    lines = [
        r'{"topic": "a", "m": ["\u0000"]}',
        r'{"topic": "\ud83d"}',
        '{"topic": "b", "m": 1e999}',
        "{",
        "7",
    ]
    topics = read_topics(write("\n".join(lines), "t.jsonl"))
    assert not topics.rows
    assert [line for line, _ in reasons(topics)] == [1, 2, 3, 4, 5]


def test_an_open_quote_is_reported_where_it_opens(write: Write) -> None:
    topics = read_topics(write('topic,brief\nBees,ok\nAnts,"never closed\nWasps,x\n'))
    assert [row.topic for row in topics.rows] == ["Bees"]
    assert topics.problems[0].line == 3
    huge = read_topics(write('topic,brief\nBees,ok\nAnts,"' + "long line\n" * 20_000))
    assert [problem.line for problem in huge.problems] == [3]
    stray = read_topics(write('topic,brief\n"Bees" and ants,ok\nWasps,x\n'))
    assert [problem.line for problem in stray.problems] == [2]
    assert [row.topic for row in stray.rows] == ["Wasps"]


def test_headings_are_mapped(write: Write) -> None:
    source = write("Video Name,Title,Spoken  language\nBees,kept,de\n")
    (row,) = read_topics(source, mapping=parse_mapping(["video name=topic", "spoken language=language"])).rows
    assert (row.topic, row.language, row.metadata) == ("Bees", "de", {"Title": "kept"})
    with pytest.raises(InvalidInput, match="no heading 'nope'"):
        read_topics(source, mapping={"nope": "topic"})
    for pair in ("nope", "a=nope", "=topic"):
        with pytest.raises(InvalidInput, match="heading=column"):
            parse_mapping([pair])


def test_synonyms_yield_to_the_columns_own_name(write: Write) -> None:
    (row,) = read_topics(write("Title,Target Audience,TOPIC\nnot me,all,Bees\n")).rows
    assert (row.topic, row.audience, row.metadata) == ("Bees", "all", {"Title": "not me"})


def test_misspelt_headings_and_repeated_topics_are_only_warnings(write: Write) -> None:
    topics = read_topics(write("topic,platfroms\nBees,youtube\nbees,\n"))
    assert len(topics.rows) == 2
    assert [str(warning) for warning in topics.warnings] == [
        "line 1: the heading 'platfroms' is kept as metadata; did you mean platforms?",
        "line 3: repeats line 2; its work is reused, not done again",
    ]


def tiff_with_fractions() -> bytes:
    """A picture whose pixels begin at a fraction of a byte, at which Pillow raises what is no OSError."""
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "TIFF")
    data = bytearray(buffer.getvalue())
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry) == (273,):  # StripOffsets
            struct.pack_into("<HII", data, entry + 2, 5, 1, 8)  # RATIONAL
    return bytes(data)


def test_images_that_cannot_be_shown_are_reported_by_line(write: Write, tmp_path: Path) -> None:
    noise = Image.effect_noise((64, 64), 90)
    for name in ("good.jpg", "good.png", "cut.jpg", "cut.png"):
        noise.save(tmp_path / name)
    for name in ("cut.jpg", "cut.png"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "odd.tif").write_bytes(tiff_with_fractions())
    (tmp_path / "folder").mkdir()
    names = [
        "good.jpg|good.png", '"[""good.jpg""]"', "none.png", "cut.jpg", "cut.png", "text.png", "odd.tif", "folder",
        "https://x/y.png",
    ]  # fmt: skip
    topics = read_topics(write("topic,images\n" + "".join(f"T{i},{name}\n" for i, name in enumerate(names))))
    assert [len(row.images) for row in topics.rows] == [2, 1]
    assert [line for line, _ in reasons(topics)] == [4, 5, 6, 7, 8, 9, 10]
    texts = [text for _, text in reasons(topics)]
    for text, expected in zip(
        texts,
        ["does not exist", "damaged", "damaged", "not a picture", "damaged", "is a folder", "address"],
        strict=True,
    ):
        assert expected in text


@settings(deadline=None)  # the machine may be busy
@given(
    st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_give_rows_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    for prefix in (b"topic\n", b"[", b""):
        path.write_bytes(prefix + data)
        try:
            topics = read_topics(str(path))
        except CliprowError:
            continue
        assert topics.rows or topics.problems
