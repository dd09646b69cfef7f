"""Training functions as trials of trialbox.

A module that decorates one function with :func:`args` becomes a component by ``trialbox build``::

    import trialbox as ag

    @ag.args(lr=ag.space.Real(1e-3, 1e-2, log=True), epochs=10)
    def train_fn(args, reporter):
        for epoch in range(args.epochs):
            reporter(epoch=epoch + 1, accuracy=...)

Names are those of ``autogluon.core``, so that its training functions run here with nothing changed but the import. Everything but
the bridge to the engine is plain Python, and works without it: a function can be called in a test.
"""

from . import artifact, data, space
from .arguments import Arguments, TrainingFunction, args, reports
from .reporter import Reporter

__all__ = ["Arguments", "Reporter", "TrainingFunction", "args", "artifact", "data", "reports", "space"]
