"""A trial that does what its parameter `mode` says, to compare languages by."""

import random

import trialbox as ag


@ag.reports(reward_attr="accuracy", time_attr="epoch", max_t=9)
@ag.args(
    mode=ag.space.Categorical("reports", "fails", "loops", "eats", "leaves"),
    rate=ag.space.Real(1e-3, 1.0, log=True),
    layers=ag.space.Int(1, 5, default=2),
    bias=ag.space.Bool(),
    optimiser=ag.space.Categorical(ag.space.Dict(momentum=ag.space.Real(0.0, 0.8)), ag.space.Dict(beta=0.9)),
    sizes=ag.space.List(16, ag.space.Int(8, 64)),
    epochs=9,
)
def train_fn(args, reporter):
    print(f"mode {args.mode}, optimiser {args.optimiser}, sizes {args.sizes}")
    if args.mode == "fails":
        raise ValueError("no luck with this configuration")
    while args.mode == "loops":
        pass
    if args.mode == "eats":
        hoard = []
        while True:
            hoard.append(bytearray(1 << 20))
    if args.mode == "leaves":
        ag.artifact.save("model.txt", ag.data.read("words") + b"!")
    for epoch in range(args.epochs):
        reporter(epoch=epoch + 1, accuracy=1 - abs(args.rate - 0.1) - 1 / (epoch + 1), noise=random.random())
