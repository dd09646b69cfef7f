"""Logistic regression by gradient descent with momentum, batch by batch.

Called by `train`; knows nothing of trials.
"""

import math
from typing import List, Tuple

from dataset import Example

#: Beyond this log(1 + exp(x)) is x but for the last bits, and exp(x) is soon too large for a number.
_LINEAR_BEYOND = 30.0


class LogisticRegression:
    """The probability of a label 1 as a function of features.

    It has weights, a bias, and the velocities with which both change.
    """

    def __init__(self, features: int) -> None:
        self.weights = [0.0] * features
        self.bias = 0.0
        self._weight_velocities = [0.0] * features
        self._bias_velocity = 0.0

    def learn(self, batch: List[Example], learning_rate: float, momentum: float, weight_decay: float) -> None:
        """Takes one step against the batch's mean gradient."""
        gradient = [0.0] * len(self.weights)
        bias_gradient = 0.0
        for features, label in batch:
            error = _probability(self._log_odds(features)) - label
            gradient = [slope + error * value for slope, value in zip(gradient, features)]
            bias_gradient += error
        self._weight_velocities = [
            momentum * velocity - learning_rate * (slope / len(batch) + weight_decay * weight)
            for velocity, slope, weight in zip(self._weight_velocities, gradient, self.weights)
        ]
        self.weights = [weight + velocity for weight, velocity in zip(self.weights, self._weight_velocities)]
        self._bias_velocity = momentum * self._bias_velocity - learning_rate * (bias_gradient / len(batch))
        self.bias += self._bias_velocity

    def judged_by(self, examples: List[Example]) -> Tuple[float, float]:
        """The accuracy, and the mean loss, on these examples."""
        correct, loss = 0, 0.0
        for features, label in examples:
            log_odds = self._log_odds(features)
            correct += (log_odds > 0) == (label == 1)
            loss += _softplus(-log_odds if label == 1 else log_odds)
        return correct / len(examples), loss / len(examples)

    def _log_odds(self, features: List[float]) -> float:
        log_odds = self.bias
        for weight, value in zip(self.weights, features):
            log_odds += weight * value
        return log_odds


def _probability(log_odds: float) -> float:
    try:
        return 1.0 / (1.0 + math.exp(-log_odds))
    except OverflowError:
        return 0.0


def _softplus(x: float) -> float:
    return x if x > _LINEAR_BEYOND else math.log(1.0 + math.exp(x))
