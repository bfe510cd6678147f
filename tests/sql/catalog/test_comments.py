"""Comments: every object says what it is."""

from __future__ import annotations

from tests.sql.catalog.conftest import Look

OURS = "n.nspname in ('public', 'private', 'partitions')"


def test_every_table_has_a_comment(look: Look) -> None:
    assert (
        look(f"""
        select c.oid::regclass::text
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where {OURS} and c.relkind in ('r', 'p', 'v', 'm') and obj_description(c.oid, 'pg_class') is null
    """)
        == []
    )


def test_every_function_has_a_comment(look: Look) -> None:
    assert (
        look(f"""
        select p.oid::regprocedure::text
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where {OURS} and obj_description(p.oid, 'pg_proc') is null
    """)
        == []
    )


def test_every_type_has_a_comment(look: Look) -> None:
    assert (
        look(f"""
        select t.oid::regtype::text
        from pg_type as t
        join pg_namespace as n on n.oid = t.typnamespace
        left join pg_class as c on c.oid = t.typrelid
        where {OURS} and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c') and obj_description(t.oid, 'pg_type') is null
    """)
        == []
    )


def test_every_status_column_says_what_its_words_mean(look: Look) -> None:
    assert (
        look(f"""
        select c.oid::regclass::text
        from pg_attribute as a
        join pg_class as c on c.oid = a.attrelid and not c.relispartition and c.relkind in ('r', 'p')
        join pg_namespace as n on n.oid = c.relnamespace
        where {OURS} and a.attname = 'status' and col_description(c.oid, a.attnum) is null
    """)
        == []
    )


def test_a_status_column_with_a_list_of_its_own_explains_each_word(look: Look) -> None:
    """Where the words are those of another table, the comment may name that table instead."""
    assert (
        look(f"""
        select c.oid::regclass::text, word[1]
        from pg_constraint as k
        join pg_class as c on c.oid = k.conrelid and not c.relispartition
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as a on a.attrelid = c.oid and a.attname = 'status' and k.conkey = array[a.attnum]
        cross join regexp_matches(pg_get_constraintdef(k.oid), '''(\\w+)''', 'g') as word
        where {OURS} and k.contype = 'c' and position(word[1] in coalesce(col_description(c.oid, a.attnum), word[1])) = 0
    """)
        == []
    )


def test_our_schemas_and_roles_have_a_comment(look: Look) -> None:
    assert (
        look("""
        select 'private' where obj_description('private'::regnamespace, 'pg_namespace') is null
        union all
        select 'partitions' where obj_description('partitions'::regnamespace, 'pg_namespace') is null
        union all
        select r.rolname from pg_roles as r
        where r.rolname ~ '^cliprow_' and shobj_description(r.oid, 'pg_authid') is null
    """)
        == []
    )
