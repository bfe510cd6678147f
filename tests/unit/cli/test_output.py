"""cliprow.cli.output and cliprow.local.machine: what commands print and look at before they start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cliprow.cli.output import check_out, print_json, print_table
from cliprow.cli.workers import last_line, remove_old_logs
from cliprow.errors import InvalidInput
from cliprow.local import machine
from tests.unit.cli.making import batch


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"batch": batch(title="Ü")})
    printed = json.loads(capsys.readouterr().out)
    assert (printed["batch"]["number"], printed["batch"]["title"]) == (7, "Ü")


def test_a_row_stays_in_its_line_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["Job", "Title"], [["1.1", "long " * 60], ["1.2", None]])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["Job", "1.1", "1.2"]


def test_a_place_for_the_files_is_looked_at_and_not_made(tmp_path: Path) -> None:
    check_out(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for bad in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(InvalidInput, match="file") as caught:
            check_out(bad)
        assert "--out" in caught.value.next_step


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"worker-{number}.log").write_text("line")
    (tmp_path / "postgres.log").touch()
    remove_old_logs(tmp_path)
    assert len(list(tmp_path.glob("worker-*"))) == 10
    assert (tmp_path / "postgres.log").exists()


def test_the_last_line_of_a_log_is_what_went_wrong(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none") == ""
    (tmp_path / "log").write_text("started\nIt broke. [CODE]\nNext: mend it.\n")
    assert last_line(tmp_path / "log") == "It broke. [CODE]"


def test_this_machine_has_what_the_stages_need(tmp_path: Path) -> None:
    found = {check.name: check for check in machine.checks(tmp_path / "out")}
    assert {"video encoder", "fonts", "English voice", "other voices", "memory", "cores"} <= set(found)
    assert [check for check in found.values() if not check.ok and not check.next_step] == []
    assert list(tmp_path.iterdir()) == []
