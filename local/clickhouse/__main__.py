"""``python -m local.clickhouse --path DIR --port P``: the embedded ClickHouse as a process.

Exit codes: 0 after SIGTERM or SIGINT, 2 for a wrong argument, 4 if directory, port or disk are not available.
"""

from __future__ import annotations

import argparse
import faulthandler
import fcntl
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Final

from local.clickhouse import config
from local.clickhouse.errors import DirectoryInUse, EngineFailed
from local.clickhouse.users import Users
from local.errors import DiskFull
from schemas.errors import ConfigurationError, ShopError

_MIB: Final = 1 << 20
_NEEDED_BYTES: Final = 100 * _MIB


@dataclass(frozen=True)
class Arguments:
    """The command line, checked."""

    path: Path
    host: str
    port: int
    users: Users
    max_concurrent: int
    max_body_bytes: int
    memory_bytes: int
    verbose: bool


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.clickhouse", description="The embedded ClickHouse.")
    parser.add_argument("--path", type=Path, required=True, help="data directory; one process owns it")
    parser.add_argument("--port", type=int, default=8123, help="of the HTTP interface; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--users", type=Path, help="JSON: name -> {password, settings, databases}")
    parser.add_argument("--max-concurrent", type=int, default=32, metavar="N", help="statements at the same time")
    parser.add_argument("--max-body-mib", type=int, default=256, metavar="N", help="of one request, decoded")
    parser.add_argument("--memory-mib", type=int, default=1536, metavar="N", help="that the engine may take")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each request")
    return parser


def read_arguments(argv: Sequence[str] | None) -> Arguments:
    """The command line.

    Raises:
        ConfigurationError: The users cannot be read, or other machines would need no password.
    """
    given = _parser().parse_args(argv)
    users = Users.read(given.users.resolve()) if given.users else Users.only_default()
    _require_passwords(given.host, users)
    return Arguments(
        path=given.path.resolve(),
        host=given.host,
        port=given.port,
        users=users,
        max_concurrent=given.max_concurrent,
        max_body_bytes=given.max_body_mib * _MIB,
        memory_bytes=given.memory_mib * _MIB,
        verbose=given.verbose,
    )


def _require_passwords(host: str, users: Users) -> None:
    open_users = [user.name for user in users if user.has_no_password]
    if open_users and not _is_loopback(host):
        message = (
            f"--host {host} lets other machines in, but these users have no password: {', '.join(open_users)}. "
            "Name users with passwords by --users."
        )
        raise ConfigurationError(message)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def lock_directory(path: Path) -> IO[str]:
    """Own the directory for as long as the file that is returned stays open.

    Raises:
        DirectoryInUse: Another process owns it.
        DiskFull: There is no room for anything.
        EngineFailed: It cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "gateway.lock").open("w", encoding="ascii")
    except OSError as error:
        raise EngineFailed(str(path), str(error)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DirectoryInUse(str(path)) from None
    free_bytes = shutil.disk_usage(path).free
    if free_bytes < _NEEDED_BYTES:
        raise DiskFull(str(path), free_bytes, _NEEDED_BYTES)
    return lock


def run(arguments: Arguments) -> None:
    """Serve until a signal stops it.

    Raises:
        ShopError: The directory, the port or the disk is not available.
    """
    with lock_directory(arguments.path):
        config_file = config.write(arguments.path, arguments.users, arguments.memory_bytes)
        config.prepare_default_database(arguments.path)
        # chDB reads ./config.xml and makes a temporary directory as soon as it is imported.
        os.chdir(arguments.path)
        from local.clickhouse.engine import Engine
        from local.clickhouse.gateway import Gateway, Limits
        from local.clickhouse.server import Server

        engine = Engine(arguments.path, config_file)
        limits = Limits(max_concurrent=arguments.max_concurrent, max_body_bytes=arguments.max_body_bytes)
        server = Server(arguments.host, arguments.port, Gateway(engine, arguments.users, limits))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
        logging.getLogger(__name__).warning(
            "ClickHouse %s listens on %s:%d, data in %s", engine.version, *server.server_address[:2], arguments.path
        )
        server.serve()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the process; give its exit code."""
    os.environ["TZ"] = "UTC"
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    try:
        arguments = read_arguments(argv)
        level = logging.DEBUG if arguments.verbose else logging.WARNING
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        run(arguments)
    except ShopError as error:
        with suppress(OSError):
            sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
