"""The data sets that the study names.

In a component they come from the engine, whole and fixed by digest; they are also files under ``/data``. In a test they are
what was given to :func:`provide`.
"""

import io
from typing import Dict, List, Optional

try:
    from wit_world.imports import data as _engine
except ImportError:
    _engine = None

#: How much one call to the engine asks for.
_PIECE_BYTES = 1 << 20

_provided: Dict[str, bytes] = {}


def provide(name: str, content: bytes) -> None:
    """Supplies a data set, for tests."""
    _provided[name] = bytes(content)


def names() -> List[str]:
    """The names of the data sets, in ascending order."""
    return sorted(_provided) if _engine is None else _engine.names()


def size(name: str) -> Optional[int]:
    """The size of a data set in bytes; ``None`` if the study names no such data set."""
    if _engine is None:
        return len(_provided[name]) if name in _provided else None
    return _engine.size(name)


def read(name: str) -> bytes:
    """The whole of a data set. Raises ``KeyError`` if the study names no such data set."""
    total = size(name)
    if total is None:
        raise KeyError(f"the study names no data set `{name}`; it names {', '.join(names()) or 'none'}")
    if _engine is None:
        return _provided[name]
    pieces = [_engine.read(name, offset, min(_PIECE_BYTES, total - offset)) for offset in range(0, total, _PIECE_BYTES)]
    return b"".join(pieces)


def text(name: str, encoding: str = "utf-8") -> io.StringIO:
    """A data set as lines of text, such as for ``csv.reader``."""
    return io.StringIO(read(name).decode(encoding))
