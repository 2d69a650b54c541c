"""The Flink distribution that comes as a Python package, set up for one platform.

The JobManager, the TaskManager and the client are started as Java programs, not through Flink's shell scripts: those
start another JVM to read the configuration, and break on a blank in a path.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from local.downloads import Jars, default_cache, read_lock
from local.errors import PlatformError
from local.java import SMALL, UNVERIFIED, java_command
from local.paths import ROOT, DataDirectory
from schemas.settings import Settings

CONFIG_FILE: Final = ROOT / "flink-conf" / "config.yaml"
LOG4J_FILE: Final = ROOT / "flink-conf" / "log4j.properties"
LOOPBACK: Final = "127.0.0.1"
FRAMEWORK_HEAP_MB: Final = 96
"""Of the heap, as in config.yaml; the rest is for tasks, and for state that is kept in the heap."""

PYTHON: Final = "python"
"""Found on the PATH that ``environment`` gives, as the script that starts workers breaks on a blank in its path."""

ABSENT_MODULE: Final = "jdk.compiler/"
"""Not in the bundled runtime, which warns of it at every start."""


def distribution_home() -> Path:
    """Where the distribution lies.

    Raises:
        PlatformError: It is not installed.
    """
    package = find_spec("pyflink")
    if package is None or package.origin is None:
        raise PlatformError("The package apache-flink is not installed: start through ./shop, which installs it.")
    return Path(package.origin).parent


def as_flink_url(url: str) -> str:
    """A URL as Flink wants it: it takes the path of a file's URL as it stands, with a blank, not with %20."""
    return unquote(url) if url.startswith("file:") else url


class FlinkDistribution:
    """Commands and configuration for one platform.

    Args:
        settings: For addresses and ports.
        data: Where the configuration is written.
        jars: Where the connectors are.
    """

    def __init__(self, settings: Settings, data: DataDirectory, jars: Jars) -> None:
        self.settings = settings
        self.home = distribution_home()
        self.log = data.log
        self.scratch = data.scratch
        self.conf = data.of("flink") / "conf"
        self._jars = jars

    def classpath(self) -> list[Path]:
        """Flink's own jars, the connectors and the bridge to Python; flink-dist last, as Flink's scripts have it."""
        own = sorted((self.home / "lib").glob("*.jar"), key=lambda jar: (jar.name.startswith("flink-dist"), jar.name))
        bridge = sorted((self.home / "opt").glob("flink-python-*.jar"))
        return [*self._jars.paths("flink"), *bridge, *own]

    def java(self, main_class: str, options: list[str], arguments: list[str]) -> list[str]:
        """The command that runs one of Flink's programs."""
        log4j = f"-Dlog4j2.configurationFile={LOG4J_FILE}"
        opens = (word for word in self.module_opens().split() if ABSENT_MODULE not in word)
        return java_command(main_class, self.classpath(), [*options, *opens, log4j], arguments)

    def module_opens(self) -> str:
        """``env.java.opts.all`` as shipped: what Flink needs of Java's closed modules."""
        shipped = (self.home / "conf" / "config.yaml").read_text(encoding="utf-8")
        options = re.search(r"^\s+all: (--add-\S+(?: --add-\S+)*)", shipped, re.MULTILINE)
        if options is None:
            raise PlatformError("The Flink distribution's config.yaml names no env.java.opts.all: is it version 2.3?")
        return options[1]

    def environment(self) -> dict[str, str]:
        """Variables for Flink's programs."""
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
            "FLINK_HOME": str(self.home),
            "FLINK_CONF_DIR": str(self.conf),
            "FLINK_LIB_DIR": str(self.home / "lib"),
            "FLINK_OPT_DIR": str(self.home / "opt"),
            "FLINK_PLUGINS_DIR": str(self.home / "plugins"),
            **self.settings.environment(),
            "SHOP_CHECKPOINT_URL": as_flink_url(self.settings.checkpoint_url),
        }

    def client_command(self, arguments: list[str], temporary: Path) -> list[str]:
        """The command that runs Flink's command line client."""
        options = [*SMALL, *UNVERIFIED, "-Xmx384m", f"-Djava.io.tmpdir={temporary}"]
        return self.java("org.apache.flink.client.cli.CliFrontend", options, arguments)

    def write_configuration(self) -> None:
        """Write ``config.yaml`` and make the directories it names."""
        self.conf.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        (self.conf / "config.yaml").write_text(self.render(), encoding="utf-8")

    def render(self) -> str:
        """The whole ``config.yaml`` of this platform."""
        lines = (f"{key}: {json.dumps(value)}" for key, value in self.bound().items())
        return CONFIG_FILE.read_text(encoding="utf-8") + "\n# this platform\n" + "\n".join(lines) + "\n"

    def bound(self) -> dict[str, str | int]:
        """What differs from one platform to another."""
        rest_port = self.settings.port("flink")
        return {
            "env.java.opts.all": self.module_opens(),
            "jobmanager.rpc.address": LOOPBACK,
            "jobmanager.rpc.port": self.settings.port("jobmanager-rpc"),
            "jobmanager.bind-host": LOOPBACK,
            "rest.address": LOOPBACK,
            "rest.port": rest_port,
            "rest.bind-address": LOOPBACK,
            "rest.bind-port": str(rest_port),
            "taskmanager.host": LOOPBACK,
            "taskmanager.memory.task.heap.size": f"{self.settings.taskmanager_heap_mb - FRAMEWORK_HEAP_MB}m",
            "taskmanager.bind-host": LOOPBACK,
            "io.tmp.dirs": str(self.scratch),
            "execution.checkpointing.dir": as_flink_url(self.settings.checkpoint_url),
            "python.executable": PYTHON,
            "python.client.executable": sys.executable,
        }


def ready_client(settings: Settings) -> FlinkDistribution:
    """Flink's client, with its connectors and its configuration.

    Raises:
        DownloadError: The connectors cannot be had.
        PlatformError: Flink is not installed, or the data directory cannot be made.
    """
    data = DataDirectory(settings.data_dir)
    data.create()
    jars = Jars(read_lock(), default_cache())
    jars.fetch()
    client = FlinkDistribution(settings, data, jars)
    client.write_configuration()
    return client
