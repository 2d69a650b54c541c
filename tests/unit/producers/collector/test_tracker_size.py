from pathlib import Path

TRACKER = Path(__file__).resolve().parents[4] / "producers" / "tracker.js"


def test_the_tracker_stays_below_five_kilobytes() -> None:
    assert TRACKER.stat().st_size < 5000
