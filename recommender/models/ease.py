"""EASE: a linear item-item model in closed form (Steck 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from recommender.errors import ModelError
from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.recency import Recency
from recommender.models.sparse_matrices import dense, transposed

MOST_ITEMS: Final = 6_000
"""Largest catalogue that it is for: its weights are a dense square, 144 MB then, and take seconds to invert."""


@dataclass(slots=True)
class Ease:
    """Predicts each item from the other items of a history.

    Attributes:
        regularization: Added to the diagonal of the Gram matrix.
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
    """

    regularization: float = 250.0
    recency: float = 0.0
    half_life_seconds: float | None = None
    _weights: NDArray[np.float32] = field(init=False, repr=False)

    name: ClassVar[str] = "ease"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Invert the regularized Gram matrix.

        Raises:
            ModelError: The catalogue is too large for it.
        """
        if training.n_items > MOST_ITEMS:
            message = f"EASE is for catalogues of up to {MOST_ITEMS:,} items; this one has {training.n_items:,}."
            raise ModelError(message)
        seen = training.histories.matrix(training.n_items)
        gram = dense(transposed(seen) @ seen)
        gram[np.diag_indices_from(gram)] += self.regularization
        inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
        self._weights = (inverse / -np.diag(inverse)).astype(np.float32)
        np.fill_diagonal(self._weights, 0)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Sum of the weights of each history's items, the newer ones counting more."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        return np.asarray(histories.matrix(len(self._weights), weights) @ self._weights, np.float32)

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Weight of each of ``items`` for every other item."""
        return self._weights[items]

    def arrays(self) -> Arrays:
        """The weights, (n_items, n_items) float32."""
        return {"weights": self._weights}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._weights = arrays["weights"]
        return self
