"""From interactions to a trained model that was compared with the active one.

- ``dataset.py``     interactions and product attributes as arrays
- ``features.py``    product attributes as a sparse matrix
- ``embeddings.py``  sentence embeddings of product texts
- ``holdout.py``     the newest days held out: how good a model is on them
- ``recipes.py``     a model's name and parameters before it is fitted
- ``trainer.py``     choose, evaluate, compare, and fit on everything
"""
