from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands import reports
from schemas.errors import ConfigurationError


def test_without_a_browser_nothing_is_printed_and_the_message_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)

    with pytest.raises(ConfigurationError, match="--pdf needs one of chromium"):
        reports.print_to_pdf(tmp_path / "report.html", tmp_path / "report.pdf")


def test_a_browser_that_fails_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: "/bin/false")

    with pytest.raises(ConfigurationError, match="does not print"):
        reports.print_to_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
