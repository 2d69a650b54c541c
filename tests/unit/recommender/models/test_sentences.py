"""Similarity of embeddings so small that the answer can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender.models.base import Histories, Training
from recommender.models.sentences import Sentences

EMBEDDINGS = np.array([[1, 0], [0.8, 0.6], [0, 1], [0, 0], [-1, 0]], np.float32)
"""The first two are nearly equal, the second and the third somewhat, the fourth has no text, the last is opposite."""


def scores(
    model: Sentences, history: list[int], embeddings: NDArray[np.float32] | None = EMBEDDINGS
) -> NDArray[np.float32]:
    fitted = model.fit(Training(Histories.of([[0]]), len(EMBEDDINGS), embeddings=embeddings))
    return fitted.score(Histories.of([history]))[0]


def test_sentences_are_the_cosine_of_embeddings_raised_to_a_power() -> None:
    assert scores(Sentences(power=1), [1]) == pytest.approx([0.8, 0, 0.6, 0, 0])
    assert scores(Sentences(power=2), [1]) == pytest.approx([0.64, 0, 0.36, 0, 0])


def test_the_newer_item_of_a_history_counts_more() -> None:
    assert scores(Sentences(power=1, recency=1), [0, 2])[1] == pytest.approx(0.8 / 2 + 0.6)


def test_only_the_nearest_are_kept() -> None:
    model = Sentences(power=1, neighbours=1)
    assert scores(model, [1]) == pytest.approx([0.8, 0, 0, 0, 0])
    assert model.similar(np.array([2, 3], np.int32)) == pytest.approx(np.array([[0, 0.6, 0, 0, 0], [0] * 5]))


def test_without_embeddings_sentences_score_every_item_zero() -> None:
    model = Sentences().fit(Training(Histories.of([[0]]), 5))
    assert model.score(Histories.of([[0, 1]])).tolist() == [[0] * 5]
