"""A storage that is only its rows: what a worker that looks after content does to it."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from tests.sql.world import Person, Worker, World


def keep_files(world: World) -> None:
    """Every file of every artifact lies in the storage."""
    world.run(
        "insert into storage.objects (bucket_id, name, metadata) select 'media', f ->> 'path', jsonb_build_object('size', 10)"
        " from public.artifacts as a cross join jsonb_array_elements(a.files) as f"
        " where not exists (select from storage.objects as o where o.name = f ->> 'path')"
        " group by f ->> 'path'"
    )


def stored(world: World) -> set[str]:
    """Paths of what lies in the storage."""
    return {path for (path,) in world.rows("select name from storage.objects where bucket_id = 'media'")}


def named(world: World) -> set[str]:
    """Paths that a row stands for: an artifact's, or a line in the list of what is to be removed."""
    return {
        path
        for (path,) in world.rows(
            "select f ->> 'path' from public.artifacts as a cross join jsonb_array_elements(a.files) as f"
            " union select path from private.condemned_files"
        )
    }


def remove(world: World, paths: list[str]) -> None:
    """What the storage does when it is told to."""
    with world.admin.transaction():
        world.run("set local storage.allow_delete_query = 'true'")
        world.run("delete from storage.objects where name = any(%s)", paths)


def step(worker: Worker) -> dict[str, Any]:
    row = worker.connection.execute("select private.sweep_content()").fetchone()
    assert row is not None
    answer: dict[str, Any] = row[0]
    return answer


def sweep(world: World, worker: Worker) -> set[str]:
    """All steps that are due; returns the paths that were removed."""
    removed: set[str] = set()
    for _ in range(200):
        done = step(worker)
        remove(world, done["paths"])
        worker.connection.execute("select private.forget_files(%s)", [done["paths"]])
        removed |= set(done["paths"])
        if done["is_idle"]:
            return removed
    raise AssertionError("the sweep does not come to an end")


def due_again(world: World, *, grace: str = "0") -> None:
    """A day has gone by."""
    world.run("update private.content_settings set grace = %s::interval", grace)
    world.run("update private.content_sweeps set condemned_at = '-infinity', orphans_at = '-infinity'")


def check_all(world: World, worker: Worker, person: Person, broken: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    """Verify everything of a tenant, where these paths are broken; returns what is to be removed."""
    world.call(person, "verify_content", None, None)
    row = worker.connection.execute("select private.take_checks(1000)").fetchone()
    assert row is not None
    results = [
        {key: taken[key] for key in ("tenant_id", "content_key", "ready_at")}
        | {"broken": [file for file in taken["files"] if file["path"] in broken]}
        for taken in row[0]
    ]
    settled = worker.connection.execute("select private.settle_checks(%s)", [Jsonb(results)]).fetchone()
    assert settled is not None
    paths: list[str] = settled[0]
    return paths
