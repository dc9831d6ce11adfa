"""The text of a file and the way back to its bytes: byte-order mark, encoding and line ends as they were."""

from __future__ import annotations

import codecs
import io
import tokenize
from dataclasses import dataclass

from reprocheck.fix.changes import RefusedError


@dataclass(frozen=True, slots=True)
class FileText:
    """A decoded file."""

    text: str
    mark: bytes
    encoding: str

    def encoded(self, text: str) -> bytes:
        """Bytes of another text in the same encoding; raises RefusedError for characters that it doesn't have."""
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            letter = error.object[error.start]
            raise RefusedError(f"the file is {self.encoding}, which has no {letter!r}") from error


def read_text(data: bytes, *, python: bool) -> FileText:
    """Decode as the scanner does; raises RefusedError where the bytes wouldn't come back as they were."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    encoding = "utf-8"
    if not mark and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        mark = data[:2]
        encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    try:
        if python and b"coding" in data[:400]:
            declared = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
            encoding = "utf-8" if declared == "utf-8-sig" else declared
        text = data[len(mark) :].decode(encoding)
        if text.encode(encoding) != data[len(mark) :]:
            raise RefusedError("its encoding can't be written back")
    except (UnicodeError, SyntaxError, LookupError) as error:
        raise RefusedError("it isn't in the encoding that it should be in") from error
    return FileText(text, mark, encoding)
