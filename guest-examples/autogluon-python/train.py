"""The example of `autogluon.core`'s documentation. But for the import, and Python's own functions in place of NumPy's, it is unchanged."""

import random

import trialbox as ag


@ag.args(
    lr=ag.space.Real(1e-3, 1e-2, log=True),
    wd=ag.space.Real(1e-3, 1e-2),
    epochs=10)
def train_fn(args, reporter):
    print('lr: {}, wd: {}'.format(args.lr, args.wd))
    for e in range(args.epochs):
        dummy_accuracy = 1 - pow(1.8, -random.uniform(e, 2*e))
        reporter(epoch=e+1, accuracy=dummy_accuracy, lr=args.lr, wd=args.wd)
