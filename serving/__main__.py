"""``python -m serving``: recommend until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import sys

from serving.server import serve
from web.server import run_service

if __name__ == "__main__":
    sys.exit(run_service(serve, logging.getLogger("serving")))
