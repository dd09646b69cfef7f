"""Fits a line to points with noise, by gradient descent: replace it by your own training."""

import random

import trialbox as ag


@ag.args(
    learning_rate=ag.space.Real(1e-3, 0.3, log=True),
    batch_size=ag.space.Int(1, 32),
    momentum=ag.space.Real(0.0, 0.9),
    epochs=20,
)
def train_fn(args, reporter):
    # Python's `random` is seeded with the trial's seed: the same configuration always trains alike.
    points = [(x / 50 - 1, 3 * (x / 50 - 1) + 0.5 + random.gauss(0, 0.1)) for x in range(100)]
    slope, offset = 0.0, 0.0
    step_slope, step_offset = 0.0, 0.0
    for epoch in range(args.epochs):
        random.shuffle(points)
        for start in range(0, len(points), args.batch_size):
            batch = points[start : start + args.batch_size]
            errors = [(slope * x + offset - y, x) for x, y in batch]
            step_slope = args.momentum * step_slope - args.learning_rate * sum(e * x for e, x in errors) / len(batch)
            step_offset = args.momentum * step_offset - args.learning_rate * sum(e for e, _ in errors) / len(batch)
            slope, offset = slope + step_slope, offset + step_offset
        loss = sum((slope * x + offset - y) ** 2 for x, y in points) / len(points)
        reporter(epoch=epoch + 1, accuracy=1 / (1 + loss))
    print(f"y = {slope:.3f} x + {offset:.3f}")
