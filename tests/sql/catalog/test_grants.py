"""Grants: who may enter which schema, read which table and call which function."""

from __future__ import annotations

import pytest

from tests.sql.catalog.conftest import Look

OURS = "('public', 'private', 'partitions')"
TABLE_RIGHTS = "select, insert, update, delete, truncate, references, trigger"

#: Everything a worker may call. What it may do to the queue library's tables is the library's business.
WORKER_CALLS = {
    "announce_providers",
    "beat",
    "begin_provider_call",
    "claim_task",
    "complete_task",
    "complete_tasks",
    "defer_task",
    "discard_provider_calls",
    "drain_worker",
    "fail_provider_call",
    "fail_task",
    "flush_live",
    "forget_files",
    "hand_back_task",
    "held_tasks",
    "keep_provider_call",
    "leave",
    "register_worker",
    "report_progress",
    "settle_checks",
    "settle_delivery",
    "sweep_content",
    "take_checks",
    "take_deliveries",
    "tick",
    "tick_slowly",
    "take_tasks",
    "task_secrets",
    "withdrawn_attempts",
}
#: What the API offers to whoever is signed in; `private` holds only what policies and defaults call for them.
USER_CALLS = {
    "public.accept_invitation",
    "public.append_topics",
    "public.verify_content",
    "public.repair_content",
    "public.list_provider_keys",
    "public.set_brand",
    "public.set_brand_logo",
    "public.list_damaged",
    "public.library_uses",
    "public.curate_library",
    "public.content_health",
    "public.content_garbage",
    "public.collect_garbage",
    "public.delete_tenant",
    "public.cache_statistics",
    "public.act_on_jobs",
    "public.add_library_version",
    "public.cancel_batch",
    "public.cancel_job",
    "public.cancel_project",
    "public.cancel_tenant",
    "public.change_member",
    "public.change_schedule",
    "public.change_webhook",
    "public.changed_since",
    "public.check_batch",
    "public.count_dead_letters",
    "public.create_asset_link",
    "public.create_batch",
    "public.create_schedule",
    "public.create_tenant",
    "public.create_webhook",
    "public.delete_schedule",
    "public.delete_webhook",
    "public.discard_letters",
    "public.invite_member",
    "public.issue_asset",
    "public.list_budget_events",
    "public.list_budgets",
    "public.list_costs",
    "public.list_audit",
    "public.list_dead_letters",
    "public.list_error_codes",
    "public.list_job_pauses",
    "public.list_members",
    "public.list_my_tenants",
    "public.list_prices",
    "public.list_provider_rates",
    "public.list_webhook_deliveries",
    "public.pause_batch",
    "public.pause_job",
    "public.pause_project",
    "public.pause_schedule",
    "public.pause_tenant",
    "public.redeliver",
    "public.remember_columns",
    "public.remove_brand",
    "public.remove_member",
    "public.remove_project_member",
    "public.reschedule_batch",
    "public.resume_batch",
    "public.resume_job",
    "public.resume_project",
    "public.resume_schedule",
    "public.resume_tenant",
    "public.retry_batch",
    "public.retry_failed",
    "public.retry_job",
    "public.retry_task",
    "public.remove_provider_key",
    "public.revoke_invitation",
    "public.rotate_webhook_secret",
    "public.run_schedule",
    "public.schedule_occurrences",
    "public.set_batch_cap",
    "public.set_batch_lane",
    "public.set_budget",
    "public.set_deadline",
    "public.set_job_deadline",
    "public.set_job_lane",
    "public.set_price",
    "public.set_project_cap",
    "public.set_project_lane",
    "public.set_project_member",
    "public.set_provider_rate",
    "public.set_tenant_cap",
    "public.show_dead_letter",
    "public.show_invitation",
    "public.start_batch",
    "public.start_job",
    "public.switch_tenant",
    "public.tenant_queues",
    "public.tenant_summary",
    "public.tenant_workers",
    "public.test_webhook",
    "public.upcoming_runs",
}
#: What the REST API may call as itself, before it becomes the caller.
API_CALLS = {
    "canary_claims",
    "canary_queries",
    "count_foreign_rows",
    "denials_since",
    "keep_answer",
    "open_request",
    "record_denial",
    "record_downloads",
    "record_performance",
    "tenant_owner",
    "use_asset_link",
}
#: What the REST API calls for operators, who send the project's secret key.
API_CALLS |= {
    # Keys of providers, which only the API can encrypt.
    "keep_provider_key",
    "keys_to_seal",
    "seal_key",
    "collect_garbage_of_all",
    "count_letters",
    "delete_any_tenant",
    "drop_letters",
    "find_audit",
    "find_letters",
    "hurry_retention",
    "inspect_letter",
    "list_deleted_tenants",
    "list_error_codes",
    "list_retention",
    "list_stage_load",
    "list_stage_queues",
    "list_prices_for_all",
    "list_provider_rates_for_all",
    "list_workers",
    "metrics",
    "order_worker",
    "pause_stage",
    "replay_letters",
    "restore_tenant",
    "resume_stage",
    "set_price_for_all",
    "set_provider_rate_for_all",
    "set_retention",
    "tick_slowly",
}
#: What Supabase Auth may call.
AUTH_CALLS = {"custom_access_token"}
#: Every role that somebody else than us acts as.
ROLES = ["anon", "authenticated", "service_role", "cliprow_worker", "cliprow_api", "supabase_auth_admin"]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_touch_a_leaf_directly(look: Look, role: str) -> None:
    assert (
        look(
            f"""
        select c.oid::regclass::text
        from pg_class as c
        where c.relnamespace = 'partitions'::regnamespace and c.relkind = 'r'
          and (has_table_privilege(%s, c.oid, '{TABLE_RIGHTS}')
            or has_any_column_privilege(%s, c.oid, 'select, insert, update, references'))
        """,
            role,
            role,
        )
        == []
    )


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_touch_a_private_table(look: Look, role: str) -> None:
    assert (
        look(
            f"""
        select c.oid::regclass::text
        from pg_class as c
        where c.relnamespace = 'private'::regnamespace and c.relkind in ('r', 'p')
          and (has_table_privilege(%s, c.oid, '{TABLE_RIGHTS}')
            or has_any_column_privilege(%s, c.oid, 'select, insert, update, references'))
        """,
            role,
            role,
        )
        == []
    )


