"""feedback: ``events`` -> what recommendations lead to: shown, clicked, bought, and what that is worth.

A line of a purchase is due to the last recommendation of that product that its user clicked within the seven days
before it, by event time, whatever came first. Where there was no such click, it is due to a recommendation_purchased
event that names its order and product. Refunds and cancellations take back what they take back of the line, on the day
on which they happen.
"""
