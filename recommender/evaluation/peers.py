"""The library that recommendations are often made with, as it comes: what ours must be better than."""

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
    """``AlternatingLeastSquares`` of the package ``implicit``, the weights of a user's events added up.

    Attributes:
        seed: Of the first factors; all else is as the package has it.
    """

    seed: int = 1
    _fitted: AlternatingLeastSquares = field(init=False, repr=False)

    name: ClassVar[str] = "implicit_als"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was made with."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Factor the matrix of users and items."""
        with threadpool_limits(1, "blas"):
            self._fitted = AlternatingLeastSquares(random_state=self.seed)
            self._fitted.fit(training.histories.matrix(training.n_items), show_progress=False)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Products of the factors of each history, computed anew, with those of the items."""
        items = np.asarray(self._fitted.item_factors)
        with threadpool_limits(1, "blas"):
            users = self._fitted.recalculate_user(np.arange(len(histories)), histories.matrix(len(items)))
            return np.asarray(users @ items.T, np.float32)

    def arrays(self) -> Arrays:
        """The factors of the items, (n_items, factors) float32."""
        return {"items": np.asarray(self._fitted.item_factors)}

    def restore(self, arrays: Arrays) -> Self:
        """Take over factors of the items."""
        with threadpool_limits(1, "blas"):
            self._fitted = AlternatingLeastSquares(random_state=self.seed)
        self._fitted.item_factors = arrays["items"]
        return self
