"""The decorator that makes a training function of a function."""

import inspect
import random
from typing import Any, Callable, Dict, List, Mapping, Optional

from . import space
from .reporter import Done, Reporter


class Arguments(Dict[str, Any]):
    """The arguments of a trial, as ``args["lr"]`` and as ``args.lr``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no argument `{name}`; there are {', '.join(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class TrainingFunction:
    """A function with the space of its arguments."""

    def __init__(self, function: Callable[..., Any], spaces: Mapping[str, Any], default: Mapping[str, Any]) -> None:
        self.function = function
        self.spaces = dict(spaces)
        self.default = dict(default)
        self.suggestions: Dict[str, Any] = {}
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        unknown = set(self.default) - {parameter.name for parameter in self.parameters()}
        if unknown:
            raise ValueError(f"`default` names {', '.join(sorted(unknown))}, which are no parameters")

    def parameters(self) -> List[space.Parameter]:
        """The flat space, in order of declaration."""
        return list(space.flat(self.spaces))

    def default_config(self) -> Dict[str, Any]:
        """The default configuration by its flat names, without those that are not active in it."""
        config: Dict[str, Any] = {}
        for parameter in self.parameters():
            under = parameter.condition
            if under is not None:
                labels = self._choice(under.parameter).labels
                if under.parameter not in config or config[under.parameter] != labels[under.choice]:
                    continue
            config[parameter.name] = self.default.get(parameter.name, _default_of(parameter.domain))
        return config

    def _choice(self, name: str) -> space.Choice:
        return next(parameter.domain for parameter in self.parameters() if parameter.name == name)

    def train(self, config: Mapping[str, Any], reporter: Reporter) -> Any:
        """Trains with a flat configuration. Gives what the function returns, or nothing if it reported that it was done."""
        random.seed(reporter.seed)
        return self._call(Arguments(space.values(self.spaces, config)), reporter)

    def __call__(self, reporter: Optional[Reporter] = None, **changed: Any) -> Any:
        """Trains with the default arguments but for those that are given: for tests."""
        arguments = Arguments(space.values(self.spaces, self.default_config()))
        arguments.update(changed)
        return self._call(arguments, reporter or Reporter())

    def _call(self, arguments: Arguments, reporter: Reporter) -> Any:
        try:
            return self.function(arguments, reporter)
        except Done:
            return None


def _default_of(domain: Any) -> Any:
    if isinstance(domain, space.Space):
        return domain.default_value()
    return domain.labels[0] if isinstance(domain, space.Choice) else domain


#: The functions that were decorated, in order: a component has the last.
TRAINING_FUNCTIONS: List[TrainingFunction] = []


def args(default: Optional[Mapping[str, Any]] = None, **spaces: Any) -> Callable[[Callable[..., Any]], TrainingFunction]:
    """Makes a training function. Each keyword is an argument: a space, or a constant which the study may replace.

    ``default`` has other defaults for parameters, by their flat names. The function is called with its arguments and a
    :class:`Reporter`.
    """
    for name in spaces:
        if "." in name:
            raise ValueError(f"the argument `{name}` has a dot in its name, which parts the names of nested spaces")

    def decorate(function: Callable[..., Any]) -> TrainingFunction:
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise TypeError(f"`{function.__name__}` would not run when it is called: write it without `yield` and `async`")
        training_function = TrainingFunction(function, spaces, default or {})
        TRAINING_FUNCTIONS.append(training_function)
        return training_function

    return decorate


def reports(
    reward_attr: Optional[str] = None, time_attr: Optional[str] = None, max_t: Optional[int] = None
) -> Callable[[TrainingFunction], TrainingFunction]:
    """Suggests which attributes of reports are compared and counted, and how far the latter goes; a study may say otherwise.

    Stands above :func:`args`. Without it a study compares ``accuracy`` and counts ``epoch``, up to the argument ``epochs``.
    """

    def decorate(training_function: TrainingFunction) -> TrainingFunction:
        training_function.suggestions = {"reward_attr": reward_attr, "time_attr": time_attr, "max_t": max_t}
        return training_function

    return decorate
