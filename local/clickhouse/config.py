"""The files that the engine starts from, written into the data directory at every start.

chDB reads a ``config.xml`` of the working directory when it is given none, so it is always given this one.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from local.clickhouse.statements import quote_identifier
from local.clickhouse.users import User, Users

_MIB: Final = 1 << 20

_SERVER: Final = """\
<clickhouse>
    <!-- Written at every start; changes are lost. -->
    <users_config>{users}</users_config>
    <default_database>_chdb</default_database>
    <logger>
        <console>1</console>
        <levels>
            <!-- The client gets the error of a failed query, and it is counted; its stack trace is not needed. -->
            <logger><name>executeQuery</name><level>none</level></logger>
            <logger><name>StreamingQuery</name><level>none</level></logger>
        </levels>
    </logger>
    <max_server_memory_usage>{memory_bytes}</max_server_memory_usage>
    <mark_cache_size>{cache_bytes}</mark_cache_size>
    <index_mark_cache_size>{cache_bytes}</index_mark_cache_size>
    <primary_index_cache_size>{cache_bytes}</primary_index_cache_size>
    <query_condition_cache_size>{cache_bytes}</query_condition_cache_size>
    <compiled_expression_cache_size>{cache_bytes}</compiled_expression_cache_size>
    <max_thread_pool_free_size>16</max_thread_pool_free_size>
    <background_pool_size>2</background_pool_size>
    <background_schedule_pool_size>2</background_schedule_pool_size>
</clickhouse>
"""

_USERS: Final = """\
<clickhouse>
    <profiles><default><async_insert>0</async_insert></default></profiles>
    <quotas><default></default></quotas>
    <roles>
{roles}
    </roles>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants><query>GRANT {role_names}</query></grants>
        </default>
    </users>
</clickhouse>
"""

_UNBOUND: Final = (
    "GRANT ALL ON *.*",
    "REVOKE FILE ON *.*",
    "REVOKE SQLITE ON *.*",
    "REVOKE SYSTEM SHUTDOWN ON *.*",
)
_BOUND_ANYWHERE: Final = (
    "GRANT CREATE TEMPORARY TABLE, CREATE ARBITRARY TEMPORARY TABLE ON *.*",
    "GRANT TABLE ENGINE ON *",
)
_BOUND_IN_DATABASE: Final = (
    "GRANT SHOW, SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, CREATE DICTIONARY, DROP TABLE, DROP VIEW, "
    "DROP DICTIONARY, UNDROP TABLE, TRUNCATE, OPTIMIZE, dictGet ON {database}.*"
)


def write(directory: Path, users: Users, memory_bytes: int) -> Path:
    """Write the engine's configuration below ``directory``; give the path of its main file."""
    folder = directory / "gateway"
    folder.mkdir(exist_ok=True)
    users_file, server_file = folder / "users.xml", folder / "server.xml"
    users_file.write_text(_users_xml(users), encoding="utf-8")
    server_file.write_text(
        _SERVER.format(users=escape(str(users_file)), memory_bytes=memory_bytes, cache_bytes=64 * _MIB),
        encoding="utf-8",
    )
    return server_file


def _users_xml(users: Users) -> str:
    bound = {user.role: _bound_grants(user) for user in users if user.role is not None}
    roles = {"unbound": _UNBOUND, **bound}
    return _USERS.format(
        roles="\n".join(_role_xml(name, grants) for name, grants in roles.items()), role_names=", ".join(roles)
    )


def _bound_grants(user: User) -> tuple[str, ...]:
    databases = (quote_identifier(name) for name in user.databases or ())
    return (*_BOUND_ANYWHERE, *(_BOUND_IN_DATABASE.format(database=name) for name in databases))


def _role_xml(name: str, grants: tuple[str, ...]) -> str:
    queries = "".join(f"<query>{escape(grant)}</query>" for grant in grants)
    return f"        <{name}><grants>{queries}</grants></{name}>"


def prepare_default_database(directory: Path) -> None:
    """Make ``default`` an ordinary Atomic database, as it is on a server.

    chDB would lay a database of this machine's files over it, in which the table of a wrong name is looked for on
    the disk; it takes the identity of that one from the link ``metadata/default``. So ``default`` is declared like
    any other database, and the link, which the engine makes anew, is taken away before each start.
    """
    metadata = directory / "metadata"
    metadata.mkdir(exist_ok=True)
    link, declaration = metadata / "default", metadata / "default.sql"
    if not declaration.exists():
        identity = _identity_behind(link) or str(uuid.uuid4())
        declaration.write_text(f"ATTACH DATABASE _ UUID '{identity}'\nENGINE = Atomic\n", encoding="utf-8")
    if link.is_symlink():
        link.unlink()


def _identity_behind(link: Path) -> str | None:
    if not link.is_symlink():
        return None
    match = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(link.readlink()))
    return match[0] if match else None
