"""Fetches the jars of the embedded platform from Maven Central, through jgo, into a cache that all platforms share.

``flink-conf/jars.toml`` names what to fetch, ``flink-conf/jars.lock`` what that resolves to, each file with its
sha256. A file is fetched into a temporary place, checked, and moved into the cache in one step, so that a file in the
cache is always whole; a lock lets one process fetch a set while another waits for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import shutil
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from pydantic_settings import BaseSettings

from local.errors import DownloadError
from local.paths import ROOT
from schemas.errors import ConfigurationError

logger = logging.getLogger(__name__)

PINS_FILE: Final = ROOT / "flink-conf" / "jars.toml"
LOCK_FILE: Final = ROOT / "flink-conf" / "jars.lock"
SENTENCES: Final = "sentences"
OPTIONAL: Final = frozenset({SENTENCES})
"""Sets that a platform does without until somebody asks for them."""

ATTEMPTS: Final = 4
PARALLEL: Final = 6
TIMEOUT_SECONDS: Final = 30

Progress = Callable[[str, int, int], None]
"""Called with each file that is there: its name, how many are there, how many there will be."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a Maven repository.

    Attributes:
        group: Group id.
        name: Artifact id.
        version: Version.
        packaging: ``jar`` or another extension.
        classifier: Classifier, "" for none.
    """

    group: str
    name: str
    version: str
    packaging: str = "jar"
    classifier: str = ""

    @classmethod
    def parse(cls, coordinate: str) -> Artifact:
        """Read ``group:name:version``, ``group:name:packaging:version`` or ``group:name:packaging:classifier:version``.

        Raises:
            ConfigurationError: It is none of these.
        """
        match coordinate.split(":"):
            case [group, name, version]:
                return cls(group, name, version)
            case [group, name, packaging, version]:
                return cls(group, name, version, packaging)
            case [group, name, packaging, classifier, version]:
                return cls(group, name, version, packaging, classifier)
        message = f"{coordinate!r} is no Maven coordinate: group:name[:packaging[:classifier]]:version."
        raise ConfigurationError(message)

    def __str__(self) -> str:
        middle = f":{self.packaging}:{self.classifier}" if self.classifier else f":{self.packaging}"
        return f"{self.group}:{self.name}{middle}:{self.version}"

    @property
    def filename(self) -> str:
        """Its file's name."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.{self.packaging}"

    @property
    def path(self) -> Path:
        """Its place in a repository."""
        return Path(*self.group.split("."), self.name, self.version, self.filename)


Lock = dict[str, dict[Artifact, str]]
"""The sha256 of each artifact of each set."""


class Source(Protocol):
    """Where artifacts come from."""

    def fetch(self, artifact: Artifact, directory: Path) -> Path:
        """Write ``artifact`` somewhere below ``directory`` and return where; any failure is an OSError."""
        ...


class MavenCentral:
    """The real source."""

    def fetch(self, artifact: Artifact, directory: Path) -> Path:
        """Write ``artifact`` somewhere below ``directory`` and return where; any failure is an OSError."""
        from jgo.maven import MavenContext

        context = MavenContext(repo_cache=directory, local_repos=[], timeout=TIMEOUT_SECONDS)
        component = context.project(artifact.group, artifact.name).at_version(artifact.version)
        try:
            return Path(component.artifact(artifact.classifier, artifact.packaging).resolve())
        except RuntimeError as error:  # jgo's word for "not there"
            raise FileNotFoundError(str(error)) from error


class _CacheLocation(BaseSettings):
    xdg_cache_home: Path | None = None


def default_cache() -> Path:
    """Where this user keeps caches, ours below it."""
    configured = _CacheLocation().xdg_cache_home
    base = configured if configured and configured.is_absolute() else Path.home() / ".cache"
    return base / "shopstream"


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """The lock file.

    Raises:
        ConfigurationError: It is not there.
    """
    if not path.is_file():
        message = f"{path} is missing: './shop lock' makes it from {PINS_FILE.name}."
        raise ConfigurationError(message)
    sets = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: {Artifact.parse(key): sha for key, sha in files.items()} for name, files in sets.items()}


