"""The model store: one folder a version, in a directory or an object store.

::

    <model_store_url>/<version>/model.npz           the state of the fitted model
                                neighbours.npz      similar products, and products bought together
                                items.parquet       the catalogue, a row for each item index
                                histories.parquet   the users' histories that its lists were made from
                                manifest.json       the rest; written last, by an atomic rename

A version exists once its manifest does: what a killed writer leaves behind is no version, and the next attempt writes
over it. A version is never changed, except that an erased user is removed from its histories.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from recommender.catalogue import Catalogue
from recommender.errors import ModelError
from recommender.interactions import KnownUsers, histories_of, in_order
from recommender.models.base import Arrays, Model
from recommender.models.former_names import with_current_names
from recommender.models.registry import make_model
from recommender.neighbours import Neighbours
from recommender.ranking import rank_given
from schemas.recommendations import RecommendedItem, utc_text

MANIFEST: Final = "manifest.json"
MODEL: Final = "model.npz"
NEIGHBOURS: Final = "neighbours.npz"
ITEMS: Final = "items.parquet"
HISTORIES: Final = "histories.parquet"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Metadata of a version.

    Attributes:
        version: Its name: ``<newest event>-<hash of its state>``; the same data gives the same name.
        name: The model's name in the registry.
        parameters: Its hyperparameters.
        code_version: The release of shopstream that made it.
        created_at: When it was served.
        data_from: The oldest event of the training data.
        data_to: The newest one.
        counts: Numbers of users, items and interactions in the training data.
        metrics: Metrics on the hold-out, by name.
        evaluation: How they were measured: the cut, the users, the comparison with the active model.
    """

    version: str
    name: str
    parameters: Mapping[str, Any]
    code_version: str
    created_at: datetime
    data_from: datetime
    data_to: datetime
    counts: Mapping[str, int]
    metrics: Mapping[str, float]
    evaluation: Mapping[str, Any]

    def encoded(self) -> bytes:
        """As JSON, the keys sorted."""
        times = {name: utc_text(getattr(self, name)) for name in _TIMES}
        fields = {name: getattr(self, name) for name in self.__slots__} | times
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def decoded(cls, text: bytes) -> Manifest:
        """The reverse of ``encoded``."""
        fields = orjson.loads(text)
        return cls(**fields | {name: datetime.fromisoformat(fields[name]) for name in _TIMES})


_TIMES: Final = ("created_at", "data_from", "data_to")


@dataclass(frozen=True)
class ServedModel:
    """A version that can be served.

    Attributes:
        manifest: Its metadata.
        model: The fitted model.
        catalogue: The products by item index.
        similar: Similar products of each product.
        together: Products bought together with each product.
        users: The users' histories when it was trained.
    """

    manifest: Manifest
    model: Model
    catalogue: Catalogue
    similar: Neighbours
    together: Neighbours
    users: KnownUsers

    @property
    def version(self) -> str:
        """Its name."""
        return self.manifest.version

    @property
    def item_ids(self) -> Sequence[str]:
        """Product ids by item index."""
        return self.catalogue.item_ids

    @cached_property
    def item_indices(self) -> dict[str, int]:
        """Item indices by product id."""
        return {item_id: index for index, item_id in enumerate(self.item_ids)}


@dataclass(frozen=True)
class RankingModel:
    """What of a version ranks products for a user: not the histories of those that it was trained on.

    Attributes:
        version: Its name.
        model: The fitted model.
        similar: Similar products of each product.
        item_ids: Product ids by item index.
    """

    version: str
    model: Model
    similar: Neighbours
    item_ids: Sequence[str]

    @cached_property
    def item_indices(self) -> dict[str, int]:
        """Item indices by product id."""
        return {item_id: index for index, item_id in enumerate(self.item_ids)}

    def ranked(self, history: Iterable[tuple[str, float]], item_ids: Iterable[str]) -> tuple[RecommendedItem, ...]:
        """Those of some products that the model knows, the best for a user first.

        Args:
            history: The user's interactions with their times: ``kind:product_id``, epoch milliseconds.
            item_ids: The products.

        Returns:
            Nothing where the model knows no product of the history.
        """
        users = histories_of([history], self.item_indices)
        known = [self.item_indices[item_id] for item_id in dict.fromkeys(item_ids) if item_id in self.item_indices]
        if not known or not len(users.kinds):
            return ()
        return rank_given(self.model, self.similar, users, np.array(known, np.int32)).items_of(0, self.item_ids)


