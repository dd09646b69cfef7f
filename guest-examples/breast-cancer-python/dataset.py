"""The examples: reads the data set through the SDK, divides its rows, standardises the features. Called by `train`."""

import csv
import math
from typing import List, NamedTuple, Tuple

from trialbox import data

_COLUMNS = 31


class Example(NamedTuple):
    """One row: what was measured of a tumour, and what it was."""

    features: List[float]
    #: 0 for malignant, 1 for benign.
    label: int


def load(name: str) -> Tuple[List[Example], List[Example]]:
    """The examples to learn from, and those to judge by: the rows whose number, from 0, is a multiple of 4."""
    examples = [_example(line, fields) for line, fields in enumerate(csv.reader(data.text(name)), start=1)]
    training = [example for row, example in enumerate(examples) if row % 4 != 0]
    validation = examples[::4]
    scales = [_scale(column) for column in zip(*(example.features for example in training))]
    return _standardised(training, scales), _standardised(validation, scales)


def _example(line: int, fields: List[str]) -> Example:
    if len(fields) != _COLUMNS:
        raise ValueError(f"line {line} has {len(fields)} columns instead of {_COLUMNS}")
    *features, label = fields
    return Example([float(feature) for feature in features], int(label))


def _standardised(examples: List[Example], scales: List[Tuple[float, float]]) -> List[Example]:
    return [
        Example([(value - mean) / deviation for value, (mean, deviation) in zip(features, scales)], label)
        for features, label in examples
    ]


def _scale(values: Tuple[float, ...]) -> Tuple[float, float]:
    """Mean and standard deviation.

    Here and elsewhere sums are loops: `sum` would correct its rounding, and then other languages would not agree to the
    last bit.
    """
    total = 0.0
    for value in values:
        total += value
    mean = total / len(values)
    squares = 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    return mean, math.sqrt(squares / len(values))
