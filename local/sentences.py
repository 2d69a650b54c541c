"""The sentence-embedding model: downloaded from Maven Central where a training needs it and no other is named."""

from __future__ import annotations

from local.downloads import SENTENCES, Jars
from schemas.settings import Settings


def with_sentence_model(settings: Settings, jars: Jars) -> Settings:
    """The settings with the file of the model, which is in the cache then; as they are where none is to be fetched.

    Raises:
        DownloadError: It cannot be had.
    """
    if not settings.training_sentences or settings.training_sentences_file:
        return settings
    jars.fetch(optional=SENTENCES)
    (file,) = jars.paths(SENTENCES)
    return settings.model_copy(update={"training_sentences_file": str(file)})