@dataclass(frozen=True)
class _Stored:
    """What every reader of a version takes: the fields of ServedModel, its products still as a table."""

    manifest: Manifest
    model: Model
    similar: Neighbours
    together: Neighbours
    items: pa.Table


class ModelStore:
    """Versions of models below one address.

    Args:
        url: ``file:///...``, ``s3://...`` or another address that pyarrow supports.

    Raises:
        ModelError: pyarrow does not support that kind of address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._files, self._root = pyarrow.fs.FileSystem.from_uri(url)
        except (pa.ArrowException, OSError) as error:
            message = f"The model store {url} cannot be used: {error}. Correct SHOP_MODEL_STORE_URL."
            raise ModelError(message) from error

    def versions(self) -> tuple[str, ...]:
        """All versions, those with the oldest data first."""
        selector = pyarrow.fs.FileSelector(self._root, allow_not_found=True)
        folders = [entry.base_name for entry in self._files.get_file_info(selector) if not entry.is_file]
        return tuple(sorted(name for name in folders if self._exists(name)))

    def manifest(self, version: str) -> Manifest:
        """The metadata of a version.

        Raises:
            ModelError: There is no such version.
        """
        if not version or not self._exists(version):
            message = f"There is no model {version!r} in {self.url}. './shop models list' shows those that are there."
            raise ModelError(message)
        return Manifest.decoded(self._read(version, MANIFEST))

    def write(self, served: ServedModel) -> None:
        """Store a version: all of it, or nothing that a reader sees.

        Raises:
            ModelError: The store cannot be written.
        """
        try:
            self._files.create_dir(self._path(served.version))
            self._write(served.version, MODEL, encode_arrays(served.model.arrays()))
            self._write(served.version, NEIGHBOURS, encode_arrays(neighbour_arrays(served.similar, served.together)))
            self._write(served.version, ITEMS, _parquet(served.catalogue.table()))
            self._write(served.version, HISTORIES, _parquet(_users_table(served.users)))
            self._commit(served.manifest)
        except (pa.ArrowException, OSError) as error:
            message = f"The model store {self.url} cannot be written: {error}."
            raise ModelError(message) from error

    def load(self, version: str) -> ServedModel:
        """Read a version.

        Raises:
            ModelError: There is no such version, or its files are damaged.
        """
        with self._reading(version) as stored:
            users = _users_of(_table(self._read(version, HISTORIES)))
            catalogue = Catalogue.of_table(stored.items)
            return ServedModel(stored.manifest, stored.model, catalogue, stored.similar, stored.together, users)

    def load_for_ranking(self, version: str) -> RankingModel:
        """Read what of a version ranks products.

        Raises:
            ModelError: There is no such version, or its files are damaged.
        """
        with self._reading(version) as stored:
            return RankingModel(version, stored.model, stored.similar, stored.items["item_id"].to_pylist())

    def has_history(self, version: str, user_id: str) -> bool:
        """Whether a version has a history of this user."""
        owners = _table(self._read(version, HISTORIES))["user_id"].combine_chunks()
        return user_id in owners.dictionary.to_pylist()

    def forget(self, version: str, user_id: str) -> None:
        """Remove a user's history from a version; does nothing when it has none.

        Raises:
            ModelError: The store cannot be written.
        """
        try:
            table = _table(self._read(version, HISTORIES))
            if user_id in table["user_id"].combine_chunks().dictionary.to_pylist():
                partial = f"{HISTORIES}.partial"
                self._write(version, partial, _parquet(without_user(table, user_id)))
                self._files.move(self._path(version, partial), self._path(version, HISTORIES))
        except (pa.ArrowException, OSError) as error:
            message = f"The model store {self.url} cannot be written: {error}."
            raise ModelError(message) from error

    @contextmanager
    def _reading(self, version: str) -> Iterator[_Stored]:
        """What every reader of a version takes; the block may read more of its files."""
        manifest = self.manifest(version)
        try:
            neighbours = decode_arrays(self._read(version, NEIGHBOURS))
            yield _Stored(
                manifest,
                self._model(manifest),
                Neighbours(neighbours["similar_items"], neighbours["similar_scores"]),
                Neighbours(neighbours["together_items"], neighbours["together_scores"]),
                _table(self._read(version, ITEMS)),
            )
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            message = f"The model {version} in {self.url} cannot be read: {error!r}. Train it again."
            raise ModelError(message) from error

    def _model(self, manifest: Manifest) -> Model:
        arrays = decode_arrays(self._read(manifest.version, MODEL))
        return make_model(manifest.name, manifest.parameters).restore(with_current_names(arrays))

    def _commit(self, manifest: Manifest) -> None:
        """Write the manifest under another name, then rename it: from then on the version exists."""
        self._write(manifest.version, f"{MANIFEST}.partial", manifest.encoded())
        self._files.move(self._path(manifest.version, f"{MANIFEST}.partial"), self._path(manifest.version, MANIFEST))

    def _exists(self, version: str) -> bool:
        (entry,) = self._files.get_file_info([self._path(version, MANIFEST)])
        return bool(entry.is_file)

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    def _write(self, version: str, name: str, content: bytes) -> None:
        with self._files.open_output_stream(self._path(version, name)) as stream:
            stream.write(content)

    def _read(self, version: str, name: str) -> bytes:
        with self._files.open_input_stream(self._path(version, name)) as stream:
            content: bytes = stream.read()
        return content


def encode_arrays(arrays: Arrays) -> bytes:
    """Arrays as the bytes of an ``.npz`` file, the same for the same arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, **{name: arrays[name] for name in sorted(arrays)})
    return buffer.getvalue()


