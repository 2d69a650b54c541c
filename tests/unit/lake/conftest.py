"""The lake that these tests write to."""

from tests.support.lake import storage

__all__ = ["storage"]
