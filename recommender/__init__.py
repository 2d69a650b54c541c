"""Recommending products: models, ranking, evaluation, training, model store, publishing. Knows no Flink and no Kafka.

From the bottom up; each uses only what stands above it in this list:

- ``models/``          recommendation models behind one interface, each in a file of its name
- ``interactions.py``  what a user did with a product
- ``catalogue.py``     what is known of the products
- ``neighbours.py``    the nearest items of each item
- ``ranking.py``       from scores to the lists that a person sees
- ``store.py``         trained models by version
- ``evaluation/``      the protocols of ``./shop evaluate``
- ``training/``        from interactions to a trained model that was compared with the active one
- ``publishing/``      lists in Redis: all of a model's, and each user's own, kept fresh
"""