def decode_arrays(content: bytes) -> Arrays:
    """The reverse of ``encode_arrays``."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def neighbour_arrays(similar: Neighbours, together: Neighbours) -> Arrays:
    """Similar items and items bought together, as they are stored."""
    return {
        "similar_items": similar.items,
        "similar_scores": similar.scores,
        "together_items": together.items,
        "together_scores": together.scores,
    }


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _table(content: bytes) -> pa.Table:
    return pq.read_table(pa.BufferReader(content))


def _users_table(users: KnownUsers) -> pa.Table:
    """A row for each event of a user."""
    histories = users.interactions.histories
    owners = pa.DictionaryArray.from_arrays(pa.array(histories.owners, pa.int32()), pa.array(users.ids, pa.string()))
    return pa.table(
        {"user_id": owners, "item": histories.items, "kind": users.interactions.kinds, "time_seconds": histories.times}
    )


def without_user(table: pa.Table, user_id: str) -> pa.Table:
    """The rows of ``_users_table`` without one of its users."""
    owners = table["user_id"].combine_chunks()
    ids: list[str] = owners.dictionary.to_pylist()
    erased = ids.index(user_id)
    indices = owners.indices.to_numpy()
    kept_rows = indices != erased
    remaining = pa.array(np.where(indices > erased, indices - 1, indices)[kept_rows], pa.int32())
    names = pa.array([each for each in ids if each != user_id], pa.string())
    kept = table.filter(pa.array(kept_rows))
    return kept.set_column(0, "user_id", pa.DictionaryArray.from_arrays(remaining, names))


def _users_of(table: pa.Table) -> KnownUsers:
    owners = table["user_id"].combine_chunks()
    interactions = in_order(
        len(owners.dictionary),
        owners.indices.to_numpy().astype(np.int64),
        *(table[name].to_numpy() for name in ("item", "kind", "time_seconds")),
    )
    return KnownUsers(owners.dictionary.to_pylist(), interactions)
