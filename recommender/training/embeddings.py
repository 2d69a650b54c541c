"""Sentence embeddings of product texts (Reimers and Gurevych 2019).

This needs the packages of the extra ``sentences``, which are imported only when a training makes embeddings. The model
is a zip file (or a jar, which is one) with a network in ONNX format and its tokenizer in the format of Hugging Face.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from recommender.catalogue import Catalogue
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession
    from tokenizers import Tokenizer

MOST_TOKENS: Final = 256
"""Longer texts are cut: the model was trained on no more tokens, and later ones add little."""

TEXTS: Final = ("title", "category", "brand", "description")
"""The attributes of a product that are embedded, in this order."""

NETWORK: Final = ".onnx"
TOKENIZER: Final = "tokenizer.json"

PROGRESS_TEXTS: Final = 1_000
"""Texts between two reports of progress."""

Progress = Callable[[int, int], None]
"""Called with the number of texts embedded so far and of all texts."""


class SentenceModel:
    """A network that maps texts to vectors, so that texts of similar meaning are close.

    Args:
        network: From token ids to a vector for each token; it has one output.
        tokenizer: From text to token ids.
    """

    def __init__(self, network: InferenceSession, tokenizer: Tokenizer) -> None:
        self._network = network
        self._inputs = {each.name for each in network.get_inputs()}
        self._tokenizer = tokenizer

    @classmethod
    def read(cls, file: Path) -> SentenceModel:
        """Read a model from a zip file.

        Raises:
            ConfigurationError: The extra is not installed, or the file is not such a model.
        """
        onnx, tokens = _packages()
        network, vocabulary = (_content(file, ending) for ending in (NETWORK, TOKENIZER))
        options = onnx.SessionOptions()
        options.intra_op_num_threads = 1  # a product's text is too short to be worth a second one
        session = onnx.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        tokenizer = tokens.Tokenizer.from_buffer(vocabulary)
        tokenizer.no_padding()
        tokenizer.enable_truncation(MOST_TOKENS)
        return cls(session, tokenizer)

    def vector(self, text: str) -> NDArray[np.float32]:
        """The mean of the vectors of its tokens, scaled to length 1, (dimensions,) float32."""
        token_ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": token_ids, "attention_mask": np.ones_like(token_ids), "token_type_ids": token_ids * 0}
        (token_vectors,) = self._network.run(None, {name: inputs[name] for name in self._inputs})
        mean = np.asarray(token_vectors, np.float32)[0].mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def vectors(self, texts: Sequence[str], progress: Progress = lambda _embedded, _all: None) -> NDArray[np.float32]:
        """A vector for each text, zeros for an empty one, (n_texts, dimensions) float32.

        One text at a time: the network rounds to eight bits by the largest value in its input, so in a batch each
        vector would depend on the other texts. A batch of 32 would save a third of the CPU.
        """
        vectors = np.zeros((len(texts), len(self.vector(""))), np.float32)
        for index, text in enumerate(texts):
            if text:
                vectors[index] = self.vector(text)
            if (index + 1) % PROGRESS_TEXTS == 0 or index + 1 == len(texts):
                progress(index + 1, len(texts))
        return vectors


def texts_of(catalogue: Catalogue) -> list[str]:
    """The text of each product, "" where it has none."""
    by_product = zip(*(catalogue.attributes[name] for name in TEXTS), strict=True)
    return [". ".join(filter(None, map(str.strip, parts))) for parts in by_product]


def _packages() -> tuple[Any, Any]:
    try:
        import onnxruntime
        import tokenizers
    except ImportError as error:
        message = (
            f"SHOP_TRAINING_SENTENCES needs packages that are not installed ({error}). './shop', with that variable "
            "in its environment, installs them; without './shop', install requirements-sentences.lock."
        )
        raise ConfigurationError(message) from error
    return onnxruntime, tokenizers


def _content(file: Path, ending: str) -> bytes:
    """Content of the one file with this ending in a zip file."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(ending)]
            if len(names) == 1:
                return archive.read(names[0])
    except (OSError, zipfile.BadZipFile) as error:
        message = f"The sentence model {file} cannot be read: {error}. Correct SHOP_TRAINING_SENTENCES_FILE."
        raise ConfigurationError(message) from error
    message = f"The sentence model {file} must hold one *{ending}; it holds {', '.join(names) or 'none'}."
    raise ConfigurationError(message)
