//! The `train` macro and the reporter: what a guest's own unit tests rely on.

use trialbox_guest::{Arguments, Reporter, Value, report};

#[derive(Arguments)]
struct Training {
    #[real(0.0..=1.0)]
    rate: f64,
}

const LAST: u64 = 3;

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = LAST)]
fn train(arguments: Training, reporter: &Reporter) -> Result<(), std::num::ParseIntError> {
    trialbox_guest::log!("rate {}", arguments.rate);
    for epoch in 1..=LAST {
        reporter.report().integer("epoch", epoch as u32).real("accuracy", arguments.rate).text("phase", "fit").send();
    }
    report!(reporter, epoch = 4_usize, accuracy = 1.0_f32, r = &true);
    "x".parse::<u8>().map(|_| ())
}

#[test]
fn a_training_function_stays_an_ordinary_function() {
    let reporter = Reporter::recording(9);
    let error = train(Training { rate: 0.5 }, &reporter).unwrap_err();
    assert_eq!(error.to_string(), "invalid digit found in string");
    let reports = reporter.reports();
    assert_eq!(reports.len(), 4);
    assert_eq!(
        reports[0],
        [
            ("epoch".to_owned(), Value::Integer(1)),
            ("accuracy".to_owned(), Value::Real(0.5)),
            ("phase".to_owned(), Value::Text("fit".to_owned())),
        ]
    );
    assert_eq!(reports[3][2], ("r".to_owned(), Value::Boolean(true)));
    assert_eq!(reporter.seed(), 9);
}

#[test]
fn an_attribute_given_twice_keeps_its_last_value() {
    let reporter = Reporter::recording(0);
    reporter.report().real("loss", 2.0).real("loss", 1.0).send();
    assert_eq!(reporter.reports(), [vec![("loss".to_owned(), Value::Real(1.0))]]);
}
