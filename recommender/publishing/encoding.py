"""Encoding of many lists by column, with the same result as ``schemas.recommendations.encode_list``, but faster.

An object for each product of each list would cost more than training the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from recommender.neighbours import NONE
from recommender.ranking import REASONS, Ranking
from schemas.recommendations import SCORE_DIGITS, Source, utc_text

_REASONS: Final = np.array([b',"reason":%b,"because":[' % orjson.dumps(reason) for reason in REASONS], object)
_SEPARATOR: Final = b",\n"
_END: Final = b"]}" + _SEPARATOR
_PARTS: Final = 4
"""Number of parts of a product's line."""


class ListEncoder:
    """Encodes the lists of one model.

    Args:
        version: The model's version.
        item_ids: Product ids by item index.
    """

    def __init__(self, version: str, item_ids: Sequence[str]) -> None:
        self._version = orjson.dumps(version)
        quoted = [*map(orjson.dumps, item_ids), b""]  # the last one is at index NONE
        self._starts = np.array([b'{"item_id":%b,"score":' % item_id for item_id in quoted], object)
        self._ends = np.array([item_id + _END for item_id in quoted], object)

    def encode(
        self, ranking: Ranking, source: Source, history_until: Sequence[datetime], generated_at: datetime
    ) -> Iterator[bytes]:
        """The bytes of each list.

        Args:
            ranking: The lists.
            source: The kind of list.
            history_until: Time of the newest event of each.
            generated_at: When they are made.
        """
        made_by = b'{"source":"%b","model_version":%b' % (source.encode(), self._version)
        start = b'%b,"generated_at":"%b","history_until":"' % (made_by, utc_text(generated_at).encode())
        heads = (start + utc_text(newest).encode() + b'","items":[\n' for newest in history_until)
        for head, lines in zip(heads, self._lines(ranking), strict=True):
            yield head + lines + b"\n]}"

    def _lines(self, ranking: Ranking) -> Iterator[bytes]:
        """The products of each list as JSON lines: start, score, reason and end of each, without the last separator."""
        if not ranking.items.size:
            yield from [b""] * len(ranking)
            return
        columns = (self._starts[ranking.items], _REASONS[ranking.reasons], self._ends[ranking.because])
        lengths = (ranking.items != NONE).sum(axis=1)
        parts: list[bytes] = [b""] * (_PARTS * ranking.items.shape[1])
        for length, texts, starts, reasons, ends in zip(
            lengths.tolist(), _texts(ranking.scores), *(column.tolist() for column in columns), strict=True
        ):
            parts[0::_PARTS], parts[1::_PARTS], parts[2::_PARTS], parts[3::_PARTS] = starts, texts, reasons, ends
            yield b"".join(parts[: length * _PARTS])[: -len(_SEPARATOR)]


def _texts(scores: NDArray[np.float32]) -> list[list[bytes]]:
    """Rounded scores as JSON."""
    rounded = np.round(scores.astype(np.float64), SCORE_DIGITS)
    return [row.split(b",") for row in orjson.dumps(rounded, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].split(b"],[")]
