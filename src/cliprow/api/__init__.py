"""The REST API: every request runs in the database as its caller, and row-level security decides.

app.py            puts everything together; `create_app(settings)`
edge.py           around every request: ids, security headers, access log
request.py        what a handler works with: the caller, and one transaction as the caller
database.py       the pool, and how SQL is run in as few round trips as possible
problems.py       errors as problem+json
lists.py          cursors, filters
answers.py        JSON made in SQL, ETags
idempotency.py    Idempotency-Key
rate_limits.py denials.py    what one caller may ask for, and what was refused
openapi.py reference.py      /openapi.json and the page that shows it
server.py protocol.py        the process: uvicorn, with time limits on slow senders
routes/           one file per resource
"""

from cliprow.api.app import create_app
from cliprow.api.settings import ApiSettings

__all__ = ["ApiSettings", "create_app"]
