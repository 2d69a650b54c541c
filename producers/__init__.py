"""Producers: what brings events into the domain topics.

- ``publisher.py``    sends ShopEvents, checked and acknowledged
- ``encoder.py``      turns them into Avro bytes, quickly
- ``importers/``      real data sets as events
"""
