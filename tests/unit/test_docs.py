"""The pages in `docs/` say what the code says, in both directions."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from cliprow.models import Stage

ROOT = Path(__file__).parents[2]
PAGES = ("flow", "states", "glossary", "deviations")
MAX_LINES = 120

#: Columns and types of the integration architecture's appendix A.
APPENDIX_A = {
    "projects": "id uuid, tenant_id uuid, original_idea text, target_audience text, tone text, status text,"
    " metadata jsonb, created_at timestamp, updated_at timestamp",
    "scripts": "id uuid, project_id uuid, content jsonb, total_duration integer, word_count integer,"
    " script_type text, created_at timestamp",
    "scenes": "id uuid, script_id uuid, scene_number integer, duration integer, voiceover_text text,"
    " visual_description text, scene_type text, platform_specific jsonb, created_at timestamp",
    "generated_content": "id uuid, scene_id uuid, content_type text, file_path text, file_size integer,"
    " duration integer, quality_score real, platform text, resolution text, format text,"
    " generation_metadata jsonb, created_at timestamp",
    "content_library": "id uuid, scene_id uuid, specific_tags jsonb, generic_tags jsonb, usage_count integer,"
    " performance_score real, last_used timestamp, library_category text, created_at timestamp, updated_at timestamp",
    "generation_jobs": "id uuid, project_id uuid, job_type text, status text, progress integer,"
    " total_steps integer, current_step integer, error_message text, result_data jsonb, created_at timestamp,"
    " updated_at timestamp, completed_at timestamp",
    "performance_metrics": "id uuid, content_id uuid, platform text, views integer, likes integer, dislikes integer,"
    " comments_count integer, shares integer, saves integer, engagement_rate real, watch_time integer,"
    " click_through_rate real, performance_score real, collected_at timestamp",
    "analytics": "id uuid, project_id uuid, date date, total_views integer, total_engagement integer,"
    " avg_watch_time real, top_platform text, metrics_data jsonb, created_at timestamp",
}
#: Its check lists, those of platforms aside.
APPENDIX_A_WORDS = {
    ("projects", "tone"): "professional casual educational entertaining motivational",
    ("projects", "status"): "draft processing completed published archived",
    ("scripts", "script_type"): "explainer tutorial story demo testimonial",
    ("scenes", "scene_type"): "intro main_content demo testimonial conclusion call_to_action",
    ("generated_content", "content_type"): "video audio thumbnail subtitle",
    ("content_library", "library_category"): "high_performance experimental archived favorite",
    (
        "generation_jobs",
        "job_type",
    ): "script_generation video_generation audio_generation platform_adaptation",
    ("generation_jobs", "status"): "pending processing completed failed",
}
#: Types that are named otherwise, or are different everywhere, as the page says at its top.
SAME_TYPE = {"integer": "int", "timestamp": "timestamptz"}


@cache
def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """The part of a page under a heading."""
    return re.split(r"^## ", page(name).split(f"\n## {title}\n")[1], flags=re.M)[0]


def named(text: str) -> set[str]:
    """Everything between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


@cache
def sql() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "sql").glob("*.sql")))


@cache
def tables() -> dict[str, str]:
    """The definition of every table, by name without `public.`."""
    found = re.findall(r"^create table ([\w.]+) \(\n(.*?)^\)", sql(), re.M | re.S)
    return {name.removeprefix("public."): body for name, body in found}


def columns(table: str) -> dict[str, str]:
    """Types of a table's columns."""
    found = re.findall(
        r"^  (?!primary |foreign |unique |constraint |check )(\w+) ([\w\[\]]+)", tables()[table], re.M
    )
    return dict(found)


def words(table: str, column: str) -> set[str]:
    """What a column's check list allows."""
    match = re.search(rf"check \({column} in \((.*?)\)\)", tables()[table], re.S)
    return set(re.findall(r"'(\w+)'", match[1])) if match else set()


def moves(entity: str) -> set[tuple[str, str, str]]:
    """Legal moves: from, to and why."""
    body = sql().split("create function private.legal_moves()")[1].split("$$")[1]
    return set(re.findall(rf"\('{entity}', '(\w+)', '(\w+)', '([^']+)'\)", body))


@pytest.mark.parametrize("name", PAGES)
def test_each_is_one_page(name: str) -> None:
    assert len(page(name).splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", PAGES)
def test_files_that_are_named_exist(name: str) -> None:
    paths = {word for word in named(page(name)) if re.fullmatch(r"(src|sql|docs|tests)/[\w/.]+", word)}
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_what_is_named_in_the_private_schema_exists(name: str) -> None:
    objects = set(re.findall(r"`(private\.\w+)", page(name)))
    known = set(re.findall(r"^create (?:function|table|type|view) (private\.\w+)", sql(), re.M))
    assert objects - known == set()


@pytest.mark.parametrize("entity", ["batch", "job", "task"])
def test_states_names_every_legal_move_with_its_reason_and_no_other(entity: str) -> None:
    drawn = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+) \|$", section("states", entity.title()), re.M)
    assert len(drawn) == len(set(drawn))
    assert moves(entity)
    assert set(drawn) == moves(entity)


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("Batch", "batches"),
        ("Job", "generation_jobs"),
        ("Task", "stage_tasks"),
        ("Attempt", "task_attempts"),
        ("Artifact", "artifacts"),
    ],
)
def test_states_says_each_state_in_one_line(title: str, table: str) -> None:
    told = re.findall(r"^- `(\w+)`: \S", section("states", title), re.M)
    assert len(told) == len(set(told))
    assert words(table, "status")
    assert set(told) == words(table, "status")


