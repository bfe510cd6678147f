"""Keys and indexes: what joins, cascades and policies need."""

from __future__ import annotations

from tests.sql.catalog.conftest import Look

OURS = "c.relnamespace::regnamespace::text in ('public', 'private')"
#: The first columns of an index on the table `c`, as many as the array `columns` has; a partial index serves where
#: it leaves out only rows whose column is null, which no key ever looks for.
LED_BY = """
    exists (
      select from pg_index as i
      where i.indrelid = c.oid and i.indisvalid
        and (i.indpred is null or pg_get_expr(i.indpred, c.oid) ~ '^\\(\\w+ IS NOT NULL\\)$')
        and (i.indkey::int2 [])[0:cardinality({columns}) - 1] @> {columns}
    )
"""


def test_an_index_leads_with_the_columns_of_every_foreign_key(look: Look) -> None:
    assert (
        look(f"""
        select c.oid::regclass::text, pg_get_constraintdef(k.oid)
        from pg_constraint as k
        join pg_class as c on c.oid = k.conrelid
        where {OURS} and k.contype = 'f' and k.conparentid = 0 and not {LED_BY.format(columns="k.conkey")}
    """)
        == []
    )


def test_an_index_leads_with_the_tenant_that_policies_compare(look: Look) -> None:
    assert (
        look(f"""
        select c.oid::regclass::text
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and not {LED_BY.format(columns="array[a.attnum]")}
    """)
        == []
    )


def test_every_table_of_a_tenant_says_whose_its_rows_are(look: Look) -> None:
    """Only the tenants themselves and the platforms' rules are without; flags and prices may be everybody's, and operators change what is nobody's."""
    assert set(
        look("""
        select c.relname
        from pg_class as c
        left join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnotnull is not true
    """)
    ) == {"tenants", "platforms", "feature_flags", "audit_events", "provider_prices"}


def test_keys_between_tables_of_a_tenant_hold_the_tenant_too(look: Look) -> None:
    """So a row cannot point into another tenant. An attempt shares its job, whose tenant is fixed, with its task."""
    assert look("""
        select k.conrelid::regclass::text, pg_get_constraintdef(k.oid)
        from pg_constraint as k
        join pg_attribute as theirs on theirs.attrelid = k.confrelid and theirs.attname = 'tenant_id'
        join pg_attribute as ours on ours.attrelid = k.conrelid and ours.attname = 'tenant_id'
        where k.contype = 'f' and k.conparentid = 0 and k.connamespace = 'public'::regnamespace
          and not (ours.attnum = any(k.conkey) and theirs.attnum = any(k.confkey))
    """) == [
        (
            "task_attempts",
            "FOREIGN KEY (job_id, task_id) REFERENCES stage_tasks(job_id, id) ON DELETE CASCADE",
        )
    ]


def test_events_have_no_foreign_keys_and_outlive_what_they_tell_of(look: Look) -> None:
    assert (
        look(
            "select conname from pg_constraint where conrelid = 'public.job_events'::regclass and contype = 'f'"
        )
        == []
    )


def test_every_moment_has_a_time_zone(look: Look) -> None:
    assert (
        look("""
        select table_name, column_name from information_schema.columns
        where table_schema in ('public', 'private') and data_type = 'timestamp without time zone'
    """)
        == []
    )


def test_sizes_and_counts_of_views_are_wide(look: Look) -> None:
    assert (
        look("""
        select table_name, column_name from information_schema.columns
        where table_schema = 'public' and column_name ~ '(size|_bytes|^views|^likes|_views)$'
          and data_type not in ('bigint', 'text')
          and table_name <> 'platforms'
    """)
        == []
    )
