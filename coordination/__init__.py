"""Coordination: how processes of one machine wait for each other, and share small files.

- ``waiting.py``  until another process has brought something about
- ``files.py``    locks, and files that are replaced at once
"""
