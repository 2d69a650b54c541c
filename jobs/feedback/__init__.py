"""feedback: ``events`` -> what recommendations lead to: shown, clicked, bought, and what that is worth.

A product of a purchase is attributed to the last recommendation of that product that its user clicked within the
seven days before it, by event time, whatever came first. Where there was no such click, it is attributed to a
recommendation_purchased event that names its order and product. Refunds and cancellations count for the
recommendation as well, on the day on which they happen.
"""
