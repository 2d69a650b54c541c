"""All events there are as the table ``events`` of a job whose input ends: the lake's and Kafka's, each once.

``bounded.py`` says which event comes from where, as it travels to a job's program; ``tables.py`` binds it.
``operations/history/gather.py`` makes it.
"""
