"""Dashboards: what a person asks of the running shop.

- ``queries.py``  asks questions: for the rows of a result, or what a file of ``queries/`` says
- ``queries/``    questions as ``.sql`` files that are more than the columns of one result
"""
