"""The database over HTTP, as PostgREST serves it, under /rest/v1: functions, and plain reads of tables and views.

    POST /rest/v1/rpc/{function}   calls a function with named arguments      `routines`
    GET  /rest/v1/{table}          select, eq, in, order, limit, offset       `queries`, `reads`

Everything else is answered with 501 and a sentence: this is what Cliprow's own clients need, not all of PostgREST.
Each request is one transaction as the caller; identifiers are looked up in the catalog and quoted, values are
parameters.
"""
