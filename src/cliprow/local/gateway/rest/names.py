"""Identifiers and types as SQL, in statements that have parameters."""

from __future__ import annotations

from psycopg import sql


def identifier(*names: str) -> sql.SQL:
    """A quoted name; a percent sign in it does not look like a parameter."""
    return _literal(sql.Identifier(*names).as_string(None))


def type_name(text: str) -> sql.SQL:
    """A type, as the catalog writes it."""
    return _literal(text)


def _literal(text: str) -> sql.SQL:
    # Quoted above or written by the catalog, so it cannot end the statement it stands in.
    return sql.SQL(text.replace("%", "%%"))