def test_anon_may_read_and_change_nothing(look: Look) -> None:
    assert (
        look(f"""
        select c.oid::regclass::text
        from pg_class as c
        where c.relnamespace::regnamespace::text in {OURS} and c.relkind in ('r', 'p', 'v', 'm')
          and (has_table_privilege('anon', c.oid, '{TABLE_RIGHTS}')
            or has_any_column_privilege('anon', c.oid, 'select, insert, update, references'))
    """)
        == []
    )


def test_anon_may_call_nothing(look: Look) -> None:
    assert (
        look(f"""
        select p.oid::regprocedure::text
        from pg_proc as p
        where p.pronamespace::regnamespace::text in {OURS} and has_function_privilege('anon', p.oid, 'execute')
    """)
        == []
    )


@pytest.mark.parametrize("schema", ["private", "partitions", "procrastinate"])
def test_anon_may_not_enter(look: Look, schema: str) -> None:
    assert look("select has_schema_privilege('anon', %s, 'usage')", schema) == [False]


@pytest.mark.parametrize("schema", ["partitions", "procrastinate"])
def test_users_may_not_enter(look: Look, schema: str) -> None:
    assert look("select has_schema_privilege('authenticated', %s, 'usage')", schema) == [False]


@pytest.mark.parametrize("schema", ["public", "private", "partitions"])
@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_create_anything(look: Look, role: str, schema: str) -> None:
    assert look("select has_schema_privilege(%s, %s, 'create')", role, schema) == [False]


def test_no_function_is_executable_by_everyone(look: Look) -> None:
    assert (
        look(f"""
        select p.oid::regprocedure::text
        from pg_proc as p
        cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where p.pronamespace::regnamespace::text in {OURS} and a.grantee = 0
    """)
        == []
    )


