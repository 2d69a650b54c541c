"""Processes of the platform that is measured."""

from __future__ import annotations

import time

import psutil


def listener_of(port: int) -> psutil.Process:
    """The process that listens on a port of loopback."""
    listening = {
        each.pid for each in psutil.net_connections("tcp4") if each.status == "LISTEN" and each.laddr.port == port
    }
    (pid,) = listening
    return psutil.Process(pid)


def cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a process until now, to the nanosecond: Linux has a clock of every process."""
    return time.clock_gettime((~process.pid << 3) | 2)
