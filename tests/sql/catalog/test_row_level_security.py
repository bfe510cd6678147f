"""Row-level security: where it is on, and the shape of its policies."""

from __future__ import annotations

from tests.sql.catalog.conftest import Look


def test_every_table_the_api_can_reach_has_row_level_security(look: Look) -> None:
    assert (
        look("""
        select c.oid::regclass::text
        from pg_class as c
        cross join unnest('{anon,authenticated,service_role,cliprow_worker}'::text []) as role
        where c.relkind in ('r', 'p') and not c.relrowsecurity
          and c.relnamespace::regnamespace::text in ('public', 'private', 'partitions')
          and (c.relnamespace = 'public'::regnamespace
            or has_any_column_privilege(role, c.oid, 'select, insert, update, references')
            or has_table_privilege(role, c.oid, 'delete, truncate, trigger'))
    """)
        == []
    )


def test_every_leaf_has_row_level_security_of_its_own(look: Look) -> None:
    leaves = look(
        "select c.relrowsecurity from pg_class as c where c.relispartition and c.relkind = 'r'"
        " and c.relnamespace = 'partitions'::regnamespace"
    )
    assert leaves
    assert all(leaves)


def test_leaves_lie_in_the_schema_partitions_and_nothing_else_does(look: Look) -> None:
    assert (
        look("""
        select c.oid::regclass::text
        from pg_class as c
        where c.relkind in ('r', 'p', 'v', 'm')
          and c.relispartition <> (c.relnamespace = 'partitions'::regnamespace)
          and c.relnamespace::regnamespace::text in ('public', 'private', 'partitions')
    """)
        == []
    )


def test_every_view_asks_with_the_rights_of_its_caller(look: Look) -> None:
    assert (
        look("""
        select c.oid::regclass::text
        from pg_class as c
        where c.relkind in ('v', 'm') and c.relnamespace = 'public'::regnamespace
          and not coalesce('security_invoker=true' = any(c.reloptions), false)
    """)
        == []
    )


def test_a_table_has_at_most_one_policy_for_each_action(look: Look) -> None:
    assert (
        look("""
        select p.tablename, p.cmd, count(*)
        from pg_policies as p
        where p.schemaname in ('public', 'private', 'partitions')
        group by p.schemaname, p.tablename, p.cmd
        having count(*) > 1 or p.cmd = 'ALL'
    """)
        == []
    )


def test_policies_are_for_people_who_are_signed_in(look: Look) -> None:
    assert (
        look("""
        select p.tablename, p.policyname, p.roles::text []
        from pg_policies as p
        where p.schemaname in ('public', 'private', 'partitions')
          and (p.roles <> '{authenticated}' or p.permissive <> 'PERMISSIVE')
    """)
        == []
    )


def test_policies_call_functions_once_for_a_statement_and_not_for_every_row(look: Look) -> None:
    """A call inside a sub-select is planned as an InitPlan."""
    assert (
        look(r"""
        select p.tablename, p.policyname
        from pg_policies as p
        where p.schemaname = 'public'
          and regexp_replace(concat_ws(' ', p.qual, p.with_check), 'SELECT (private|auth)\.', '', 'g')
            ~ '\m(private|auth)\.'
    """)
        == []
    )


def test_a_policy_for_changes_says_what_the_row_may_become(look: Look) -> None:
    assert (
        look("""
        select p.tablename, p.policyname
        from pg_policies as p
        where p.schemaname = 'public' and p.cmd in ('INSERT', 'UPDATE') and p.with_check is null
    """)
        == []
    )


def test_every_table_with_a_tenant_compares_it_in_every_policy(look: Look) -> None:
    """Except the outbox, which nobody may read."""
    assert (
        look("""
        select p.tablename, p.policyname
        from pg_policies as p
        join information_schema.columns as c
          on c.table_schema = p.schemaname and c.table_name = p.tablename and c.column_name = 'tenant_id'
        where p.schemaname = 'public' and coalesce(p.qual, '') <> 'false'
          and (position('tenant_id = ( SELECT private.tenant_id()' in coalesce(p.qual, p.with_check)) = 0
            or position('tenant_id = ( SELECT private.tenant_id()' in coalesce(p.with_check, p.qual)) = 0)
    """)
        == []
    )
