"""``python -m cli``, which is what ``./shop`` runs."""

from cli.main import main

main()
