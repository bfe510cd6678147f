"""The list of jobs under row-level security, against the same query without it, in one database with many tenants.

    uv run python bench/rls_list.py [--tenants 1000] [--jobs 1000] [--rounds 400]

Both sides run the API's own query with the same filter (the tenant, and what else is asked for), in a transaction of one
round trip as the API does it: one as a signed-in user, the other as `service_role`, which policies do not bind. They
take turns. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, LiteralString

from _many_tenants import Tenant, choose, fill
from psycopg import Connection

from cliprow import db
from cliprow.api.routes.job_types import JOB
from cliprow.config import Config
from cliprow.local.ports import free_port
from cliprow.local.stack import running_stack

#: The protected query may take this many times as long.
MAX_RATIO = 1.2
_LIMIT = 51
#: By name: what is asked for beside the tenant, and its arguments.
FILTERS: dict[str, tuple[LiteralString, tuple[str, ...]]] = {
    "all": ("", ()),
    "status": (" and j.status = %s", ("status",)),
    "batch": (" and j.batch_id = %s", ("batch_id",)),
    "project and dates": (
        " and j.project_id = %s and j.id >= private.uuid_at(now() - interval '40 days')",
        ("project_id",),
    ),
    "text": (" and j.topic ilike %s", ("text",)),
}
_BECOME: LiteralString = (
    "select set_config('role', %s, true),"
    " set_config('request.jwt.claims', %s, true), set_config('statement_timeout', %s, true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)"
)
#: By whether row-level security binds them.
_ROLES = {True: "authenticated", False: "service_role"}


def run(connection: Connection[Any], tenant: Tenant, name: str, *, protected: bool) -> tuple[float, int]:
    """Seconds of one transaction, and how many rows it gave."""
    condition, names = FILTERS[name]
    values = {**vars(tenant), "status": "cancelled", "text": "%ways%"}
    began = time.perf_counter()
    with connection.pipeline():
        connection.execute("begin")
        connection.execute(_BECOME, [_ROLES[protected], tenant.claims, "8000"])
        cursor = connection.execute(
            f"select to_json(r)::text, r.id from (select {JOB} from public.generation_jobs as j"
            f" where j.tenant_id = %s{condition} order by j.id desc limit %s) as r",
            [tenant.tenant_id, *(values[each] for each in names), _LIMIT],
        )
        connection.execute("commit")
    rows = cursor.fetchall()
    return time.perf_counter() - began, len(rows)


def compare(conninfo: str, tenants: list[Tenant], rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of both sides, by filter."""
    found = {}
    with db.connect(conninfo) as connection:
        for name in FILTERS:
            times: dict[bool, list[float]] = {True: [], False: []}
            for number in range(rounds + 50):
                tenant = tenants[number % len(tenants)]
                counts = set()
                for protected in (True, False) if number % 2 else (False, True):
                    seconds, count = run(connection, tenant, name, protected=protected)
                    counts.add(count)
                    if number >= 50:  # the first ones prepare statements
                        times[protected].append(seconds)
                assert len(counts) == 1, "both sides must see the same rows"
            protected_ms, plain_ms = (statistics.median(times[side]) * 1000 for side in (True, False))
            found[name] = {
                "protected_ms": round(protected_ms, 3),
                "plain_ms": round(plain_ms, 3),
                "ratio": round(protected_ms / plain_ms, 3),
            }
    return found


def main() -> int:
    """Measure, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=1_000, help="of each tenant")
    parser.add_argument("--rounds", type=int, default=400)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Config(home=Path(folder) / "home", db_port=free_port())
        with running_stack(config, gateway=False) as stack, db.connect(stack.admin) as admin:
            fill_s = fill(admin, chosen.tenants, chosen.jobs)
            filters = compare(stack.admin, choose(admin, 200), chosen.rounds)
    ratio = max(each["ratio"] for each in filters.values())
    print(
        json.dumps(
            {
                "jobs": chosen.tenants * chosen.jobs,
                "tenants": chosen.tenants,
                "ratio": ratio,
                "filters": filters,
                "fill_s": round(fill_s, 1),
            }
        )
    )
    print(f"row-level security costs at most {ratio:.2f} times the plain query (target {MAX_RATIO})")
    return 0 if ratio <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
