"""What customers are worth: from the orders of each to what they will order and spend.

- ``history.py``      orders of customers as arrays: how often, how recent, since when, for how much
- ``likelihood.py``   maximum likelihood of positive parameters
- ``bg_nbd.py``       how many orders will come: BG/NBD
- ``gamma_gamma.py``  what an order will be worth: Gamma-Gamma
- ``value.py``        both together: the expected value of each customer
- ``calibration.py``  what the models say of days that they have not seen, beside what came
- ``tables.py``       orders from ClickHouse, expected values into it
- ``valuation.py``    all of it, for a shop
"""
