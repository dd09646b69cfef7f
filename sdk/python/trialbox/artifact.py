"""Files that a trial leaves behind, such as the trained model.

A name is 1 to 64 letters, digits, ``.``, ``_`` and ``-``, and does not begin with ``.``. In a test they are kept in memory.
"""

from typing import Dict, Optional

try:
    from wit_world.imports import artifact as _engine
except ImportError:
    _engine = None

#: How much one call to the engine carries.
_PIECE_BYTES = 1 << 20

_kept: Dict[str, bytes] = {}


def save(name: str, content: bytes) -> None:
    """Saves a file whole, in place of one of that name."""
    if _engine is None:
        _kept[name] = bytes(content)
        return
    _engine.clear(name)
    append(name, content)


def append(name: str, content: bytes) -> None:
    """Appends to a file, which exists from then on."""
    if _engine is None:
        _kept[name] = _kept.get(name, b"") + bytes(content)
        return
    for offset in range(0, max(len(content), 1), _PIECE_BYTES):
        _engine.append(name, bytes(content[offset : offset + _PIECE_BYTES]))


def saved(name: str) -> Optional[bytes]:
    """What was saved under a name, for tests."""
    return _kept.get(name)
