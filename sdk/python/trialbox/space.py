"""Search spaces: what an argument of a training function may be.

Simple spaces are drawn from; :class:`Categorical`, :class:`List` and :class:`Dict` may hold others. To the engine a space is flat:
the parts of a list or a dictionary are parameters named ``outer.0`` and ``outer.name``, and what stands under one of the choices of
a ``Categorical`` is active only where that choice was taken.
"""

from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional, Sequence, Tuple, Union

Scalar = Union[bool, int, float, str]


@dataclass(frozen=True)
class Condition:
    """That a parameter is active only where another has taken the value of that index."""

    parameter: str
    choice: int


@dataclass(frozen=True)
class Parameter:
    """One parameter of a flat space. ``domain`` is a simple space, a :class:`Choice`, or the value of a constant."""

    name: str
    domain: Any
    condition: Optional[Condition] = None


@dataclass(frozen=True)
class Choice:
    """The names, as the engine knows them, that stand for the values of a ``Categorical``."""

    labels: Tuple[Scalar, ...]


class Space:
    """What all spaces have in common."""

    def parameters(self, name: str, condition: Optional[Condition]) -> Iterator[Parameter]:
        """The parameters that make up a space of that name."""
        raise NotImplementedError

    def realised(self, name: str, config: Mapping[str, Scalar]) -> Any:
        """The value that a configuration gives to a space of that name."""
        raise NotImplementedError

    def default_value(self) -> Any:
        """The value of the default configuration."""
        raise NotImplementedError


class _Simple(Space):
    """A space that is one parameter."""

    def parameters(self, name: str, condition: Optional[Condition]) -> Iterator[Parameter]:
        yield Parameter(name, self, condition)

    def realised(self, name: str, config: Mapping[str, Scalar]) -> Any:
        return config[name]


class _Interval(_Simple):
    """All numbers of a kind from ``lower`` to ``upper``, both included."""

    def __init__(self, lower: Any, upper: Any, default: Any, log: bool) -> None:
        kind = type(self).__name__
        if not lower < upper:
            raise ValueError(f"{kind}({lower}, {upper}): the lower end must be less than the upper one")
        if log and lower <= 0:
            raise ValueError(f"{kind}({lower}, {upper}, log=True): the lower end must be greater than 0")
        if default is not None and not lower <= default <= upper:
            raise ValueError(f"{kind}({lower}, {upper}): the default {default} lies outside")
        self.lower, self.upper, self.default, self.log = lower, upper, default, bool(log)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.lower}, {self.upper}, default={self.default}, log={self.log})"


class Real(_Interval):
    """A real number from ``lower`` to ``upper``; with ``log``, as likely in each factor of its range."""

    def __init__(self, lower: float, upper: float, default: Optional[float] = None, log: bool = False) -> None:
        super().__init__(float(lower), float(upper), None if default is None else float(default), log)

    def default_value(self) -> float:
        if self.default is not None:
            return self.default
        middle = (self.lower * self.upper) ** 0.5 if self.log else (self.lower + self.upper) / 2
        return min(max(middle, self.lower), self.upper)


class Int(_Interval):
    """An integer from ``lower`` to ``upper``."""

    def __init__(self, lower: int, upper: int, default: Optional[int] = None, log: bool = False) -> None:
        for number in (lower, upper, default):
            if number is not None and int(number) != number:
                raise ValueError(f"Int: {number} is no integer")
        super().__init__(int(lower), int(upper), None if default is None else int(default), log)

    def default_value(self) -> int:
        if self.default is not None:
            return self.default
        middle = (self.lower * self.upper) ** 0.5 if self.log else (self.lower + self.upper) / 2
        return min(max(round(middle), self.lower), self.upper)


class Bool(_Simple):
    """False or true."""

    def __init__(self, default: bool = False) -> None:
        self.default = bool(default)

    def default_value(self) -> bool:
        return self.default

    def __repr__(self) -> str:
        return f"Bool(default={self.default})"


