import { args, artifact, data, space } from "trialbox";

export default args(
  {
    mode: space.Categorical("reports", "fails", "loops", "eats", "leaves"),
    rate: space.Real(1e-3, 1.0, { log: true }),
    layers: space.Int(1, 5, { default: 2 }),
    bias: space.Bool(),
    optimiser: space.Categorical(space.Dict({ momentum: space.Real(0.0, 0.8) }), space.Dict({ beta: 0.9 })),
    sizes: space.List(16, space.Int(8, 64)),
    epochs: 9,
  },
  (args, reporter) => {
    console.log(`mode ${args.mode}, optimiser ${JSON.stringify(args.optimiser)}, sizes ${args.sizes}`);
    if (args.mode === "fails") throw new Error("no luck with this configuration");
    while (args.mode === "loops") {}
    const hoard = [];
    while (args.mode === "eats") hoard.push(new Uint8Array(1 << 20).fill(1));
    if (args.mode === "leaves") artifact.save("model.txt", data.text("words") + "!");
    for (let epoch = 1; epoch <= args.epochs; epoch++) {
      reporter({ epoch, accuracy: 1 - Math.abs(args.rate - 0.1) - 1 / epoch, noise: Math.random() });
    }
  },
  { rewardAttr: "accuracy", timeAttr: "epoch", maxT: 9 },
);
