"""cliprow.queue.scratch: working folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cliprow.errors import Unavailable
from cliprow.queue.scratch import scratch_folder

_HOLD = """
import sys, time
from pathlib import Path
from cliprow.queue.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half.mp4").write_bytes(b"...")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_folder_is_gone_after_its_block(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "scratch") as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_folders_of_the_killed_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    holders = [
        subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        folders = [Path(holder.stdout.readline().strip()) for holder in holders if holder.stdout]
        holders[0].kill()
        holders[0].wait()
        with scratch_folder(tmp_path):
            assert [folder.exists() for folder in folders] == [False, True]
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="file"), scratch_folder(tmp_path / "file"):
        pass
