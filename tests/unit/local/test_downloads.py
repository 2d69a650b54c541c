from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from pathlib import Path

import pytest

from local.downloads import LOCK_FILE, SENTENCES, Artifact, Jars, Lock, read_lock
from local.errors import DownloadError
from schemas.errors import ConfigurationError

JAR = Artifact("org.example", "tool", "1.0")
ARCHIVE = Artifact("org.example", "app", "2.0", "tar.gz", "all")


class Repository:
    """A Maven repository in a dictionary; the first ``failures`` fetches fail."""

    def __init__(self, files: dict[Artifact, bytes], failures: int = 0) -> None:
        self.files = files
        self.failures = failures
        self.fetched: list[Artifact] = []

    def fetch(self, artifact: Artifact, directory: Path) -> Path:
        self.fetched.append(artifact)
        if self.failures >= len(self.fetched):
            raise ConnectionError("reset by peer")
        target = directory / artifact.path
        target.parent.mkdir(parents=True)
        target.write_bytes(self.files[artifact])
        return target


def lock_of(files: dict[Artifact, bytes]) -> Lock:
    return {"set": {artifact: hashlib.sha256(content).hexdigest() for artifact, content in files.items()}}


def no_sleep(_seconds: float) -> None:
    pass


def archive_of(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def test_a_file_is_fetched_once_and_then_found_in_the_cache(tmp_path: Path) -> None:
    repository = Repository({JAR: b"classes"})
    for _ in range(2):
        jars = Jars(lock_of(repository.files), tmp_path, repository, no_sleep)
        jars.fetch()
    assert repository.fetched == [JAR]
    assert [path.read_bytes() for path in jars.paths("set")] == [b"classes"]


def test_progress_counts_the_files_that_were_missing(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    repository = Repository({JAR: b"classes"})
    Jars(lock_of(repository.files), tmp_path, repository).fetch(lambda *step: steps.append(step))
    assert steps == [("tool-1.0.jar", 1, 1)]


def test_a_passing_fault_is_tried_again(tmp_path: Path) -> None:
    waits: list[float] = []
    repository = Repository({JAR: b"classes"}, failures=2)
    Jars(lock_of(repository.files), tmp_path, repository, waits.append).fetch()
    assert waits == [1.0, 2.0]


def test_a_file_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    repository = Repository({JAR: b"classes"}, failures=99)
    with pytest.raises(DownloadError, match=r"Could not fetch org\.example:tool:jar:1\.0: reset by peer"):
        Jars(lock_of(repository.files), tmp_path, repository, no_sleep).fetch()


def test_a_file_with_another_content_than_locked_never_reaches_the_cache(tmp_path: Path) -> None:
    jars = Jars(lock_of({JAR: b"classes"}), tmp_path, Repository({JAR: b"tampered"}), no_sleep)
    with pytest.raises(DownloadError, match="its sha256 is"):
        jars.fetch()
    assert jars.missing() == [JAR]
    assert not list(tmp_path.rglob("*.jar"))


def test_two_at_once_fetch_each_file_once(tmp_path: Path) -> None:
    repository = Repository({JAR: b"classes"})
    threads = [
        threading.Thread(target=Jars(lock_of(repository.files), tmp_path, repository, no_sleep).fetch) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert repository.fetched == [JAR]


def test_an_optional_set_is_fetched_where_it_is_asked_for_alone(tmp_path: Path) -> None:
    model = Artifact("org.example", "model", "1.0")
    repository = Repository({JAR: b"classes", model: b"weights"})
    hashes = lock_of(repository.files)["set"]
    jars = Jars({"set": {JAR: hashes[JAR]}, SENTENCES: {model: hashes[model]}}, tmp_path, repository, no_sleep)
    jars.fetch()
    assert (repository.fetched, jars.missing(), jars.missing(SENTENCES)) == ([JAR], [], [model])
    jars.fetch(optional=SENTENCES)
    assert jars.paths(SENTENCES)[0].read_bytes() == b"weights"


def test_an_archive_is_unpacked_whole(tmp_path: Path) -> None:
    repository = Repository({ARCHIVE: archive_of("run.jar", b"program")})
    jars = Jars(lock_of(repository.files), tmp_path, repository, no_sleep)
    jars.fetch()
    assert (jars.unpacked("set") / "run.jar").read_bytes() == b"program"


def test_a_broken_archive_leaves_nothing_behind(tmp_path: Path) -> None:
    repository = Repository({ARCHIVE: b"no archive"})
    jars = Jars(lock_of(repository.files), tmp_path, repository, no_sleep)
    jars.fetch()
    with pytest.raises(DownloadError, match=r"app-2\.0-all\.tar\.gz"):
        jars.unpacked("set")
    assert not list((tmp_path / "unpacked").iterdir())


@pytest.mark.parametrize("artifact", [JAR, ARCHIVE, Artifact("g", "n", "1", "zip")])
def test_a_coordinate_is_read_as_it_is_written(artifact: Artifact) -> None:
    assert Artifact.parse(str(artifact)) == artifact


def test_a_word_is_no_coordinate() -> None:
    with pytest.raises(ConfigurationError, match="'kafka' is no Maven coordinate"):
        Artifact.parse("kafka")


def test_a_missing_lock_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\./shop lock"):
        read_lock(tmp_path / "jars.lock")


def test_the_committed_lock_has_kafka_with_one_version_of_each_of_its_jars() -> None:
    lock = read_lock(LOCK_FILE)
    kafka = [artifact for artifact in lock["kafka"] if artifact.group == "org.apache.kafka"]
    assert {artifact.version for artifact in kafka} == {"4.1.2"}
    assert len({(a.group, a.name) for a in lock["kafka"]}) == len(lock["kafka"])
    assert [a.name for a in lock["flink"]] == [
        "flink-sql-connector-kafka",
        "flink-sql-avro-confluent-registry",
        "flink-sql-parquet",
    ]
