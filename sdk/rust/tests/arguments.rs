//! The derive macros: names, conditions, defaults, and what happens to configurations that don't fit.

use trialbox_guest::{
    Arguments, Choice, Condition, Domain, IntegerRange, Parameter, RealRange, Value, decode, describe,
};

#[derive(Arguments, Debug, PartialEq)]
struct Training {
    /// Step size of the optimiser.
    #[real(1e-4..=1e-1, log, default = 1e-2)]
    learning_rate: f64,
    #[real(-1.0..=1.0, name = "bias-0")]
    bias: f32,
    #[integer(8..=MOST_UNITS, log)]
    hidden_units: u32,
    #[integer(-3..=255, default = 7)]
    offset: i16,
    #[boolean(default = true)]
    shuffle: bool,
    #[boolean]
    r#static: bool,
    #[choice]
    optimiser: Optimiser,
    #[choice(32, 64, 128, default = 64)]
    batch_size: usize,
    #[choice("mean", "sum")]
    reduction: String,
    #[choice(0.5, -0.5)]
    sign: f64,
    #[nested]
    schedule: Schedule,
    #[nested]
    layers: [Layer; 2],
    #[constant(10)]
    epochs: u64,
    #[constant("digits")]
    data: String,
}

const MOST_UNITS: u32 = 128;

#[derive(Choice, Debug, PartialEq)]
enum Optimiser {
    Adam,
    #[choice(default)]
    Sgd {
        #[real(0.0..=0.99)]
        momentum: f64,
        #[choice]
        decay: Decay,
    },
    #[choice(name = "LBFGS")]
    QuasiNewton(Memory),
}

#[derive(Choice, Debug, PartialEq)]
enum Decay {
    None,
    WeightDecay {
        #[real(1e-6..=1e-2, log)]
        strength: f64,
    },
}

#[derive(Arguments, Debug, PartialEq)]
struct Memory {
    #[integer(1..=20)]
    steps: u8,
}

#[derive(Arguments, Debug, PartialEq)]
struct Schedule {
    #[integer(0..=5)]
    warmup: usize,
}

#[derive(Arguments, Debug, PartialEq)]
struct Layer {
    #[integer(8..=64)]
    units: usize,
    #[choice]
    activation: Activation,
}

