"""Logistic regression on breast cancer data, from scratch: the same problem and results as in other languages.

Reads the data set by `dataset`, trains the model of `regression` in an order that `generator` draws, reports after each
epoch how good the model is on the validation rows, and leaves its weights as `model.csv`.
"""

import dataset
import trialbox as ag
from generator import Generator
from regression import LogisticRegression


@ag.args(
    learning_rate=ag.space.Real(1e-3, 1.0, log=True, default=0.03),
    weight_decay=ag.space.Real(1e-6, 0.1, log=True, default=1e-4),
    momentum=ag.space.Real(0.0, 0.99, default=0.9),
    batch_size=ag.space.Int(4, 128, log=True, default=32),
    epochs=20,
)
def train(args, reporter):
    training, validation = dataset.load("breast-cancer")
    model = LogisticRegression(len(training[0].features))
    generator = Generator(reporter.seed)
    for epoch in range(1, args.epochs + 1):
        generator.shuffle(training)
        for start in range(0, len(training), args.batch_size):
            batch = training[start : start + args.batch_size]
            model.learn(batch, args.learning_rate, args.momentum, args.weight_decay)
        accuracy, loss = model.judged_by(validation)
        reporter(epoch=epoch, accuracy=accuracy, loss=loss)
    lines = [f"{weight!r}\n" for weight in [*model.weights, model.bias]]
    ag.artifact.save("model.csv", "".join(lines).encode())
    print(f"trained on {len(training)} rows, judged by {len(validation)}")
