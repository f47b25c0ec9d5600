"""`python -m ossmodelkit` is `kit`."""

from ossmodelkit.cli.app import main

main()