#[derive(Choice, Debug, PartialEq, Clone, Copy)]
enum Activation {
    Relu,
    Tanh,
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn texts(values: &[&str]) -> Domain {
    Domain::Choice(values.iter().map(|value| text(value)).collect())
}

fn parameter(name: &str, domain: Domain, default: Option<Value>, condition: Option<(&str, u32)>) -> Parameter {
    let condition = condition.map(|(parameter, choice)| Condition { parameter: parameter.to_owned(), choice });
    Parameter { name: name.to_owned(), domain, default, condition }
}

fn real(lower: f64, upper: f64, log: bool) -> Domain {
    Domain::Real(RealRange { lower, upper, log })
}

fn integer(lower: i64, upper: i64, log: bool) -> Domain {
    Domain::Integer(IntegerRange { lower, upper, log })
}

#[test]
fn a_struct_becomes_a_flat_search_space_in_order_of_declaration() {
    let expected = vec![
        parameter("learning_rate", real(1e-4, 1e-1, true), Some(Value::Real(1e-2)), None),
        parameter("bias-0", real(-1.0, 1.0, false), None, None),
        parameter("hidden_units", integer(8, 128, true), None, None),
        parameter("offset", integer(-3, 255, false), Some(Value::Integer(7)), None),
        parameter("shuffle", Domain::Boolean, Some(Value::Boolean(true)), None),
        parameter("static", Domain::Boolean, None, None),
        parameter("optimiser", texts(&["adam", "sgd", "LBFGS"]), Some(text("sgd")), None),
        parameter("optimiser.sgd.momentum", real(0.0, 0.99, false), None, Some(("optimiser", 1))),
        parameter("optimiser.sgd.decay", texts(&["none", "weight_decay"]), None, Some(("optimiser", 1))),
        parameter(
            "optimiser.sgd.decay.weight_decay.strength",
            real(1e-6, 1e-2, true),
            None,
            Some(("optimiser.sgd.decay", 1)),
        ),
        parameter("optimiser.LBFGS.steps", integer(1, 20, false), None, Some(("optimiser", 2))),
        parameter(
            "batch_size",
            Domain::Choice(vec![Value::Integer(32), Value::Integer(64), Value::Integer(128)]),
            Some(Value::Integer(64)),
            None,
        ),
        parameter("reduction", texts(&["mean", "sum"]), None, None),
        parameter("sign", Domain::Choice(vec![Value::Real(0.5), Value::Real(-0.5)]), None, None),
        parameter("schedule.warmup", integer(0, 5, false), None, None),
        parameter("layers.0.units", integer(8, 64, false), None, None),
        parameter("layers.0.activation", texts(&["relu", "tanh"]), None, None),
        parameter("layers.1.units", integer(8, 64, false), None, None),
        parameter("layers.1.activation", texts(&["relu", "tanh"]), None, None),
        parameter("epochs", Domain::Constant(Value::Integer(10)), None, None),
        parameter("data", Domain::Constant(text("digits")), None, None),
    ];
    assert_eq!(describe::<Training>(), expected);
}

fn config() -> Vec<(String, Value)> {
    [
        ("learning_rate", Value::Real(0.02)),
        ("bias-0", Value::Real(0.25)),
        ("hidden_units", Value::Integer(32)),
        ("offset", Value::Integer(-3)),
        ("shuffle", Value::Boolean(false)),
        ("static", Value::Boolean(true)),
        ("optimiser", text("sgd")),
        ("optimiser.sgd.momentum", Value::Real(0.9)),
        ("optimiser.sgd.decay", text("weight_decay")),
        ("optimiser.sgd.decay.weight_decay.strength", Value::Real(1e-3)),
        ("batch_size", Value::Integer(128)),
        ("reduction", text("sum")),
        ("sign", Value::Real(-0.5)),
        ("schedule.warmup", Value::Integer(2)),
        ("layers.0.units", Value::Integer(16)),
        ("layers.0.activation", text("tanh")),
        ("layers.1.units", Value::Integer(8)),
        ("layers.1.activation", text("relu")),
        ("epochs", Value::Integer(10)),
        ("data", text("digits")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The configuration with one value replaced, or taken out.
fn config_with(name: &str, value: Option<Value>) -> Vec<(String, Value)> {
    let mut config = config();
    config.retain(|(candidate, _)| candidate != name);
    config.extend(value.map(|value| (name.to_owned(), value)));
    config
}

#[test]
fn a_configuration_fills_the_struct() {
    let training: Training = decode(&config()).unwrap();
    let expected = Training {
        learning_rate: 0.02,
        bias: 0.25,
        hidden_units: 32,
        offset: -3,
        shuffle: false,
        r#static: true,
        optimiser: Optimiser::Sgd { momentum: 0.9, decay: Decay::WeightDecay { strength: 1e-3 } },
        batch_size: 128,
        reduction: "sum".to_owned(),
        sign: -0.5,
        schedule: Schedule { warmup: 2 },
        layers: [Layer { units: 16, activation: Activation::Tanh }, Layer { units: 8, activation: Activation::Relu }],
        epochs: 10,
        data: "digits".to_owned(),
    };
    assert_eq!(training, expected);
}

#[test]
fn parameters_of_other_alternatives_may_be_absent() {
    let training: Training = decode(&config_with("optimiser", Some(text("adam")))).unwrap();
    assert_eq!(training.optimiser, Optimiser::Adam);
    let mut config = config_with("optimiser", Some(text("LBFGS")));
    config.push(("optimiser.LBFGS.steps".to_owned(), Value::Integer(4)));
    let training: Training = decode(&config).unwrap();
    assert_eq!(training.optimiser, Optimiser::QuasiNewton(Memory { steps: 4 }));
}

#[test]
fn a_replaced_constant_may_be_written_as_an_integer() {
    let training: Training = decode(&config_with("learning_rate", Some(Value::Integer(1)))).unwrap();
    assert_eq!(training.learning_rate, 1.0);
}

#[test]
fn a_configuration_that_does_not_fit_is_refused_by_name() {
    let cases = [
        ("epochs", None, "the configuration's parameter `epochs` is missing"),
        (
            "layers.1.units",
            Some(Value::Real(8.0)),
            "the configuration's parameter `layers.1.units` must be an integer that fits `usize`, but is real 8.0",
        ),
        (
            "hidden_units",
            Some(Value::Integer(-1)),
            "the configuration's parameter `hidden_units` must be an integer that fits `u32`, but is integer -1",
        ),
        (
            "offset",
            Some(Value::Integer(40_000)),
            "the configuration's parameter `offset` must be an integer that fits `i16`, but is integer 40000",
        ),
        (
            "optimiser.sgd.momentum",
            Some(text("high")),
            "the configuration's parameter `optimiser.sgd.momentum` must be a real number, but is text \"high\"",
        ),
        (
            "optimiser.sgd.decay",
            Some(text("half")),
            "the configuration's parameter `optimiser.sgd.decay` must be one of `none`, `weight_decay`, but is `half`",
        ),
        (
            "shuffle",
            Some(Value::Integer(1)),
            "the configuration's parameter `shuffle` must be a truth value, but is integer 1",
        ),
    ];
    for (name, value, expected) in cases {
        let error = decode::<Training>(&config_with(name, value)).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.parameter(), name);
    }
}
