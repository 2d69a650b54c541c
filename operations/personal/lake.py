"""A person's events in the lake."""

from __future__ import annotations

from typing import Final

from coordination.files import locked
from lake.erasure import count_user, erase_user
from lake.storage import lake_storage
from operations.personal.data import PersonalData
from schemas.settings import Settings

COMPACTION_LOCK: Final = "lake-compact.lock"


def _held(settings: Settings, user_id: str) -> dict[str, int]:
    return {"lake: events": count_user(lake_storage(settings), user_id)}


def _erase(settings: Settings, user_id: str) -> None:
    with locked(settings.data_dir / COMPACTION_LOCK):
        erase_user(lake_storage(settings), user_id)


IN_LAKE: Final = PersonalData(_held, _erase)
