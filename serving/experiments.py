"""Which arm of an experiment a user is in: a stable function of the experiment's name and the user."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from serving.rules import Arm, Experiment

_BYTES: Final = 8


def arm_of(experiment: Experiment, user_id: str) -> Arm | None:
    """The user's arm; None for those whom no arm's share takes."""
    rest = hash_of(experiment.name, user_id)
    for arm in experiment.arms:
        rest -= arm.share
        if rest < 0:
            return arm
    return None


def hash_of(experiment: str, user_id: str) -> float:
    """A hash of a user from 0 to 1: uniform over the users, and independent of that of any other experiment."""
    digest = blake2b(user_id.encode(), digest_size=_BYTES, person=_person(experiment)).digest()
    return int.from_bytes(digest, "big") / (1 << (8 * _BYTES))


def _person(experiment: str) -> bytes:
    return blake2b(experiment.encode(), digest_size=16).digest()
