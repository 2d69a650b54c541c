"""Who visits the simulated shop: users who come back, each with tastes, and anonymous visitors."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from simulator.catalogue import CATEGORIES

COUNTRIES: Final = {
    "DE": ("EUR", "de", 30),
    "FR": ("EUR", "fr", 15),
    "GB": ("GBP", "en-GB", 20),
    "US": ("USD", "en-US", 20),
    "CH": ("CHF", "de-CH", 6),
    "JP": ("JPY", "ja", 8),
}
"""Country -> its currency, its language, how many users of a hundred or so come from it."""
SHARE_UNKNOWN_COUNTRY: Final = 0.02

DEVICES: Final = (("mobile", 55), ("desktop", 36), ("tablet", 7), (None, 2))
CHANNELS: Final = (
    ("organic", "https://search.example/", 30),
    ("direct", None, 25),
    ("paid", "https://ads.example/campaign", 15),
    ("email", None, 12),
    ("social", "https://social.example/feed", 10),
    ("referral", "https://blog.example/review", 6),
    (None, None, 2),
)
"""Channel, referrer, how many visits of a hundred."""

SHARE_REGISTERED: Final = 0.6
SHARE_TWO_DEVICES: Final = 0.25
SHARE_SHARING: Final = 0.2
"""Share of those who come back who also use the device of another, as a family does a tablet."""
FAVOURITES: Final = 3


@dataclass(slots=True)
class Person:
    """One user.

    Attributes:
        user_id: Once signed in.
        devices: The ``anonymous_id`` of each device, the user's own first; another user may have one of them as well.
        country: None where it is not known.
        currency: In which the user pays.
        language: BCP 47.
        favourites: Categories, the favourite first.
        is_registered: Whether the user has an account by now.
        keenness: How readily the user buys; 1 is usual.
    """

    user_id: str
    devices: list[str]
    country: str | None
    currency: str
    language: str
    favourites: list[str]
    is_registered: bool
    keenness: float


class People:
    """The users who come back, and new visitors.

    Args:
        size: How many users come back.
        rng: Draws them.
        device_rng: Draws their further devices.
    """

    def __init__(self, size: int, rng: Random, device_rng: Random) -> None:
        self._rng = rng
        self._made = 0
        self._known = [self._make(rng.random() < SHARE_REGISTERED) for _ in range(size)]
        self._hand_out_devices(device_rng)

    def returning(self) -> Person:
        """One of those who come back; some come far more often than others."""
        return self._known[int(len(self._known) * self._rng.random() ** 2)]

    def newcomer(self) -> Person:
        """An anonymous visitor on the first visit."""
        return self._make(is_registered=False)

    def _hand_out_devices(self, rng: Random) -> None:
        for person, neighbour in zip(self._known, self._known[1:] + self._known[:1], strict=True):
            if rng.random() < SHARE_TWO_DEVICES:
                person.devices.append(f"{person.devices[0]}-second")
            if rng.random() < SHARE_SHARING:
                person.devices.append(neighbour.devices[0])

    def _make(self, is_registered: bool) -> Person:
        rng = self._rng
        self._made += 1
        country = rng.choices(list(COUNTRIES), [weight for _, _, weight in COUNTRIES.values()])[0]
        currency, language, _ = COUNTRIES[country]
        return Person(
            user_id=f"u-{self._made:07d}",
            devices=[f"v-{self._made:07d}"],
            country=None if rng.random() < SHARE_UNKNOWN_COUNTRY else country,
            currency=currency,
            language=language,
            favourites=rng.sample(list(CATEGORIES), FAVOURITES),
            is_registered=is_registered,
            keenness=rng.uniform(0.4, 1.6),
        )
