"""Every fault."""

from __future__ import annotations

from typing import Final

from local.faults import disks, log, processes, records, stores
from local.faults.fault import Fault
from schemas.errors import ConfigurationError

FAULTS: Final = (*processes.FAULTS, *stores.FAULTS, *records.FAULTS, *log.FAULTS, *processes.STOPS, *disks.FAULTS)


def chosen(names: list[str]) -> list[Fault]:
    """The faults of these names, in the catalogue's order; all when none is given.

    Raises:
        ConfigurationError: There is no such fault.
    """
    if unknown := sorted(set(names) - {fault.name for fault in FAULTS}):
        message = f"There is no fault {', '.join(unknown)}. There are: {', '.join(fault.name for fault in FAULTS)}."
        raise ConfigurationError(message)
    return [fault for fault in FAULTS if not names or fault.name in names]
