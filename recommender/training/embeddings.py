"""What the texts of products mean, as vectors, by a sentence-embedding model (Reimers and Gurevych 2019).

The packages that this needs are the extra ``sentences``: only a training that was asked for it imports them. The model
is a zip file (or a jar, which is one) with a network as ONNX and its tokenizer, as Hugging Face's library writes it.
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
"""Of a text; the model was trained on no more, and what is said behind them adds little."""

TEXTS: Final = ("title", "category", "brand", "description")
"""The attributes of a product that say what it is, in the order in which they are read."""

NETWORK: Final = ".onnx"
TOKENIZER: Final = "tokenizer.json"

EVERY: Final = 1_000
"""Texts between two words about how far it is."""

Progress = Callable[[int, int], None]
"""Told how many texts are done, of how many."""


class SentenceModel:
    """A network that gives a text a vector, and texts that mean the same vectors that lie close.

    Args:
        network: From token numbers to a vector for each token; it has one output.
        tokenizer: From text to token numbers.
    """

    def __init__(self, network: InferenceSession, tokenizer: Tokenizer) -> None:
        self._network = network
        self._inputs = {each.name for each in network.get_inputs()}
        self._tokenizer = tokenizer

    @classmethod
    def read(cls, file: Path) -> SentenceModel:
        """The model of a zip file.

        Raises:
            ConfigurationError: The extra is not installed, or the file is no such model.
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
        """The mean of its tokens' vectors, of length 1, (dimensions,) float32."""
        numbers = np.array([self._tokenizer.encode(text).ids], np.int64)
        given = {"input_ids": numbers, "attention_mask": np.ones_like(numbers), "token_type_ids": numbers * 0}
        (of_tokens,) = self._network.run(None, {name: given[name] for name in self._inputs})
        mean = np.asarray(of_tokens, np.float32)[0].mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def vectors(self, texts: Sequence[str], progress: Progress = lambda _done, _all: None) -> NDArray[np.float32]:
        """A vector for each text, zeros for an empty one, (n_texts, dimensions) float32.

        One text at a time: the network rounds to eight bits by the largest number of all texts that it is given, so
        that in a batch each vector would depend on its company. A batch of 32 would save a third of the CPU.
        """
        made = np.zeros((len(texts), len(self.vector(""))), np.float32)
        for place, text in enumerate(texts):
            if text:
                made[place] = self.vector(text)
            if (place + 1) % EVERY == 0 or place + 1 == len(texts):
                progress(place + 1, len(texts))
        return made


def texts_of(catalogue: Catalogue) -> list[str]:
    """What is said of each product in one text, "" where nothing is."""
    told = zip(*(catalogue.attributes[name] for name in TEXTS), strict=True)
    return [". ".join(filter(None, map(str.strip, parts))) for parts in told]


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
    """The one file with this ending in a zip file."""
    try:
        with zipfile.ZipFile(file) as archive:
            found = [name for name in archive.namelist() if name.endswith(ending)]
            if len(found) == 1:
                return archive.read(found[0])
    except (OSError, zipfile.BadZipFile) as error:
        message = f"The sentence model {file} cannot be read: {error}. Correct SHOP_TRAINING_SENTENCES_FILE."
        raise ConfigurationError(message) from error
    message = f"The sentence model {file} must hold one *{ending}; it holds {', '.join(found) or 'none'}."
    raise ConfigurationError(message)
