"""Processes of the platform that is measured."""

from __future__ import annotations

import psutil


def listener_of(port: int) -> psutil.Process:
    """The process that listens on a port of loopback."""
    listening = {
        each.pid for each in psutil.net_connections("tcp4") if each.status == "LISTEN" and each.laddr.port == port
    }
    (pid,) = listening
    return psutil.Process(pid)