class Categorical(Space):
    """One of several values, each of which may be anything, other spaces among them. The first is the default."""

    def __init__(self, *choices: Any) -> None:
        if not choices:
            raise ValueError("Categorical: there must be at least one choice")
        self.choices = choices
        self.labels = _labels(choices)

    def parameters(self, name: str, condition: Optional[Condition]) -> Iterator[Parameter]:
        yield Parameter(name, Choice(self.labels), condition)
        for index, choice in enumerate(self.choices):
            if isinstance(choice, Space):
                yield from choice.parameters(self._name(name, index), Condition(name, index))

    def realised(self, name: str, config: Mapping[str, Scalar]) -> Any:
        chosen = config[name]
        for index, (label, choice) in enumerate(zip(self.labels, self.choices)):
            if type(label) is type(plain(chosen)) and label == chosen:
                return _realised(choice, self._name(name, index), config)
        raise ValueError(f"`{name}` is {chosen!r}, which is none of its choices")

    def default_value(self) -> Any:
        return _default(self.choices[0])

    def _name(self, name: str, index: int) -> str:
        return f"{name}.{self.labels[index]}"

    def __repr__(self) -> str:
        return f"Categorical({', '.join(map(repr, self.choices))})"


class List(Space):
    """A list, some of whose items are spaces."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def parameters(self, name: str, condition: Optional[Condition]) -> Iterator[Parameter]:
        return _of_parts(name, condition, enumerate(self.items))

    def realised(self, name: str, config: Mapping[str, Scalar]) -> Any:
        return [_realised(item, f"{name}.{index}", config) for index, item in enumerate(self.items)]

    def default_value(self) -> Any:
        return [_default(item) for item in self.items]

    def __repr__(self) -> str:
        return f"List({', '.join(map(repr, self.items))})"


class Dict(Space):
    """A dictionary, some of whose values are spaces."""

    def __init__(self, **items: Any) -> None:
        self.items = items

    def parameters(self, name: str, condition: Optional[Condition]) -> Iterator[Parameter]:
        return _of_parts(name, condition, self.items.items())

    def realised(self, name: str, config: Mapping[str, Scalar]) -> Any:
        return {key: _realised(item, f"{name}.{key}", config) for key, item in self.items.items()}

    def default_value(self) -> Any:
        return {key: _default(item) for key, item in self.items.items()}

    def __repr__(self) -> str:
        return f"Dict({', '.join(f'{key}={item!r}' for key, item in self.items.items())})"


def _of_parts(name: str, condition: Optional[Condition], parts: Any) -> Iterator[Parameter]:
    for key, item in parts:
        if isinstance(item, Space):
            yield from item.parameters(f"{name}.{key}", condition)


def _realised(item: Any, name: str, config: Mapping[str, Scalar]) -> Any:
    return item.realised(name, config) if isinstance(item, Space) else item


def _default(item: Any) -> Any:
    return item.default_value() if isinstance(item, Space) else item


def is_scalar(value: Any) -> bool:
    """Whether the engine has values of this kind."""
    return isinstance(value, (bool, float, str)) or (isinstance(value, int) and -(2**63) <= value < 2**63)


def plain(value: Scalar) -> Scalar:
    """The value as one of Python's own kinds: members of enumerations and the like are kinds of their own."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    return int(value) if isinstance(value, int) else float(value)


def _labels(choices: Sequence[Any]) -> Tuple[Scalar, ...]:
    """What stands for choices: they themselves where that is possible, else their names, else their numbers."""
    if all(is_scalar(choice) for choice in choices) and _are_distinct(choices):
        return tuple(plain(choice) for choice in choices)
    labels = tuple(_label(index, choice) for index, choice in enumerate(choices))
    return labels if _are_distinct(labels) else tuple(str(index) for index in range(len(choices)))


def _label(index: int, choice: Any) -> str:
    name = getattr(choice, "__name__", None)
    if isinstance(name, str):
        return name
    return str(choice) if choice is None or is_scalar(choice) else str(index)


def _are_distinct(labels: Sequence[Any]) -> bool:
    return len({(type(label), label) for label in labels}) == len(labels)


def flat(spaces: Mapping[str, Any]) -> Iterator[Parameter]:
    """The parameters of several arguments in order. An argument that is no space is a constant, if the engine has such values."""
    for name, item in spaces.items():
        if isinstance(item, Space):
            yield from item.parameters(name, None)
        elif is_scalar(item):
            yield Parameter(name, item)


def values(spaces: Mapping[str, Any], config: Mapping[str, Scalar]) -> Mapping[str, Any]:
    """The value of each argument in a configuration. Constants may have been replaced by the study."""

    def value(name: str, item: Any) -> Any:
        return item.realised(name, config) if isinstance(item, Space) else config.get(name, item)

    return {name: value(name, item) for name, item in spaces.items()}


