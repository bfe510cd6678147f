"""The embedded Supabase for a fresh machine and for tests: Postgres from a wheel, with stand-in schemas, and a gateway.

postgres.py   one cluster: create, start, stop
database.py   the database in it: port, contents, passwords
gateway/      the server that speaks Supabase's protocols, and its process
project.py    the gateway's port, keys and options
keeper.py     the small process that keeps Postgres or the gateway alive and its log short
programs.py   where Postgres's programs are; ports.py: which ports are free
identity.py   as whom Postgres runs, which refuses to run as root
bootstrap/    roles and schemas that a Supabase project has
passwords.py  secrets.json; stack_file.py: stack.json
stack.py      the shared stack: any command starts it, the last one out stops it
checks.py     what this machine lacks

Outside this package only `stack.running_stack` and `checks.checks` are used.
"""