class Jars:
    """The cache of one user.

    Args:
        lock: Which artifacts there are, and what their content is.
        cache: The cache's directory.
        source: Where missing artifacts come from.
        sleep: How to wait before another attempt.
    """

    def __init__(
        self,
        lock: Lock,
        cache: Path,
        source: Source | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lock = lock
        self._cache = cache
        self._source = source or MavenCentral()
        self._sleep = sleep

    def paths(self, name: str) -> list[Path]:
        """Where the files of one set are in the cache, once ``fetch`` has run."""
        return [self._path(artifact) for artifact in self._lock[name]]

    def missing(self, optional: str = "") -> list[Artifact]:
        """The artifacts that the cache does not have, of an optional set those of this one alone."""
        sets = (files for name, files in self._lock.items() if name == optional or name not in OPTIONAL)
        return [a for files in sets for a in files if not self._path(a).is_file()]

    def fetch(self, progress: Progress = lambda _name, _done, _total: None, optional: str = "") -> None:
        """Bring every artifact into the cache, of an optional set those of this one alone.

        Raises:
            DownloadError: One cannot be had, or is not what the lock file says.
        """
        if not self.missing(optional):
            return
        with self._exclusively():
            missing = self.missing(optional)
            hashes = {artifact: sha for files in self._lock.values() for artifact, sha in files.items()}
            with ThreadPoolExecutor(PARALLEL) as pool:
                for done, artifact in enumerate(pool.map(lambda a: self._bring(a, hashes[a]), missing), start=1):
                    progress(artifact.filename, done, len(missing))

    def unpacked(self, name: str) -> Path:
        """The directory with the content of a set that is one ``tar.gz``.

        Raises:
            DownloadError: The archive cannot be unpacked.
        """
        ((artifact, sha),) = self._lock[name].items()
        target = self._cache / "unpacked" / f"{artifact.name}-{artifact.version}-{sha[:12]}"
        if target.is_dir():
            return target
        with self._exclusively():
            if not target.is_dir():
                self._unpack(self._path(artifact), target)
        return target

    def _path(self, artifact: Artifact) -> Path:
        return self._cache / "maven" / artifact.path

    def _bring(self, artifact: Artifact, sha: str) -> Artifact:
        for attempt in range(ATTEMPTS):
            try:
                self._fetch_once(artifact, sha)
            except OSError as error:
                logger.warning("Attempt %d to fetch %s failed: %s", attempt + 1, artifact, error)
                reason = str(error)
            else:
                return artifact
            if attempt + 1 < ATTEMPTS:
                self._sleep(2.0**attempt)
        raise DownloadError(str(artifact), reason)

    def _fetch_once(self, artifact: Artifact, sha: str) -> None:
        target = self._path(artifact)
        with tempfile.TemporaryDirectory(dir=self._cache) as directory:
            fetched = self._source.fetch(artifact, Path(directory))
            actual = sha256_of(fetched)
            if actual != sha:
                message = f"its sha256 is {actual}, the lock file says {sha}"
                raise OSError(message)
            target.parent.mkdir(parents=True, exist_ok=True)
            fetched.replace(target)

    def _unpack(self, archive: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent))
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(temporary, filter="data")
            temporary.rename(target)
        except (OSError, tarfile.TarError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise DownloadError(archive.name, str(error)) from error

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            lock = (self._cache / "lock").open("w")
        except OSError as error:
            raise DownloadError("the platform's jars", f"cannot write to {self._cache}: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_lock(pins_file: Path = PINS_FILE, lock_file: Path = LOCK_FILE) -> None:
    """Resolve ``jars.toml`` and write ``jars.lock``, fetching every file to learn its sha256.

    Raises:
        DownloadError: Something cannot be resolved or had.
    """
    pins = tomllib.loads(pins_file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as directory:
        sets = {name: _resolve(pin, Path(directory)) for name, pin in pins.items()}
    lines = ["# Made by './shop lock' from jars.toml: every file with its sha256."]
    for name, files in sets.items():
        lines += ["", f"[{name}]", *(f'"{artifact}" = "{sha}"' for artifact, sha in files.items())]
    lock_file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _resolve(pin: Mapping[str, object], directory: Path) -> dict[Artifact, str]:
    coordinates = pin["coordinates"]
    assert isinstance(coordinates, list)
    source = MavenCentral()
    resolved: dict[tuple[str, str], Artifact] = {}
    for pinned in map(Artifact.parse, coordinates):
        try:
            for artifact in _closure(pinned, directory) if pin["transitive"] else [pinned]:
                resolved.setdefault((artifact.group, artifact.name), artifact)
        except (OSError, RuntimeError) as error:
            raise DownloadError(str(pinned), str(error)) from error
    try:
        return {artifact: sha256_of(source.fetch(artifact, directory)) for artifact in resolved.values()}
    except OSError as error:
        raise DownloadError(", ".join(coordinates), str(error)) from error


def _closure(root: Artifact, directory: Path) -> list[Artifact]:
    """The artifact and what it needs at run time; alone, as jgo takes the parents of several for bills of materials."""
    from jgo.maven import MavenContext
    from jgo.parse import Coordinate

    context = MavenContext(repo_cache=directory, local_repos=[], timeout=TIMEOUT_SECONDS)
    coordinate = Coordinate(root.group, root.name, root.version, scope="compile")
    inputs, transitive = context.resolver.resolve([context.create_dependency(coordinate)])
    needed = [*inputs, *(each for each in transitive if each.scope in ("compile", "runtime"))]
    return [
        Artifact(d.artifact.groupId, d.artifact.artifactId, d.artifact.version, d.type, d.classifier) for d in needed
    ]
