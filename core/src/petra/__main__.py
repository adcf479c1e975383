"""`python -m petra`."""

from petra.cli.main import main

main()
