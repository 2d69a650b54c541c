"""Keys and tokens in the headers of a request, and addresses that only this machine can reach."""

from __future__ import annotations

import base64
import binascii
import ipaddress


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can connect to ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def credential(authorization: bytes) -> bytes | None:
    """The user name of Basic authorization, or a bearer token; None for no header, b"" for what is neither."""
    scheme, _, rest = authorization.partition(b" ")
    match scheme.lower():
        case b"basic":
            try:
                return base64.b64decode(rest.strip(), validate=True).partition(b":")[0]
            except binascii.Error:
                return b""
        case b"bearer":
            return rest.strip()
        case b"":
            return None
    return b""


def split_list(text: str) -> list[str]:
    """The parts of a setting that are separated by commas, without blanks around them."""
    return [part for each in text.split(",") if (part := each.strip())]
