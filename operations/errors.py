"""What an operation cannot bring to an end."""

from __future__ import annotations

from schemas.errors import ShopError


class StillBehind(ShopError):
    """A stage has not consumed everything in time; the message says which, and by how much."""

    exit_code = 4
