"""How well texts recommend products that nobody has bought yet: by TF-IDF, by sentence embeddings, and by both.

    python -m bench.cold_items --data FILE.parquet --model FILE.jar [--cut 2011-11-01] [--until DAY] [--seeds 3]

The file is Online Retail's, whose products have titles. ``--until`` leaves out what it has from that day on, to choose
parameters on older data than the test. Two tables:

- cold products: a fifth of the products, drawn at random, is hidden from everything before the cut. Evaluated are users
  with purchases before it who bought a hidden product after it that was new to them. Only hidden products are ranked.
  The ensemble weights of both are learned in the same way, with other products hidden, from a cut as long before the
  first as sales go on after it. Each figure is the mean over all users of all draws.
- the blend of the training job, evaluated as that job does on the days from the cut on, without and with sentence
  embeddings.

Differences come with their 95 % confidence interval, bootstrapped over users. ``./shop submit training`` with
SHOP_TRAINING_SENTENCES=true has fetched the model into the cache.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.lists import best_lists, coverage
from recommender.evaluation.metrics import gains_of_sets, hit_rate_of_sets
from recommender.interactions import newest_of_each
from recommender.models.base import Histories, Model, Training
from recommender.models.blend import Blend
from recommender.models.blend_weights import Examples, learn_ensemble_weights
from recommender.models.content import Content
from recommender.models.item_knn import ItemKnn
from recommender.models.sentences import Sentences
from recommender.ranking import Rules
from recommender.training.dataset import Dataset, dataset_of, take, where
from recommender.training.embeddings import SentenceModel, texts_of
from recommender.training.holdout import DEPTH, HoldoutResult, compare, interaction_matrix
from recommender.training.trainer import Trainer

HIDDEN_SHARE: Final = 0.2
SEED: Final = 1
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class ColdSplit:
    """A draw of hidden products.

    Attributes:
        training: What was sold before the cut, without them.
        cases: The histories of the evaluated users, in it.
        right: The hidden products that each bought after it, new to the user, (n_cases, n_items) sparse.
        forbidden: Products that are not ranked, (n_cases, n_items) sparse.
    """

    training: Training
    cases: Histories
    right: sparse.csr_matrix
    forbidden: sparse.csr_matrix

    @property
    def examples(self) -> Examples:
        """The cases, to learn ensemble weights from."""
        return Examples(self.cases, self.right, with_seen=False, hidden=self.forbidden)

    def evaluated(self, model: Model) -> HoldoutResult:
        """The metrics of a fitted model's lists."""
        lists = best_lists(model, self.cases, self.right, self.forbidden)
        hits = lists.hits
        covered = coverage(lists.items[:, :DEPTH], self.training.n_items)
        return HoldoutResult(gains_of_sets(hits, lists.relevant, DEPTH), hit_rate_of_sets(hits, DEPTH), covered)


def read(path: Path, until: datetime) -> Dataset:
    """Sales of Online Retail to known customers, and the title that most lines of a product have."""
    lines = pq.read_table(path)
    lines = lines.filter(pc.less(pc.cast(lines["InvoiceDate"], pa.timestamp("us")), pa.scalar(until)))
    sold = pc.and_(pc.greater(lines["Quantity"], 0), pc.greater(lines["UnitPrice"], 0))
    lines = lines.filter(pc.and_(sold, pc.is_valid(lines["CustomerID"])))
    text = {name: pc.cast(lines[name], pa.string()) for name in ("CustomerID", "StockCode", "InvoiceNo")}
    sales = {
        "user_id": text["CustomerID"],
        "is_visitor": pa.array(np.zeros(len(lines), bool)),
        "product_id": text["StockCode"],
        "kind": pa.array(["purchase"] * len(lines)),
        "event_time": pc.cast(pc.cast(lines["InvoiceDate"], pa.timestamp("ms")), pa.int64()),
        "basket": text["InvoiceNo"],
    }
    named = pa.table({"product": text["StockCode"], "title": pc.utf8_trim_whitespace(lines["Description"])})
    counted = named.group_by(["product", "title"]).aggregate([([], "count_all")])
    counted = counted.sort_by([("count_all", "ascending"), ("title", "descending")])
    titles = dict(zip(counted["product"].to_pylist(), counted["title"].to_pylist(), strict=True))
    attributes = {"product_id": [*titles], "attribute": ["title"] * len(titles), "value": [*titles.values()]}
    return dataset_of(pa.table(sales), pa.table(attributes))


