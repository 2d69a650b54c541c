"""The commands; each module offers ``register(app)`` and imports what is heavy only when a command runs."""
