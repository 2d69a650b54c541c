"""When a part that died may start again."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class RestartPolicy:
    """Exponential back-off, forgotten once a part has run well for a while; it never gives up.

    All times are readings of one monotonic clock, in seconds.

    Attributes:
        first_delay_seconds: Wait after the first death.
        longest_delay_seconds: The wait doubles up to this.
        forgiven_after_seconds: A part that lived this long before it died starts from the first delay again.
    """

    first_delay_seconds: float = 0.5
    longest_delay_seconds: float = 30.0
    forgiven_after_seconds: float = 60.0
    _deaths: int = field(default=0, init=False)

    def delay_after(self, lived_seconds: float) -> float:
        """The wait before the next start of a part that died after ``lived_seconds``."""
        if lived_seconds >= self.forgiven_after_seconds:
            self._deaths = 0
        delay = self.first_delay_seconds * 2.0 ** min(self._deaths, 32)
        self._deaths += 1
        return min(delay, self.longest_delay_seconds)
