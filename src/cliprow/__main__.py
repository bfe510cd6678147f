"""`python -m cliprow`: the command line."""

from cliprow.cli import main

main()
