"""Lists as the bytes of their keys, made by column: the same as ``schemas.recommendations.encode_list``, but faster.

An object for each product of each list would cost more than training the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from jobs.recommendation.ranking import REASONS, Ranking
from jobs.training.neighbours import NONE
from schemas.recommendations import SCORE_DIGITS, Source, utc_text

_REASONS: Final = [b',"reason":%b,"because":[' % orjson.dumps(reason) for reason in REASONS]


class ListEncoder:
    """Encodes the lists of one model.

    Args:
        version: The model's version.
        item_ids: Product ids by item number.
    """

    def __init__(self, version: str, item_ids: Sequence[str]) -> None:
        self._version = orjson.dumps(version)
        self._quoted = [orjson.dumps(item_id) for item_id in item_ids]
        self._starts = [b'{"item_id":%b,"score":' % quoted for quoted in self._quoted]
        self._quoted.append(b"")  # at NONE

    def encode(self, ranking: Ranking, source: Source, generated_at: Sequence[datetime]) -> Iterator[bytes]:
        """The value of each list's key.

        Args:
            ranking: The lists.
            source: Where they come from.
            generated_at: The newest event of each.
        """
        start = b'{"source":"%b","model_version":%b,"generated_at":"' % (source.encode(), self._version)
        heads = (start + utc_text(made_at).encode() + b'","items":[\n' for made_at in generated_at)
        if not ranking.items.size:
            yield from (head + b"\n]}" for head in heads)
            return
        scores = _texts(ranking.scores)
        columns = (ranking.items, ranking.reasons, ranking.because)
        for head, items, reasons, because, texts in zip(
            heads, *(column.tolist() for column in columns), scores, strict=True
        ):
            yield head + self._lines(items, texts, reasons, because) + b"\n]}"

    def _lines(self, items: list[int], scores: list[bytes], reasons: list[int], because: list[int]) -> bytes:
        starts, quoted = self._starts, self._quoted
        return b",\n".join(
            [
                starts[item] + score + _REASONS[reason] + quoted[cause] + b"]}"
                for item, score, reason, cause in zip(items, scores, reasons, because, strict=True)
                if item != NONE
            ]
        )


def _texts(scores: NDArray[np.float32]) -> list[list[bytes]]:
    """Scores as JSON writes them, rounded."""
    rounded = np.round(scores.astype(np.float64), SCORE_DIGITS)
    return [row.split(b",") for row in orjson.dumps(rounded, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].split(b"],[")]
