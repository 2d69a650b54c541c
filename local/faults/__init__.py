"""The fault suite: each part is broken while a troubled shop trades, and the tables must equal its ledger afterwards.

``catalogue`` lists the faults, from modules named after what they hit. ``run`` lets a simulated shop trade in front of
a platform of its own, breaks, waits until everything is counted again, and compares as ``./shop verify`` does.
"""
