"""Errors of servers when they start."""

from __future__ import annotations

from schemas.errors import ShopError


class PortInUse(ShopError):
    """Another process listens where a server must."""

    exit_code = 4

    def __init__(self, part: str, port: int) -> None:
        super().__init__(
            f"Port {port}, which {part} needs, is taken by another process. "
            "Stop that process, or move the whole platform with --port-base."
        )
        self.part = part
        self.port = port
