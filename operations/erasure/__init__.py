"""A person is forgotten: an erasure is published, then every store gives up what it holds of them.

- ``topics.py``  the erasure itself, tombstones of the person's results, what Kafka still holds until when
- ``run.py``     all of it in order, with proof
"""
