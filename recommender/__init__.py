"""Recommending products: models, ranking, evaluation, model store, publishing. Knows no Flink and no Kafka.

- ``models/``          models of taste behind one interface
- ``evaluation/``      the protocols of ``./shop evaluate``
- ``interactions.py``  what a user did with a product
- ``dataset.py``       interactions as arrays, with the catalogue and its features
- ``training.py``      a model of them, judged by ``holdout.py``, made as ``recipes.py`` says
- ``store.py``         models by version; ``promotion.py`` says which is served
- ``live.py``          what a model publishes to Redis
- ``personaliser.py``  each user's own list, kept fresh
"""