@pytest.mark.parametrize("entity", ["batch", "job", "task"])
def test_the_picture_of_states_shows_every_state(entity: str) -> None:
    picture = page("states").split("Status columns")[0]
    states = {status for move in moves(entity) for status in move[:2]}
    assert {status for status in states if not re.search(rf"\b{status}\b", picture)} == set()


def test_flow_draws_the_stages_in_their_order() -> None:
    drawn = re.findall(
        r"\b(\w+_generation|platform_adaptation|post_processing)\b", section("flow", "The tasks of one job")
    )
    assert list(dict.fromkeys(drawn)) == [str(stage) for stage in Stage]


def test_flow_names_tables_that_exist() -> None:
    rows = re.findall(r"^\| \d [^|]+\|([^|]+)\|", page("flow"), re.M)
    assert len(rows) == 9
    assert set().union(*map(named, rows)) <= set(tables())


def test_flow_names_every_file_of_the_queue_and_every_stage() -> None:
    files = [*(ROOT / "sql").glob("2*.sql"), *(ROOT / "src/cliprow/stages").glob("[!_]*.py")]
    assert {str(path.relative_to(ROOT)) for path in files} - named(page("flow")) == set()


def test_every_table_is_in_the_glossary_or_the_flow() -> None:
    assert set(tables()) - named(page("glossary") + page("flow")) == set()


def test_each_word_of_the_glossary_has_one_meaning() -> None:
    terms = re.findall(r"\*\*([^*]+)\*\*", page("glossary"))
    assert sorted(terms) == sorted(set(terms))


@pytest.mark.parametrize(
    ("term", "table", "column"), [("lane", "generation_jobs", "lane"), ("member", "memberships", "role")]
)
def test_the_glossary_lists_what_the_database_allows(term: str, table: str, column: str) -> None:
    line = re.search(rf"^\| \*\*{term}\*\* .*$", page("glossary"), re.M)
    assert line
    assert words(table, column)
    assert {word for word in words(table, column) if not re.search(rf"\b{word}\b", line[0])} == set()


@pytest.mark.parametrize("table", APPENDIX_A)
def test_deviations_names_every_column_that_appendix_a_has_not_and_no_other(table: str) -> None:
    wanted = dict(line.split() for line in APPENDIX_A[table].split(", "))
    ours = columns(table)
    assert set(wanted) - set(ours) == set(), "left out, which the page does not say"
    told = re.search(r"^- New columns: (.*?)(?=^- )", section("deviations", table), re.M | re.S)
    assert told
    new = named(re.sub(r"\(.*?\)", "", told[1], flags=re.S))
    assert new == set(ours) - set(wanted)


@pytest.mark.parametrize("table", APPENDIX_A)
def test_deviations_names_every_column_of_another_type(table: str) -> None:
    wanted = dict(line.split() for line in APPENDIX_A[table].split(", "))
    ours = columns(table)
    different = {name for name, kind in wanted.items() if ours[name] != SAME_TYPE.get(kind, kind)}
    assert different - named(section("deviations", table)) == set()
    widened = re.findall(r"^- .*`bigint`.*$", section("deviations", table), re.M)
    assert named("".join(widened)) - {"bigint"} == different


@pytest.mark.parametrize(("table", "column"), APPENDIX_A_WORDS)
def test_deviations_names_every_word_that_a_check_list_has_got(table: str, column: str) -> None:
    wanted = set(APPENDIX_A_WORDS[table, column].split())
    assert wanted - words(table, column) == set()
    assert words(table, column) - wanted - named(section("deviations", table)) == set()


@pytest.mark.parametrize("table", APPENDIX_A)
def test_deviations_says_how_the_policies_of_each_table_differ(table: str) -> None:
    assert re.search(r"^- Policies: ", section("deviations", table), re.M)


def test_deviations_names_every_new_table_and_no_other() -> None:
    public = {name for name in tables() if "." not in name}
    assert named(section("deviations", "New tables")) == public - set(APPENDIX_A)


def test_deviations_says_which_tables_are_partitioned() -> None:
    partitioned = set(
        re.findall(
            r"^create table public\.(\w+) \((?:(?!^create table).)*?^\) partition by", sql(), re.M | re.S
        )
    )
    for table in set(APPENDIX_A):
        assert ("artitioned by" in section("deviations", table)) == (table in partitioned)


@pytest.mark.parametrize("name", ["operations", "scale"])
def test_benchmarks_and_figures_that_are_named_exist(name: str) -> None:
    metrics = (ROOT / "src/cliprow/api/routes/metrics.py").read_text(encoding="utf-8")
    assert [path for path in re.findall(r"bench/\w+\.py", page(name)) if not (ROOT / path).exists()] == []
    assert [
        figure
        for figure in re.findall(r"cliprow_(\w+)", page(name))
        if f'"{figure}"' not in metrics and figure not in {"worker", "api"}
    ] == []


def test_operations_tells_the_meaning_of_each_setting_and_of_no_other() -> None:
    told = set().union(*map(named, re.findall(r"^\| ([^|]+) \|", section("operations", "Settings"), re.M)))
    assert told == set(columns("private.settings"))
