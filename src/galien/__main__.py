"""``python -m galien``: the command line without its script."""

from galien.cli import main

main()
