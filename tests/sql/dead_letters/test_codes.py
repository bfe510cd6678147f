"""What error codes mean is said of all that stages, providers and workers raise."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.sql.world import World
from tests.unit.test_repo import error_codes

_PACKAGE = Path(__file__).parents[3] / "src" / "cliprow"
_RAISING = ("stages", "providers", "queue", "storage", "media")


def test_every_code_that_a_task_can_have_is_explained(passing_world: World) -> None:
    raised = set()
    for part in _RAISING:
        for path in (_PACKAGE / part).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            raised |= {str(code) for code in error_codes(tree) if code}
            raised |= {
                str(node.args[0].value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Failed"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            }
    rows = passing_world.rows("select error_code, meaning, next_step, remedy from public.list_error_codes()")
    known = {code for code, *_ in rows}
    assert raised
    assert raised - known == set()
    assert len(known) == len(rows), "each once"
    assert all(meaning and step for _, meaning, step, _ in rows)
    assert {remedy for *_, remedy in rows} == {"replay", "change", "operator"}