def cold_split(data: Dataset, cut: float, end: float, hidden: NDArray[np.bool_]) -> ColdSplit:
    """Split the sales at a cut: hidden products sold from the cut up to the end are right."""
    times, items = data.interactions.histories.times, data.interactions.histories.items
    known = where(data.interactions, (times < cut) & ~hidden[items])
    before = interaction_matrix(where(data.interactions, (times < cut) & hidden[items]), data.n_items)
    later = interaction_matrix(where(data.interactions, (times >= cut) & (times < end) & hidden[items]), data.n_items)
    right = (later - later.multiply(before)).tocsr()
    right.eliminate_zeros()
    rows = np.flatnonzero((known.histories.lengths > 0) & (right.getnnz(axis=1) > 0))
    others = sparse.csr_matrix(np.tile(~hidden, (len(rows), 1)).astype(np.float32))
    cases = newest_of_each(take(known, rows)).histories
    return ColdSplit(data.training(known.histories), cases, right[rows], (others + before[rows]).tocsr())


def cold_results(data: Dataset, cut: float, seeds: int) -> Iterator[dict[str, HoldoutResult]]:
    """The results of each model, for each draw."""
    times = data.interactions.histories.times
    for seed in range(1, seeds + 1):
        rng = np.random.default_rng(seed)
        hidden, hidden_before = rng.random((2, data.n_items)) < HIDDEN_SHARE
        earlier = cold_split(data, 2 * cut - float(times.max()), cut, hidden_before)
        test = cold_split(data, cut, np.inf, hidden)
        parts = [Content(recency=0.5), Sentences()]
        weights = learn_ensemble_weights([part.fit(earlier.training) for part in parts], earlier.examples)
        both = Blend(parts, weights).fit(test.training)
        item_knn = ItemKnn().fit(test.training)
        models = {"item_knn": item_knn, "content": parts[0], "sentences": parts[1], "both": both}
        yield {name: test.evaluated(model) for name, model in models.items()}


def together(parts: list[HoldoutResult]) -> HoldoutResult:
    """The users of all draws as one."""
    sizes = [len(part.gains) for part in parts]
    hit_rate = float(np.average([part.hit_rate for part in parts], weights=sizes))
    return HoldoutResult(np.concatenate([part.gains for part in parts]), hit_rate, 0.0)


def of_training(data: Dataset, days: int) -> HoldoutResult:
    """The result of the blend of the training job."""
    trainer = Trainer(data, Rules(DEPTH, True), days)
    return trainer.decide(trainer.recipe("blend"), None).result


def show(name: str, result: HoldoutResult, against: HoldoutResult) -> None:
    """A row of a table."""
    difference = compare(result, against, SEED)
    interval = f"{difference.difference:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
    metrics = result.metrics
    print(f"| {name} | {metrics['NDCG@10']:.4f} | {metrics['HR@10']:.4f} | {interval} |", flush=True)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--cut", type=datetime.fromisoformat, default=datetime(2011, 11, 1))  # noqa: DTZ001
    options.add_argument("--until", type=datetime.fromisoformat, default=datetime.max)  # noqa: DTZ901
    options.add_argument("--seeds", type=int, default=3)
    chosen = options.parse_args()
    cut = chosen.cut.replace(tzinfo=UTC).timestamp()
    data = read(chosen.data, chosen.until)

    started = time.process_time()
    data = replace(data, embeddings=SentenceModel.read(chosen.model).vectors(texts_of(data.catalogue)))
    print(f"{data.n_items} titles embedded in {time.process_time() - started:.1f} s of CPU", flush=True)

    draws = [*cold_results(data, cut, chosen.seeds)]
    results = {name: together([draw[name] for draw in draws]) for name in draws[0]}
    print(f"\n{len(results['content'].gains)} users of {len(draws)} draws, only hidden products ranked\n")
    print("| | NDCG@10 | HR@10 | NDCG@10 beyond content |\n|---|---|---|---|")
    for name, result in results.items():
        show(name, result, results["content"])

    days = round((data.data_to.timestamp() - cut) / DAY_SECONDS)
    without, having = of_training(replace(data, embeddings=None), days), of_training(data, days)
    print(f"\n{len(without.gains)} users, all products ranked, the newest {days} days\n")
    print("| | NDCG@10 | HR@10 | NDCG@10 beyond without |\n|---|---|---|---|")
    show("blend without sentences", without, without)
    show("blend with sentences", having, without)


if __name__ == "__main__":
    main()
