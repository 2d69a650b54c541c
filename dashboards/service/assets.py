"""The page's files: read once, compressed once, with an ETag; nothing but them is ever read for an address."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from fastapi import Request, Response

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
INDEX: Final = "index.html"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"
_COMPRESSED: Final = frozenset({".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".webmanifest"})
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}
_NOT_SERVED: Final = frozenset({".py", ".md", ".map", ".pyc"})


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        path: Its path below the page's directory, with slashes.
        content: Its bytes.
    """

    path: str
    content: bytes

    @cached_property
    def etag(self) -> str:
        """What its content is known by."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'

    @cached_property
    def compressed(self) -> bytes:
        """By gzip; empty where that saves nothing."""
        if Path(self.path).suffix not in _COMPRESSED:
            return b""
        compressed = gzip.compress(self.content, 9, mtime=0)
        return compressed if len(compressed) < len(self.content) else b""

    @property
    def media_type(self) -> str:
        """As browsers want it."""
        suffix = Path(self.path).suffix
        return _TYPES.get(suffix) or mimetypes.guess_type(self.path)[0] or "application/octet-stream"


class Assets:
    """All files of the page.

    Args:
        directory: Where they are.
    """

    def __init__(self, directory: Path) -> None:
        self._by_path: Mapping[str, Asset] = {
            path: Asset(path, file.read_bytes())
            for file in sorted(directory.rglob("*"))
            if file.is_file() and file.suffix not in _NOT_SERVED
            for path in [file.relative_to(directory).as_posix()]
        }

    @cached_property
    def version(self) -> str:
        """Changes whenever a file does."""
        text = "".join(f"{path} {asset.etag}\n" for path, asset in self._by_path.items())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def answer(self, path: str, request: Request) -> Response | None:
        """The file of that path; None where there is none."""
        asset = self._by_path.get(path or INDEX)
        if asset is None:
            return None
        caching = _FOR_GOOD if request.query_params.get("v") == self.version else _ASK_EACH_TIME
        headers = {"ETag": asset.etag, "Cache-Control": caching, "Vary": "Accept-Encoding"}
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type
            )
        return Response(asset.content, headers=headers, media_type=asset.media_type)
