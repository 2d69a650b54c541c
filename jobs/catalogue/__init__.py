"""catalogue: ``events`` -> one row per product: what is known of it, and whether it may be recommended.

Of each field the newest observation counts, by event time and not by arrival. Those of the shop itself
(product_created, product_updated) take precedence over what its pages carry along (a view with a title), and that
over the lines of purchases. See docs/adr/0010-popular-lists-are-sums-of-hours-and-days.md for why this is a job of
its own.
"""
