"""``./shop`` itself, in a copy of its own, with a uv that writes down what it is asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

UV = """\
#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$UV_LOG"
case "$1 $2" in
    venv*) mkdir -p "${@: -1}/bin" && cp "$FAKE_PYTHON" "${@: -1}/bin/python" ;;
    "pip sync") sleep 0.2; exit "${UV_EXIT:-0}" ;;
esac
"""

PYTHON = """\
#!/usr/bin/env bash
printf 'cli in %s:' "$PYTHONPATH"
printf ' [%s]' "$@"
echo
"""


class Clone:
    """A clone whose only files are ``shop``, the lock files and the program that writes Java's time zones."""

    def __init__(self, root: Path) -> None:
        self.root = root / "a clone"
        self.tools = root / "bin"
        self.log = root / "uv.log"
        for directory in (self.root, self.tools, root / "home"):
            directory.mkdir()
        shutil.copy(ROOT / "shop", self.root / "shop")
        self.java_zones = self.root / "local" / "java_zones.py"
        self.java_zones.parent.mkdir()
        self.java_zones.write_text("")
        for name in ("requirements", "requirements-sentences", "requirements-dev"):
            (self.root / f"{name}.lock").write_text(name)
        self.write(self.tools / "uv", UV)
        self.write(root / "python", PYTHON)
        self.environment = {
            "PATH": f"{self.tools}:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "UV_LOG": str(self.log),
            "FAKE_PYTHON": str(root / "python"),
        }

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "shop", *arguments],
            cwd="/",
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err

    def synced(self) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [Path(line.split()[-1]).name for line in lines if line.startswith("pip sync")]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_first_run_makes_the_environment_and_says_so_on_stderr_alone(clone: Clone) -> None:
    code, out, err = clone.run("status", "--json")
    assert (code, out) == (0, f"cli in {clone.root}: [-P] [-m] [cli] [status] [--json]\n")
    assert err == "Preparing the Python environment (.venv, from requirements.lock) ...\n"


def test_later_runs_make_it_anew_only_when_the_lock_file_changed(clone: Clone) -> None:
    for _ in range(2):
        clone.run("status")
    (clone.root / "requirements.lock").write_text("changed")
    for _ in range(2):
        clone.run("status")
    assert clone.synced() == ["requirements.lock", "requirements.lock"]


def test_it_is_made_anew_when_java_is_to_have_other_time_zones(clone: Clone) -> None:
    clone.run("status")
    clone.java_zones.write_text("changed")
    for _ in range(2):
        clone.run("status")
    assert clone.synced() == ["requirements.lock", "requirements.lock"]


def test_a_java_whose_time_zones_cannot_be_written_is_an_error_in_words(clone: Clone) -> None:
    failing = PYTHON + '[ "$3" != local.java_zones ]\n'
    clone.write(Path(clone.environment["FAKE_PYTHON"]), failing)
    code, out, err = clone.run("status")
    assert (code, out) == (1, "")
    assert err.endswith("Error: the bundled Java cannot be given the time zones of the package tzdata.\n")


def test_the_packages_are_held_to_their_hashes(clone: Clone) -> None:
    clone.run("status")
    (line,) = (each for each in clone.log.read_text().splitlines() if each.startswith("pip sync"))
    assert "--require-hashes" in line


@pytest.mark.parametrize(
    "arguments", [("test",), ("--port-base", "20000", "check"), ("--data-dir=x", "test", "-k", "a")]
)
def test_the_development_tools_come_with_the_commands_that_need_them_and_stay(
    clone: Clone, arguments: tuple[str, ...]
) -> None:
    clone.run("status")
    clone.run(*arguments)
    clone.run("status")
    assert clone.synced() == ["requirements.lock", "requirements-dev.lock"]
    for name in ("requirements", "requirements-dev"):
        (clone.root / f"{name}.lock").write_text("changed")
    clone.run("status")
    assert clone.synced()[2:] == ["requirements-dev.lock"]


def test_the_extra_of_the_training_comes_with_its_setting_and_stays(clone: Clone) -> None:
    clone.run("status", SHOP_TRAINING_SENTENCES="false")
    clone.run("submit", "training", SHOP_TRAINING_SENTENCES="True")
    clone.run("submit", "training", SHOP_TRAINING_SENTENCES="1")
    clone.run("status")
    assert clone.synced() == ["requirements.lock", "requirements-sentences.lock"]
    (clone.root / "requirements-sentences.lock").write_text("changed")
    clone.run("status")
    clone.run("test")
    clone.run("submit", "training", SHOP_TRAINING_SENTENCES="true")
    assert clone.synced()[2:] == ["requirements-sentences.lock", "requirements-dev.lock"]


def test_the_value_of_an_option_is_not_taken_for_the_command(clone: Clone) -> None:
    clone.run("--data-dir", "check", "status")
    assert clone.synced() == ["requirements.lock"]


def test_two_at_once_make_the_environment_once(clone: Clone) -> None:
    running = [clone.start("status") for _ in range(3)]
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0, 0, 0]
    assert clone.synced() == ["requirements.lock"]


def test_packages_that_cannot_be_had_are_an_error_in_words_and_the_next_run_tries_again(clone: Clone) -> None:
    code, out, err = clone.run("status", UV_EXIT="2")
    assert (code, out) == (1, "")
    assert err.endswith(
        "Error: the packages in requirements.lock cannot be installed. Is the package index reachable?\n"
    )
    assert clone.run("status")[0] == 0
    assert clone.synced() == ["requirements.lock", "requirements.lock"]


def test_it_runs_through_a_link_from_another_directory(clone: Clone, tmp_path: Path) -> None:
    link = tmp_path / "bin" / "shopstream"
    link.symlink_to(clone.root / "shop")
    done = subprocess.run([link, "jobs"], cwd="/", env=clone.environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"cli in {clone.root}: [-P] [-m] [cli] [jobs]\n"


def test_without_uv_one_is_installed_beside_the_clone(clone: Clone) -> None:
    (clone.tools / "uv").rename(clone.root / "uv")
    clone.write(
        clone.tools / "python3.11",
        f'#!/usr/bin/env bash\n[ "$2" = venv ] || exit 1\nmkdir -p "$3/bin"\ncp "{clone.root}/uv" "$3/bin/uv"\n'
        'printf "#!/bin/sh\\n" >"$3/bin/python"; chmod +x "$3/bin/python"\n',
    )
    code, out, err = clone.run("jobs")
    assert (code, out) == (0, f"cli in {clone.root}: [-P] [-m] [cli] [jobs]\n")
    assert err.startswith("Installing uv into .tools/ ...\n")
    assert (clone.root / ".tools" / "uv" / "bin" / "uv").is_file()


def test_without_uv_and_any_way_to_install_it_the_error_says_what_to_do(clone: Clone) -> None:
    (clone.tools / "uv").unlink()
    clone.write(clone.tools / "python3.11", "#!/usr/bin/env bash\nexit 1\n")
    code, _, err = clone.run("jobs")
    assert code == 1
    assert "install uv, or python3.11-venv" in err
