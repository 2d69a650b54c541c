"""ALS of the library ``implicit`` with its defaults, as a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.models.base import Arrays, Histories, Training, parameters_of


@dataclass(slots=True)
class ImplicitAls:
    """``AlternatingLeastSquares`` of the package ``implicit``, fitted to the summed weights of each user's events.

    Attributes:
        seed: Seed of the initial factors; everything else has its default.
    """

    seed: int = 1
    _fitted: AlternatingLeastSquares = field(init=False, repr=False)

    name: ClassVar[str] = "implicit_als"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Factor the matrix of users and items."""
        with threadpool_limits(1, "blas"):
            self._fitted = AlternatingLeastSquares(random_state=self.seed)
            self._fitted.fit(training.histories.matrix(training.n_items), show_progress=False)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Dot products of the factors of each history, computed anew, and the item factors."""
        items = np.asarray(self._fitted.item_factors)
        with threadpool_limits(1, "blas"):
            users = self._fitted.recalculate_user(np.arange(len(histories)), histories.matrix(len(items)))
            return np.asarray(users @ items.T, np.float32)

    def arrays(self) -> Arrays:
        """The item factors, (n_items, factors) float32."""
        return {"items": np.asarray(self._fitted.item_factors)}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        with threadpool_limits(1, "blas"):
            self._fitted = AlternatingLeastSquares(random_state=self.seed)
        self._fitted.item_factors = arrays["items"]
        return self
