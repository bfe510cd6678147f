# `just` alone tests and lints. Every recipe runs in the project's own environment.

set positional-arguments
set shell := ["bash", "-euo", "pipefail", "-c"]

# Where it is set, every process compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

# Three processes also on fewer processors, since many tests wait: for a server, a clock, a limit that is to be reached. Files in the
# order of their names, since what takes longest stands in a few files of tests/acceptance.
in_parallel := "--numprocesses 3 --dist loadfile --no-loadscope-reorder"

default: test lint types

# All tests, some files at a time; arguments go to pytest: `just test tests/unit -k slug`, `just test -n 0 -x`
test *arguments:
    uv run pytest {{in_parallel}} "$@"

# The tests that are about the database, on another Postgres: `just test-on /usr/lib/postgresql/15/bin`
test-on programs *arguments:
    CLIPROW_POSTGRES_BIN="$1" uv run pytest {{in_parallel}} \
        tests/sql tests/migration tests/integration/test_{batches,control,db,migrate,migrate_state,worker_tasks}.py "${@:2}"

# Style of Python, SQL and TypeScript
lint: _web-packages
    uv run ruff check
    uv run ruff format --check
    uv run sqlfluff lint sql supabase/migrations --processes 2
    npm --prefix web run --silent lint

# Static types, and whether the web app's are those of the API and the database
types: tools _web-packages
    uv run mypy
    uv run python deploy/web_types.py --check
    npm --prefix web run --silent types

# Mend what can be mended mechanically
fmt: _web-packages
    uv run ruff check --fix
    uv run ruff format
    uv run sqlfluff fix sql --processes 2
    npm --prefix web run --silent fmt

# The web app's development server, for the API of `just up`; other scripts of it by name: `just web test`
web script="dev" *arguments: _web-packages
    npm --prefix web run "$1" -- "${@:2}"

# End-to-end tests in Chromium, against a stack of their own
e2e *arguments: _web-packages
    npm --prefix web run --silent e2e -- "$@"

# Pictures of every page of the web app, light and dark, on a laptop and on a phone
screens folder="screens": _web-packages
    SCREENS="$(realpath -m -- "$1")" npm --prefix web run --silent e2e -- accessibility

# Write the web app's types from the API's OpenAPI document and from the database
web-types: tools _web-packages
    uv run python deploy/web_types.py

# The wheel, with the built web app in it
wheel: _web-packages
    npm --prefix web run --silent build
    uv build --wheel

_web-packages:
    uv run python -c 'from cliprow.web import ensure_packages; ensure_packages()'

# A batch of three topics, from nothing to files
demo *arguments:
    uv run cliprow demo "$@"

# The embedded database and gateway, the REST API and a worker, until Ctrl-C
up:
    uv run cliprow up

# Remove the embedded stack's data: database, media, logs. Asks first.
[confirm("Remove the database and all media of the embedded stack?")]
reset:
    uv run python deploy/reset.py

# The supabase CLI and other tools that npm brings; none of them is needed to run Cliprow
tools:
    npm install --no-audit --no-fund

# Make a Supabase project ready: `just supabase PROJECT_REF`; docs/deploy-supabase.md says what it needs
supabase ref *arguments: tools
    uv run python deploy/project.py "$@"

# The acceptance tests on the real Supabase images; needs a container engine
containers *arguments:
    uv run pytest -m containers tests/containers "$@"

# Kill, cut, fill and hang everything, about 18 minutes; docs/faults.md says what it shows: `just faults -k kills`
faults *arguments:
    uv run pytest -m faults -o faulthandler_timeout=1800 tests/faults tests/sql "$@"

# Write the difference between supabase/migrations and sql/ as a new migration; read it before you keep it
migration name: tools
    uv run python deploy/schema.py migration "$1"

# Fail if supabase/migrations and sql/ build different schemas
drift: tools
    uv run python deploy/schema.py drift

# Take the newest allowed versions and pin them in pyproject.toml; run the tests before you commit them
lock:
    uv run python deploy/lock.py
    uv sync

# Measure, `just bench render`; see bench/README.md
bench name *arguments:
    uv run python "bench/$1.py" "${@:2}"

# Everything that CI runs
ci:
    bash .ci/run
