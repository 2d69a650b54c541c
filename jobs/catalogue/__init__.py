"""catalogue: ``events`` -> one row per product: what is known of it, and whether it may be recommended.

Of each field the newest statement counts, by event time and not by arrival. What the shop itself says
(product_created, product_updated) counts before what its pages carry along (a view with a title), and that before the
lines of purchases. See docs/adr/0010-popular-lists-are-sums-of-hours-and-days.md for why this is a job of its own.
"""
