"""training: ``events`` -> a model that is compared with the active one, stored and published; then the job ends.

Interactions are made by SQL, everything else by ``recommender/``.
"""
