"""Which report of an order counts, in SQL, for every job that counts orders.

A browser and a back end may report one order under two event ids, and a thank-you page again whenever it is loaded.
docs/metrics.md states the rule; ``jobs/tables.py`` has the columns by which settings decide it.
"""

from __future__ import annotations

from typing import Final

ORDER_VIEWS: Final = {"jobs.orders.views": ("counted_purchases",)}
