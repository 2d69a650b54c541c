"""Recommendation models behind one interface (``base.Model``), each in a file of its name."""
