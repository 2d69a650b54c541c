"""Dashboards: questions to the running shop, and their rows.

- ``questions.py``  a query with its parameters and columns: that of a result follows from its description
- ``queries.py``    runs queries by their names
- ``queries/``      queries as ``.sql`` files that are more than the columns of one result
- ``report.py``     some days as one HTML file, with ``plots.py`` (SVG) and ``titles.py`` (of products)
- ``service/``      the dashboard's HTTP service
- ``page/``         the page that it serves
"""
