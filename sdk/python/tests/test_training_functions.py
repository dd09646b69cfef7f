"""Training functions without an engine: their spaces, what a configuration makes of them, and what they report."""

import enum
import random
import unittest

import trialbox as ag
from trialbox.space import Choice, Condition


@ag.reports(reward_attr="accuracy", time_attr="epoch", max_t=9)
@ag.args(
    lr=ag.space.Real(1e-3, 1e-1, log=True),
    layers=ag.space.Int(1, 4),
    bias=ag.space.Bool(),
    optimiser=ag.space.Categorical(
        ag.space.Dict(name="sgd", momentum=ag.space.Real(0, 0.9)), ag.space.Dict(name="adam", beta=ag.space.Real(0.8, 1))
    ),
    sizes=ag.space.List(16, ag.space.Int(8, 64)),
    epochs=3,
    shape=(8, 8),
)
def train(args, reporter):
    for epoch in range(args.epochs):
        reporter(epoch=epoch + 1, accuracy=args.lr * args.layers, noise=random.random())
    return args


class Activation(str, enum.Enum):
    RELU = "relu"
    TANH = "tanh"


class Spaces(unittest.TestCase):
    def test_a_space_is_flat_with_dots_and_conditions(self):
        parameters = {parameter.name: parameter for parameter in train.parameters()}
        self.assertEqual(
            list(parameters),
            ["lr", "layers", "bias", "optimiser", "optimiser.0.momentum", "optimiser.1.beta", "sizes.1", "epochs"],
        )
        self.assertEqual(parameters["optimiser"].domain, Choice(("0", "1")))
        self.assertEqual(parameters["optimiser.1.beta"].condition, Condition("optimiser", 1))
        self.assertIsNone(parameters["sizes.1"].condition)
        self.assertEqual(parameters["epochs"].domain, 3)

    def test_the_default_configuration_has_what_is_active_only(self):
        config = train.default_config()
        self.assertNotIn("optimiser.1.beta", config)
        self.assertAlmostEqual(config.pop("lr"), 1e-2)
        self.assertEqual(
            config,
            {"layers": 2, "bias": False, "optimiser": "0", "optimiser.0.momentum": 0.45, "sizes.1": 36, "epochs": 3},
        )

    def test_choices_stand_for_themselves_where_they_can(self):
        labels = lambda *choices: ag.space.Categorical(*choices).labels
        self.assertEqual(labels("a", "b"), ("a", "b"))
        self.assertEqual(labels(1, True, 1.0), (1, True, 1.0))
        self.assertEqual(labels(None, 5), ("None", "5"))
        self.assertEqual(labels(max, min), ("max", "min"))
        self.assertEqual(labels((1, 2), (3, 4)), ("0", "1"))
        self.assertEqual(labels("a", "a"), ("0", "1"))
        activation = ag.space.Categorical(Activation.RELU, Activation.TANH)
        self.assertIs(activation.realised("a", {"a": "tanh"}), Activation.TANH)

    def test_spaces_that_make_no_sense_are_refused(self):
        for make in [
            lambda: ag.space.Real(1, 1),
            lambda: ag.space.Real(0, 1, log=True),
            lambda: ag.space.Int(1, 5, default=6),
            lambda: ag.space.Int(0.5, 2),
            lambda: ag.space.Categorical(),
            lambda: ag.args(default={"x": 1}, y=2)(print),
            lambda: ag.args(**{"a.b": 1}),
        ]:
            with self.assertRaises(ValueError):
                make()


class Training(unittest.TestCase):
    def test_a_configuration_becomes_the_arguments(self):
        config = {"lr": 0.01, "layers": 3, "bias": True, "optimiser": "1", "optimiser.1.beta": 0.9, "sizes.1": 8, "epochs": 1}
        reporter = ag.Reporter(seed=7)
        args = train.train(config, reporter)
        self.assertEqual(args.optimiser, {"name": "adam", "beta": 0.9})
        self.assertEqual((args.sizes, args.shape, args["layers"]), ([16, 8], (8, 8), 3))
        self.assertEqual(len(reporter.reports), 1)
        self.assertEqual(list(reporter.reports[0]), ["epoch", "accuracy", "noise"])

    def test_equal_seeds_draw_equally(self):
        def noise(seed):
            reporter = ag.Reporter(seed=seed)
            train.train(train.default_config(), reporter)
            return [report["noise"] for report in reporter.reports]

        self.assertEqual(noise(1), noise(1))
        self.assertNotEqual(noise(1), noise(2))

    def test_a_function_can_be_called_as_it_is(self):
        reporter = ag.Reporter()
        train(reporter, epochs=2, lr=0.5)
        self.assertEqual([report["epoch"] for report in reporter.reports], [1, 2])
        self.assertEqual(reporter.reports[0]["accuracy"], 1.0)

    def test_done_ends_the_training_and_an_empty_report_is_none(self):
        @ag.args()
        def ends(args, reporter):
            reporter()
            reporter(done=True)
            raise AssertionError("it went on")

        reporter = ag.Reporter()
        ends(reporter)
        self.assertEqual(reporter.reports, [])

    def test_a_report_takes_values_that_the_engine_has(self):
        class Number:
            def item(self):
                return 0.5

        reporter = ag.Reporter()
        reporter(a=Number(), b=1, c=True, d="text")
        self.assertEqual(reporter.reports, [{"a": 0.5, "b": 1, "c": True, "d": "text"}])
        done = ag.Reporter()
        with self.assertRaises(BaseException):
            done(accuracy=1.0, done=True)
        self.assertEqual(done.reports, [{"accuracy": 1.0}])
        for value in (None, [1], 2**64):
            with self.assertRaisesRegex(TypeError, "`a` is"):
                reporter(a=value)

    def test_a_missing_argument_is_named(self):
        with self.assertRaisesRegex(AttributeError, "no argument `rate`; there are lr"):
            ag.Arguments(lr=1).rate


class Functions(unittest.TestCase):
    def test_one_that_would_not_run_is_refused(self):
        def generates(args, reporter):
            yield 1

        async def waits(args, reporter):
            pass

        for function in (generates, waits):
            with self.assertRaisesRegex(TypeError, "would not run"):
                ag.args()(function)


class Surroundings(unittest.TestCase):
    def test_data_and_artifacts_are_kept_in_memory(self):
        ag.data.provide("digits", b"1,2\n3,4\n")
        self.assertEqual((ag.data.names(), ag.data.size("digits")), (["digits"], 8))
        self.assertEqual(list(ag.data.text("digits")), ["1,2\n", "3,4\n"])
        self.assertIsNone(ag.data.size("other"))
        with self.assertRaisesRegex(KeyError, "no data set `other`; it names digits"):
            ag.data.read("other")
        ag.artifact.save("model", b"ab")
        ag.artifact.append("model", b"c")
        self.assertEqual(ag.artifact.saved("model"), b"abc")


if __name__ == "__main__":
    unittest.main()
