"""The command line: `cliprow --help`.

main.py       the commands and what an error looks like
session.py    the stack, the account and the storage a command works with
deployment.py own_batches.py    whose batches a command works with
workers.py    the worker that a waiting command runs
live.py       live progress
batch.py job.py demo.py login.py service.py api.py    the commands
"""

from cliprow.cli.main import main

__all__ = ["main"]
