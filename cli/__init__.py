"""The ``./shop`` command: one module of ``commands/`` for each family of commands, wired together in ``main``."""