@pytest.mark.parametrize(
    ("role", "calls"),
    [("cliprow_worker", WORKER_CALLS), ("cliprow_api", API_CALLS), ("supabase_auth_admin", AUTH_CALLS)],
)
def test_services_call_what_is_made_for_them_and_nothing_else(look: Look, role: str, calls: set[str]) -> None:
    assert (
        set(
            look(
                f"""
        select p.proname
        from pg_proc as p
        where p.pronamespace::regnamespace::text in {OURS}
          and has_function_privilege(%s, p.oid, 'execute')
        """,
                role,
            )
        )
        == calls
    )


@pytest.mark.parametrize("role", ["cliprow_worker", "cliprow_api", "supabase_auth_admin"])
def test_services_may_not_touch_our_tables(look: Look, role: str) -> None:
    assert (
        look(
            f"""
        select c.oid::regclass::text
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
          and (has_table_privilege(%s, c.oid, '{TABLE_RIGHTS}')
            or has_any_column_privilege(%s, c.oid, 'select, insert, update, references'))
        """,
            role,
            role,
        )
        == []
    )


@pytest.mark.parametrize(
    ("role", "memberships"), [("cliprow_worker", []), ("cliprow_api", ["anon", "authenticated"])]
)
def test_services_are_no_more_than_they_should_be(look: Look, role: str, memberships: list[str]) -> None:
    """The API may become a caller; it inherits nothing, so that a request without one reaches nothing."""
    assert look(
        """
        select r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolbypassrls or r.rolreplication or r.rolinherit,
          array(select m.roleid::regrole::text from pg_auth_members as m where m.member = r.oid order by 1)
        from pg_roles as r where r.rolname = %s
        """,
        role,
    ) == [(False, memberships)]


def test_users_call_the_functions_of_the_api_and_no_other(look: Look) -> None:
    assert (
        set(
            look("""
        select 'public.' || p.proname
        from pg_proc as p
        where p.pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')
    """)
        )
        == USER_CALLS
    )


def test_users_call_nothing_private_that_changes_anything(look: Look) -> None:
    """All that policies and column defaults need is stable, except the maker of ids."""
    assert look("""
        select p.proname
        from pg_proc as p
        where p.pronamespace = 'private'::regnamespace and p.provolatile = 'v'
          and has_function_privilege('authenticated', p.oid, 'execute')
    """) == ["uuid_v7"]


@pytest.mark.parametrize("role", ["authenticated", "service_role"])
def test_whoever_may_write_a_row_may_call_what_its_columns_and_checks_call(look: Look, role: str) -> None:
    """Defaults, generated columns and checks run with the rights of whoever writes."""
    assert (
        look(
            f"""
        with part as (
          select d.adrelid as table_id, 'pg_attrdef'::regclass as kind, d.oid from pg_attrdef as d
          union all
          select c.conrelid, 'pg_constraint'::regclass, c.oid from pg_constraint as c where c.contype = 'c'
        )
        select distinct part.table_id::regclass::text, f.oid::regprocedure::text
        from part
        join pg_depend as d on d.classid = part.kind and d.objid = part.oid and d.refclassid = 'pg_proc'::regclass
        join pg_proc as f on f.oid = d.refobjid
        where f.pronamespace::regnamespace::text in {OURS}
          and has_any_column_privilege(%s, part.table_id, 'insert')
          and not has_function_privilege(%s, f.oid, 'execute')
        """,
            role,
            role,
        )
        == []
    )


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_users_may_not_empty_tables_or_put_triggers_on_them(look: Look, role: str) -> None:
    assert (
        look(
            """
        select c.oid::regclass::text
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and has_table_privilege(%s, c.oid, 'truncate, trigger, references')
        """,
            role,
        )
        == []
    )


def test_live_changes_are_published_for_projects_and_batches_only(look: Look) -> None:
    assert set(look("select tablename from pg_publication_tables where pubname = 'supabase_realtime'")) == {
        "projects",
        "batches",
    }
