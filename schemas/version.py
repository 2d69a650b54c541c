"""The release: what a model or an answer says it was made by."""

from typing import Final

VERSION: Final = "0.1.0"
