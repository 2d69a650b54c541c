"""Producers: what brings events into the domain topics.

- ``publisher.py``    sends ShopEvents, checked and acknowledged
- ``encoder.py``      turns them into Avro bytes, quickly
- ``collector/``      the tracking API: events by HTTP
- ``tracker.js``      the browser's side of it
- ``importers/``      real data sets as events
"""
