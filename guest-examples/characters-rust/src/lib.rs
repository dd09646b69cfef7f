//! A small language model of characters on a novel, from scratch.
//!
//! Reads the data set `text`, trains `model` on it for 4,000 steps, reports after every 400 of them how well it tells the characters of the last
//! tenth, and leaves what the model writes by itself as `sample.txt`. The functions of `math` are those of the guest `digits`.

#[path = "../../digits/src/math.rs"]
mod math;
mod matrix;
mod model;
mod text;

use trialbox_guest::{Arguments, Choice, Reporter, artifact, data, report};

use crate::model::{Activation, Model, Shape, Step};
use crate::text::Text;

/// The steps from one report to the next.
const STEPS_PER_REPORT: u32 = 400;

/// The bits of a character in the file.
const BITS_PER_BYTE: f64 = 8.0;

/// The characters that the model writes at the end.
const SAMPLE_CHARACTERS: usize = 1_000;

/// How daring it is in that.
const SAMPLE_TEMPERATURE: f32 = 0.8;

/// What is searched.
#[derive(Arguments)]
struct Training {
    #[real(1e-4..=3e-2, log, default = 1e-2)]
    learning_rate: f64,
    #[real(1e-4..=1.0, log, default = 1e-2)]
    weight_decay: f64,
    #[integer(2..=12, log, default = 6)]
    context: usize,
    #[integer(2..=24, log, default = 8)]
    embedding_size: usize,
    #[integer(16..=128, log, default = 64)]
    hidden_units: usize,
    #[choice(16, 32, 64, default = 32)]
    batch_size: usize,
    #[choice]
    activation: Unit,
    #[constant(4000)]
    steps: u32,
}

/// The function of a hidden unit.
#[derive(Choice)]
enum Unit {
    Relu,
    Tanh,
}

#[trialbox_guest::train(reward_attr = "compression", time_attr = "step", max_t = 4000)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), String> {
    let text = Text::read(&data::read_all("text")?, arguments.context).map_err(|error| error.to_string())?;
    let shape = Shape {
        alphabet_size: text.alphabet_size(),
        context: arguments.context,
        embedding_size: arguments.embedding_size,
        hidden_units: arguments.hidden_units,
        activation: match arguments.activation {
            Unit::Relu => Activation::Relu,
            Unit::Tanh => Activation::Tanh,
        },
    };
    let mut model = Model::new(shape, &mut reporter.random("weights"));
    let mut random = reporter.random("places");
    for step in 1..=arguments.steps {
        let places: Vec<usize> = (0..arguments.batch_size)
            .map(|_| shape.context + random.index(text.training.len() - shape.context))
            .collect();
        // The steps become smaller, down to nothing at the end.
        let left = 1.0 - f64::from(step - 1) / f64::from(arguments.steps);
        let step_size = Step {
            learning_rate: (arguments.learning_rate * left) as f32,
            weight_decay: arguments.weight_decay as f32,
        };
        model.train(&text.training, &places, step_size);
        if step % STEPS_PER_REPORT == 0 {
            let score = model.score(&text.validation);
            report!(
                reporter,
                step = step,
                compression = BITS_PER_BYTE / score.bits_per_character,
                bits_per_character = score.bits_per_character,
                accuracy = score.accuracy
            );
        }
    }
    let beginning = &text.validation[..shape.context];
    let sample = model.write(beginning, SAMPLE_CHARACTERS, SAMPLE_TEMPERATURE, &mut reporter.random("sample"));
    artifact::save("sample.txt", text.write(&sample).as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Value;

    fn run(training: Training, seed: u64) -> Vec<Vec<(String, Value)>> {
        data::provide("text", &include_bytes!("../../data/northanger-abbey.txt")[..]);
        let reporter = Reporter::recording(seed);
        train(training, &reporter).unwrap();
        reporter.reports()
    }

    fn default_training() -> Training {
        Training {
            learning_rate: 1e-2,
            weight_decay: 1e-2,
            context: 6,
            embedding_size: 8,
            hidden_units: 64,
            batch_size: 32,
            activation: Unit::Relu,
            steps: 4000,
        }
    }

    fn real(report: &[(String, Value)], name: &str) -> f64 {
        match report.iter().find(|(attribute, _)| attribute == name) {
            Some((_, Value::Real(number))) => *number,
            other => panic!("`{name}` is {other:?}"),
        }
    }

    #[test]
    fn learns_to_tell_the_next_character() {
        let start = std::time::Instant::now();
        let reports = run(default_training(), 1);
        println!("a trial took {:?}", start.elapsed());
        let steps: Vec<Value> = reports.iter().map(|report| report[0].1.clone()).collect();
        assert_eq!(steps, (1..=10).map(|number| Value::Integer(400 * number)).collect::<Vec<_>>());
        assert!(real(&reports[9], "bits_per_character") < 2.85, "{reports:?}");
        // To the last bit what the component reports, vector code or not.
        assert_eq!(real(&reports[9], "bits_per_character"), 2.800_382_887_177_484);
        let sample = String::from_utf8(artifact::saved("sample.txt").unwrap()).unwrap();
        assert_eq!(sample.chars().count(), SAMPLE_CHARACTERS);
        assert!(sample.split_whitespace().any(|word| word == "the"), "{sample}");
    }

    #[test]
    fn a_bad_configuration_does_worse() {
        let bad = Training { learning_rate: 1e-4, context: 2, hidden_units: 16, batch_size: 16, ..default_training() };
        assert!(real(&run(bad, 1)[9], "bits_per_character") > 3.0);
    }

    #[test]
    fn equal_seeds_give_equal_trials() {
        let short = || Training { activation: Unit::Tanh, steps: 400, ..default_training() };
        assert_eq!(run(short(), 3), run(short(), 3));
        assert_ne!(run(short(), 3), run(short(), 4));
    }

    #[test]
    fn a_missing_data_set_is_an_error() {
        let error = train(default_training(), &Reporter::recording(0)).unwrap_err();
        assert!(error.starts_with("failed to read the data set `text`"), "{error}");
    }
}
