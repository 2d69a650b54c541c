"""How good a model is, by the protocols of published tables and by time: what ``./shop evaluate`` runs."""
