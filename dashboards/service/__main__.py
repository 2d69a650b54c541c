"""``python -m dashboards.service``: serve the dashboard until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import sys

from dashboards.service.server import serve
from schemas.errors import ShopError
from schemas.settings import Settings
from web.server import log_to_standard_error

logger = logging.getLogger("dashboards.service")


def main() -> int:
    """Run the service.

    Returns:
        The exit code: 0 after a signal, else that of the error.
    """
    log_to_standard_error()
    try:
        serve(Settings())
    except ShopError as error:
        logger.critical("%s", error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
