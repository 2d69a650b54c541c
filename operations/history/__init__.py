"""All events there ever were.

- ``events.py``  the lake's, then Kafka's beyond them, one after the other
- ``gather.py``  the same for a Flink job whose input ends
"""
