"""Progress reports.

A training function calls its reporter with what it has come to: ``reporter(epoch=3, accuracy=0.9)``. In a component the call returns
when the trial may go on; a trial that is stopped ends inside it. Elsewhere reports are kept, for tests.
"""

from typing import Any, Callable, Dict, List, Optional

from .space import is_scalar, plain

Attributes = Dict[str, Any]


class Done(BaseException):
    """The training has said that it is done. No ``Exception``, so that no training function catches it by mistake."""


class Reporter:
    """What a training function reports to.

    ``seed`` is the trial's: equal seeds and configurations give equal trials. Python's ``random`` is seeded with it at the start.
    """

    def __init__(self, seed: int = 0, send: Optional[Callable[[Attributes], None]] = None) -> None:
        self.seed = seed
        self.reports: List[Attributes] = []
        self._send = send or self.reports.append

    def __call__(self, **attributes: Any) -> None:
        """Makes a report. ``done=True`` ends the training after it; a call without attributes does nothing."""
        is_done = attributes.pop("done", False)
        if attributes:
            self._send({name: _scalar(name, value) for name, value in attributes.items()})
        if is_done:
            raise Done


def _scalar(name: str, value: Any) -> Any:
    """The value as one that the engine has: numbers of other packages become Python's."""
    if not is_scalar(value) and hasattr(value, "item"):
        value = value.item()
    if not is_scalar(value):
        raise TypeError(f"`{name}` is a {type(value).__name__}; a report takes numbers of 64 bits, truth values and texts")
    return plain(value)
