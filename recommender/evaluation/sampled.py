"""``sampled``: rank each user's held-out item among 99 other items, which are part of the data.

The protocol of NCF's MovieLens-1M tables (He et al. 2017; Rendle et al. 2020), on its held-out items and negatives. The
training part has no times, so no model that needs the order of events takes part. For validation a few items of each
user are held out at random and ranked among all items that are not in the history; the expected metric over all draws
of 99 others follows from that rank. The test asks for the last item of each user, which differs from a random one. So
no ensemble weights are learned: the members of a blend have equal weights.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from recommender.evaluation.blending import EqualWeights, ValidationMetric
from recommender.evaluation.cases import Cases, Split
from recommender.evaluation.comparison import compared
from recommender.evaluation.parts import NO_CASES, Part, Validation
from recommender.evaluation.report import Result
from recommender.evaluation.request import Progress, Request
from recommender.evaluation.search import Space, log_uniform, uniform, variants
from recommender.models.base import Histories, Training
from recommender.models.ease import MOST_ITEMS, Ease
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from schemas.errors import ConfigurationError

RATINGS: Final = "ratings.parquet"
NEGATIVES: Final = "ncf_test_99neg.npz"
COLUMNS: Final = ("ncf_user", "ncf_item")
METRICS: Final = ("HR@10", "NDCG@10")
CASE_DIMENSIONS: Final = 2
CUTOFF: Final = 10
"""Parameters are chosen by NDCG at this cutoff."""
HELD_OUT: Final = 3
"""Items of each user held out for validation: with one, differences in NDCG of .001 are within the noise."""
OTHERS: Final = 99
"""Number of items that a target is ranked among."""
ITEM_KNN: Final[Space] = {"user_power": uniform(0.0, 1.0), "norm_power": uniform(0.3, 1.0)}
IALS: Final[Space] = {"unobserved": log_uniform(0.1, 0.6), "regularization": log_uniform(0.003, 0.012)}
FACTORS: Final = 192
"""Factors of iALS, as in Rendle et al. (2020)."""
STARTS: Final = 4
"""Starts of iALS in the last step of tuning and in the test; before that it has one."""
NEAR: Final = 1.3
"""Largest factor between a tuned parameter of the loss and one drawn near it."""
DROPOUT: Final = 0.2
"""Dropout of iALS: on two draws of validation cases .0002 and .0007 more NDCG than without, and .0014 more HR."""
ITERATIONS: Final = 8
"""Iterations of iALS: more of them change less than another seed does."""
EASE: Final[Space] = {"regularization": log_uniform(100, 3000)}


MODELS: Final = ("ials", "item_knn", "popularity", "ease")
"""The models of ``parts_of``; some are parts only of data that suits them."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """The data of the protocol, with its user and item indices.

    Attributes:
        training: What each user rated, without the held-out item.
        candidates: The held-out item of some users, then the others that it is ranked among, (n, 100) int64.
        users: Those users, (n,) int64.
    """

    training: Training
    candidates: NDArray[np.int64]
    users: NDArray[np.int64]

    @property
    def test(self) -> Split:
        """The cases of the test."""
        known = self.training.histories.take(self.users)
        return Split(self.training, Cases(known, self.candidates[:, 0], self.candidates, with_seen=True))


def evaluate(request: Request, progress: Progress) -> Result:
    """Measure a model.

    Raises:
        ConfigurationError: A file cannot be used, or there is no such model.
    """
    data = read_sampled(request.needed_data(), progress)
    if request.model == Ease.name and data.training.n_items > MOST_ITEMS:  # before iALS is tuned
        message = f"EASE is for catalogues of up to {MOST_ITEMS:,} items; this one has {data.training.n_items:,}."
        raise ConfigurationError(message)
    rng = np.random.default_rng(request.seed)
    if not (data.training.histories.lengths > 1).any():
        progress(NO_CASES)
    validation = validation_of(data.training, rng)
    chosen = validation.choose(request.model, parts_of(validation, rng, progress), progress)
    return compared(chosen, (Popularity(), ItemKnn()), data.test, METRICS, progress)


def parts_of(validation: Validation, rng: np.random.Generator, progress: Progress) -> list[Part]:
    """The parts of a blend, with the variants that are tried of each.

    The loss of iALS is tuned with one start first, where a fit is cheaper: in the whole space, then near the best.
    """
    anywhere = variants("ials", IALS, 9, rng, factors=FACTORS, dropout=DROPOUT, iterations=ITERATIONS)
    tuned = validation.choose("ials", [anywhere], progress).parameters
    tuned = validation.choose("ials", [_near(tuned, 6, rng)], progress).parameters
    parts: list[Part] = [
        _near({**tuned, "starts": STARTS}, 3, rng),
        variants("item_knn", ITEM_KNN, 2, rng),
        variants("popularity", {}, 0, rng),
    ]
    if validation.training.n_items <= MOST_ITEMS:
        parts.append(variants("ease", EASE, 3, rng))
    return parts


def read_sampled(folder: Path, progress: Progress) -> Sampled:
    """Read the ratings and the cases of a folder.

    Raises:
        ConfigurationError: A file is not there, or not what the protocol needs.
    """
    if not folder.is_dir():
        message = f"{folder} is no folder: this protocol needs one with {RATINGS} and {NEGATIVES}."
        raise ConfigurationError(message)
    progress(f"reading {RATINGS} and {NEGATIVES}")
    ratings, cases = _read_ratings(folder / RATINGS), _read_cases(folder / NEGATIVES)
    users, candidates = cases[:, 0], cases[:, 1:]
    n_users = 1 + int(max(ratings[:, 0].max(), users.max()))
    n_items = 1 + int(max(ratings[:, 1].max(), candidates.max()))
    held_out = users * n_items + candidates[:, 0]
    kept = ratings[~np.isin(ratings[:, 0] * n_items + ratings[:, 1], held_out)]
    return Sampled(Training(_histories(kept, n_users), n_items), candidates, users)


def validation_of(training: Training, rng: np.random.Generator) -> Validation:
    """Hold out some items of each user: half of them to choose parameters, half to choose the members of a blend."""
    known, drawn = hold_out(training.histories, HELD_OUT, rng)
    part = Training(known, training.n_items, training.features)
    halves = (drawn.take(np.arange(first, len(drawn), 2)) for first in (0, 1))
    of_variants, of_blends = (_metric_on(half, training.n_items) for half in halves)
    return Validation(part, of_variants, EqualWeights(of_blends))


def hold_out(histories: Histories, rounds: int, rng: np.random.Generator) -> tuple[Histories, Cases]:
    """Draw one item a round from each history of two or more; the histories without them, and the cases by round."""
    drawn = []
    for _ in range(rounds):
        users = np.flatnonzero(histories.lengths > 1)
        events = histories.offsets[users] + rng.integers(histories.lengths[users])
        drawn.append((users, histories.items[events].astype(np.int64)))
        kept = np.ones(len(histories.items), bool)
        kept[events] = False
        histories = histories.where(kept)
    users, items = map(np.concatenate, zip(*drawn, strict=True))
    return histories, Cases(histories.take(users), items)


def expected_ndcg(ranks: NDArray[np.int64], unseen: NDArray[np.int64]) -> float:
    """Expected NDCG of targets ranked among OTHERS random items; 0 over no targets.

    Args:
        ranks: Rank of each target among all items that are not in the history, from 0.
        unseen: Number of those items.
    """
    sampled_ranks = np.arange(CUTOFF)
    probabilities = stats.binom.pmf(sampled_ranks, OTHERS, (ranks / np.maximum(unseen - 1, 1))[:, None])
    gains = (probabilities / np.log2(sampled_ranks + 2)).sum(axis=1)
    return float(gains.mean()) if len(gains) else 0.0


def _near(tuned: Mapping[str, Any], drawn: int, rng: np.random.Generator) -> Part:
    """IALS with the tuned parameters, and variants with a loss drawn near them."""
    near = {name: log_uniform(tuned[name] / NEAR, tuned[name] * NEAR) for name in IALS}
    return variants("ials", near, drawn, rng, **tuned)


def _metric_on(cases: Cases, n_items: int) -> ValidationMetric:
    unseen = n_items - cases.histories.lengths
    return lambda model: expected_ndcg(cases.ranks(model, n_items), unseen)


def _read_ratings(path: Path) -> NDArray[np.int64]:
    """Pairs of user and item, (n, 2) int64, by user."""
    try:
        table = pd.read_parquet(path, columns=list(COLUMNS))
        with np.errstate(invalid="ignore"):  # NaN is no whole number, which is checked below
            pairs = table.to_numpy(np.int64)
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"{path} must be Parquet with the columns {' and '.join(COLUMNS)}, whole numbers: {error}."
        raise ConfigurationError(message) from error
    if not len(pairs) or pairs.min() < 0 or not np.array_equal(pairs, table.to_numpy()):
        message = f"{path} must hold users and items numbered from 0, and at least one."
        raise ConfigurationError(message)
    return np.asarray(pairs[np.argsort(pairs[:, 0], kind="stable")])


def _read_cases(path: Path) -> NDArray[np.int64]:
    """User, held-out item and the others of each case, (n, 2 + others) int64."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("neg.npy") as member:
            written = np.lib.format.read_array(member, allow_pickle=False)
        with np.errstate(invalid="ignore"):  # as above
            cases = written.astype(np.int64)
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        message = f"{path} must be an npz with an array 'neg' of user, held-out item and the others: {error}."
        raise ConfigurationError(message) from error
    if not np.array_equal(cases, written) or (
        cases.ndim != CASE_DIMENSIONS or cases.shape[1] <= CASE_DIMENSIONS or not len(cases) or cases.min() < 0
    ):
        message = f"{path}: 'neg' must hold rows of user, held-out item and the others, all numbered from 0."
        raise ConfigurationError(message)
    return np.asarray(cases)


def _histories(pairs: NDArray[np.int64], n_users: int) -> Histories:
    """The items of each user, in the order of the file."""
    lengths = np.bincount(pairs[:, 0], minlength=n_users)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    positions = np.arange(len(pairs)) - offsets[pairs[:, 0]]
    return Histories(
        offsets, pairs[:, 1].astype(np.int32), np.ones(len(pairs), np.float32), positions.astype(np.float64)
    )
