"""Changes as they come: one reader of Kafka for all pages that look, however many.

The window, the rows that live pages show, is read from ClickHouse once, together with the offsets that it is true of.
From those on, changes are taken from the topics; a row replaces the one with its key, so reading one twice changes
nothing. Once the topics' ends are reached, the window is what the topics say, and a page begins with it as it stands.

- ``window.py``   the rows, and which belong to them
- ``records.py``  a record as a change
- ``reader.py``   reads the topics, in a thread
- ``seeding.py``  the window's first rows
- ``arrivals.py`` how late events come
- ``pages.py``    what waits for each page, within bounds
- ``hub.py``      puts these together, and begins anew after a gap
- ``stream.py``   Server-Sent Events and WebSockets
"""
