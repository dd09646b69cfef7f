"""The bridge between the last training function that was decorated and the engine. Imported in components only.

``trialbox build`` makes a component of a module that imports the user's and then this one's :class:`Train`.
"""

import traceback
from typing import Any, Optional

import wit_world.exports
from componentize_py_types import Err
from wit_world.imports import report, types

from . import space
from .arguments import TRAINING_FUNCTIONS, TrainingFunction
from .reporter import Attributes, Reporter


class Train(wit_world.exports.Train):
    """What the component exports."""

    def describe(self) -> types.Description:
        training_function = _training_function()
        parameters = [_parameter(training_function, parameter) for parameter in training_function.parameters()]
        suggestions = training_function.suggestions
        return types.Description(
            parameters, suggestions.get("reward_attr"), suggestions.get("time_attr"), suggestions.get("max_t")
        )

    def train(self, arguments: types.Arguments) -> None:
        config = {attribute.name: attribute.value.value for attribute in arguments.config}
        try:
            _training_function().train(config, Reporter(arguments.seed, _send))
        except Exception as error:
            # What is kept of it has a limit, and its own words matter most.
            words = "".join(traceback.format_exception_only(error)).strip()
            raise Err(f"{words}\n{''.join(traceback.format_tb(error.__traceback__)).rstrip()}") from None


def _training_function() -> TrainingFunction:
    if not TRAINING_FUNCTIONS:
        raise RuntimeError("no function is decorated with `trialbox.args`")
    return TRAINING_FUNCTIONS[-1]


def _send(attributes: Attributes) -> None:
    report.report([types.Attribute(name, _value(value)) for name, value in attributes.items()])


def _value(value: space.Scalar) -> types.Value:
    if isinstance(value, bool):
        return types.Value_Boolean(value)
    if isinstance(value, int):
        return types.Value_Integer(value)
    if isinstance(value, float):
        return types.Value_Real(value)
    return types.Value_Text(value)


def _parameter(training_function: TrainingFunction, parameter: space.Parameter) -> types.Parameter:
    domain = parameter.domain
    default = training_function.default.get(parameter.name, getattr(domain, "default", None))
    condition = parameter.condition and types.Condition(parameter.condition.parameter, parameter.condition.choice)
    return types.Parameter(parameter.name, _domain(domain), _default(domain, default), condition)


def _domain(domain: Any) -> types.Domain:
    if isinstance(domain, space.Real):
        return types.Domain_Real(types.RealRange(domain.lower, domain.upper, domain.log))
    if isinstance(domain, space.Int):
        return types.Domain_Integer(types.IntegerRange(domain.lower, domain.upper, domain.log))
    if isinstance(domain, space.Bool):
        return types.Domain_Boolean()
    if isinstance(domain, space.Choice):
        return types.Domain_Choice([_value(label) for label in domain.labels])
    return types.Domain_Constant(_value(domain))


def _default(domain: Any, default: Any) -> Optional[types.Value]:
    if default is None:
        return None
    return _value(float(default) if isinstance(domain, space.Real) else default)
