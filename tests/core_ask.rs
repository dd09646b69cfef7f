//! Ask and tell through the library, in the JSON that users see: what is answered, what is refused, and that a refusal
//! changes nothing. The recorded studies of the original are driven through it in `core_hyperband`.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test, no library")]
#![allow(clippy::needless_pass_by_value, clippy::use_self, reason = "brevity")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "a test, no library")]

use serde_json::{Value, json};
use trialbox::numeric::amount::VirtualTime;
use trialbox::numeric::digest::Digest;
use trialbox::scheduler::{HyperbandKind, HyperbandSpec, SchedulerSpec};
use trialbox::searcher::{RandomSpec, SearcherSpec};
use trialbox::space::{Domain, Parameter, RealRange, Space};
use trialbox::study::{AskError, AskTell, Request, StudySpec};

fn unbounded() -> Space {
    let domain = Domain::Real(RealRange { lower: 0.0, upper: 1.0, log: false });
    Space::new(vec![Parameter::new("x", domain)]).unwrap()
}

fn finite(values: i64) -> Space {
    let domain = Domain::Choice((0..values).map(trialbox::space::Value::Integer).collect());
    Space::new(vec![Parameter::new("x", domain)]).unwrap()
}

fn fifo(space: Space) -> StudySpec {
    let searcher = SearcherSpec::Random(RandomSpec::default());
    StudySpec { num_trials: Some(1_000_000), searcher, ..StudySpec::new("asked", space, Digest::of(b"")) }
}

fn hyperband(kind: HyperbandKind, max_t: u64, space: Space) -> StudySpec {
    StudySpec { scheduler: SchedulerSpec::Hyperband(HyperbandSpec::new(kind, max_t)), ..fifo(space) }
}

struct Session(AskTell);

impl Session {
    fn new(spec: StudySpec) -> Self {
        Self(AskTell::new(spec).unwrap())
    }

    fn handle(&mut self, line: &str) -> Result<Value, String> {
        let request: Request = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let answer = self.0.handle(request).map_err(|error| error.to_string())?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    #[track_caller]
    fn says(&mut self, request: Value) -> Value {
        self.handle(&request.to_string()).unwrap()
    }

    #[track_caller]
    fn ask(&mut self) -> Value {
        self.says(json!({"op": "ask"}))
    }

    #[track_caller]
    fn report(&mut self, job: u64, epoch: u64, accuracy: f64) -> Value {
        self.says(json!({"op": "report", "job": job, "attributes": {"epoch": epoch, "accuracy": accuracy}}))
    }

    #[track_caller]
    fn end(&mut self, job: u64) {
        assert_eq!(self.says(json!({"op": "end", "job": job})), json!({}));
    }

    /// What a session says of itself.
    fn whole(&mut self) -> (Value, Value) {
        (self.says(json!({"op": "state"})), self.says(json!({"op": "best"})))
    }
}

#[test]
fn with_fifo_every_job_goes_on_and_nothing_is_compared() {
    let mut session = Session::new(fifo(unbounded()));
    let expected = json!({
        "job": 0, "trial": 0, "new": true, "config": {"x": 0.5},
        "bracket": null, "milestone": null, "resume_from": null, "milestones": [],
    });
    assert_eq!(session.ask(), expected);
    let goes_on = json!({
        "decision": "continue", "milestone": false, "next_milestone": null, "cutoff": null, "ignore_data": false,
    });
    assert_eq!(session.report(0, 1, 0.5), goes_on);
    assert_eq!(session.says(json!({"op": "report", "job": 0, "attributes": {}})), goes_on);
    assert_eq!(session.says(json!({"op": "best"})), json!({"trial": null, "config": null, "reward": null}));
    session.end(0);
    let best = json!({"trial": 0, "config": {"x": 0.5}, "reward": 0.5});
    assert_eq!(session.whole(), (json!({"rungs": []}), best));
}

#[test]
fn answers_have_their_fields_in_a_fixed_order() {
    let mut session = Session::new(hyperband(HyperbandKind::Stopping, 9, unbounded()));
    let mut text = |line: &str| {
        let request: Request = serde_json::from_str(line).unwrap();
        serde_json::to_string(&session.0.handle(request).unwrap()).unwrap()
    };
    assert_eq!(
        text(r#"{"op":"ask"}"#),
        r#"{"job":0,"trial":0,"new":true,"config":{"x":0.5},"bracket":0,"milestone":1,"resume_from":null,"milestones":[9,3,1]}"#
    );
    assert_eq!(
        text(r#"{"op":"report","job":0,"attributes":{"epoch":1,"accuracy":0.5}}"#),
        r#"{"decision":"continue","milestone":true,"next_milestone":3,"cutoff":null,"ignore_data":false}"#
    );
    text(r#"{"op":"ask"}"#);
    assert_eq!(
        text(r#"{"op":"report","job":1,"attributes":{"epoch":1.0,"accuracy":0.25}}"#),
        r#"{"decision":"stop","milestone":true,"next_milestone":3,"cutoff":0.5,"ignore_data":false}"#
    );
    assert_eq!(
        text(r#"{"op":"report","job":0,"attributes":{"epoch":9,"accuracy":0.75}}"#),
        r#"{"decision":"stop","milestone":true,"next_milestone":null,"cutoff":null,"ignore_data":false}"#
    );
    assert_eq!(text(r#"{"op":"end","job":0}"#), "{}");
    assert_eq!(text(r#"{"op":"best"}"#), r#"{"trial":0,"config":{"x":0.5},"reward":0.75}"#);
}

#[test]
fn a_paused_trial_comes_back_as_another_job_and_may_begin_anew() {
    let mut session = Session::new(hyperband(HyperbandKind::Promotion, 9, unbounded()));
    let configs: Vec<Value> = (0..3).map(|_| session.ask()["config"].clone()).collect();
    for (job, accuracy) in [(0, 0.1), (1, 0.3)] {
        assert_eq!(session.report(job, 1, accuracy)["decision"], "pause");
    }
    assert_eq!(session.report(2, 1, 0.2)["decision"], "pause");
    let expected = json!({
        "job": 3, "trial": 1, "new": false, "config": configs[1],
        "bracket": 0, "milestone": 3, "resume_from": 1, "milestones": [9, 3, 1],
    });
    assert_eq!(session.ask(), expected);
    let repeated = session.report(3, 1, 0.0);
    assert_eq!((&repeated["ignore_data"], &repeated["milestone"]), (&json!(true), &json!(false)));
    assert_eq!(session.report(3, 2, 0.35)["ignore_data"], false);
    // What was only repeated is not what the trial has reached.
    assert_eq!(session.says(json!({"op": "best"}))["reward"], 0.3);
    let paused = session.report(3, 3, 0.4);
    assert_eq!((&paused["decision"], &paused["next_milestone"]), (&json!("pause"), &json!(9)));
    let (state, best) = session.whole();
    assert_eq!(best, json!({"trial": 1, "config": configs[1], "reward": 0.4}));
    let entry =
        |trial: u64, reward: f64, promoted: bool| json!({"trial": trial, "reward": reward, "promoted": promoted});
    let third = 1.0 / 3.0;
    let rung = |level: u64, quantile: f64, entries: Value| json!({"bracket": 0, "level": level, "promotion_quantile": quantile, "entries": entries});
    let rungs = json!([
        rung(9, 1.0, json!([])),
        rung(3, third, json!([entry(1, 0.4, false)])),
        rung(1, third, json!([entry(0, 0.1, false), entry(1, 0.3, true), entry(2, 0.2, false)])),
    ]);
    assert_eq!(state, json!({"rungs": rungs}));
}

#[test]
fn whoever_asks_is_told_when_there_is_nothing_more_to_do() {
    let done = |reason: &str| json!({"done": true, "reason": reason});
    let mut session = Session::new(StudySpec { num_trials: Some(2), ..fifo(unbounded()) });
    assert_eq!((session.ask()["job"].clone(), session.ask()["job"].clone()), (json!(0), json!(1)));
    assert_eq!(session.ask(), done("num_trials"));
    session.report(1, 1, 0.5);

    let mut session = Session::new(StudySpec { max_reward: Some(0.9), ..fifo(unbounded()) });
    session.ask();
    session.report(0, 1, 0.9);
    session.end(0);
    assert_eq!(session.ask(), done("max_reward"));

    let mut session = Session::new(fifo(finite(3)));
    (0..3).for_each(|_| assert_eq!(session.ask()["new"], true));
    assert_eq!(session.ask(), done("exhausted"));
    // There is no clock, so no time passes.
    let mut session = Session::new(StudySpec { time_out: Some(VirtualTime(1)), num_trials: None, ..fifo(unbounded()) });
    (0..100).for_each(|_| assert_eq!(session.ask()["new"], true));
}

#[test]
fn num_trials_counts_jobs_and_not_trials() {
    let spec = StudySpec { num_trials: Some(4), ..hyperband(HyperbandKind::Promotion, 9, unbounded()) };
    let mut session = Session::new(spec);
    for job in 0..3 {
        session.ask();
        session.report(job, 1, 0.5);
    }
    assert_eq!(session.ask()["new"], false);
    assert_eq!(session.ask(), json!({"done": true, "reason": "num_trials"}));
}

#[test]
fn an_exhausted_space_is_waited_for_while_a_promotion_can_follow() {
    let mut session = Session::new(hyperband(HyperbandKind::Promotion, 3, finite(3)));
    (0..3).for_each(|_| assert_eq!(session.ask()["new"], true));
    session.report(0, 1, 0.1);
    session.report(1, 1, 0.3);
    assert_eq!(session.ask(), json!({"wait": true}));
    session.report(2, 1, 0.2);
    let promoted = session.ask();
    assert_eq!((&promoted["trial"], &promoted["resume_from"]), (&json!(1), &json!(1)));
    assert_eq!(session.ask(), json!({"wait": true}));
    session.end(3);
    assert_eq!(session.ask(), json!({"done": true, "reason": "exhausted"}));
}

#[test]
fn a_job_that_was_told_to_stop_or_pause_may_say_that_it_has_ended() {
    let mut session = Session::new(hyperband(HyperbandKind::Promotion, 9, unbounded()));
    session.ask();
    assert_eq!(session.report(0, 1, 0.5)["decision"], "pause");
    let before = session.whole();
    session.end(0);
    session.end(0);
    assert_eq!(session.whole(), before);
    (1..3).for_each(|job| {
        session.ask();
        session.report(job, 1, 0.1);
    });
    assert_eq!(session.ask()["trial"], 0);
}

#[test]
fn what_is_refused_is_told_and_changes_nothing() {
    let mut session = Session::new(hyperband(HyperbandKind::Promotion, 9, unbounded()));
    (0..5).for_each(|_| drop(session.ask()));
    session.report(0, 1, 0.5);
    session.end(1);
    assert_eq!(session.says(json!({"op": "fail", "job": 2, "error": "out of memory"})), json!({}));
    let report = |attributes: &str| format!(r#"{{"op":"report","job":3,"attributes":{attributes}}}"#);
    let over = "job 0 (trial 0) is over: it was told to pause; if its trial is promoted, that is another job";
    let operations = "expected one of `ask`, `report`, `end`, `fail`, `best`, `state`";
    let table = [
        (r#"{"op":"report","job":0,"attributes":{"epoch":2,"accuracy":0.5}}"#.to_owned(), over.to_owned()),
        (r#"{"op":"fail","job":0}"#.into(), over.into()),
        (r#"{"op":"end","job":1}"#.into(), "job 1 (trial 1) is over: it was said to have ended".into()),
        (r#"{"op":"end","job":2}"#.into(), "job 2 (trial 2) is over: it was said to have failed".into()),
        (r#"{"op":"end","job":5}"#.into(), "there is no job 5: 5 were started, counted from 0".into()),
        (
            r#"{"op":"end","job":18446744073709551615}"#.into(),
            "there is no job 18446744073709551615: 5 were started, counted from 0".into(),
        ),
        (r#"{"op":"ask","bracket":1}"#.into(), "there is no bracket 1: the scheduler has 1, counted from 0".into()),
        (r#"{"op":"tell"}"#.into(), format!("unknown variant `tell`, {operations}")),
        ("{}".into(), "missing field `op`".into()),
        (r#"{"op":"end"}"#.into(), "missing field `job`".into()),
        (r#"{"op":"end","job":1,"trial":2}"#.into(), "unknown field `trial`, expected `job`".into()),
        (r#"{"op":"best","job":1}"#.into(), "unknown field `job`, there are no fields".into()),
        (r#"{"op":"end","job":1,"job":1}"#.into(), "duplicate field `job`".into()),
        (report(r#"{"epoch":1,"epoch":1}"#), "the attribute `epoch` is given twice".into()),
        (
            report(r#"{"epoch":1}"#),
            "report 1 of job 3 (trial 3): it has no reward, but at 1 of the resource the trial is compared with others"
                .into(),
        ),
        (
            report(r#"{"accuracy":1}"#),
            "report 1 of job 3 (trial 3): it does not say how much of the resource was spent".into(),
        ),
        (
            report(r#"{"epoch":2,"accuracy":1}"#),
            "report 1 of job 3 (trial 3): it is the first at or after the milestone 1, but says 2: \
             a trial must report at each milestone exactly"
                .into(),
        ),
        (
            report(r#"{"epoch":1,"accuracy":{"real":"NaN"}}"#),
            "report 1 of job 3 (trial 3): `accuracy` is NaN, not a finite number".into(),
        ),
        (
            report(r#"{"epoch":1.5,"accuracy":1}"#),
            "report 1 of job 3 (trial 3): `epoch` is 1.5, not an integer from 1".into(),
        ),
        (
            report(r#"{"epoch":false,"accuracy":1}"#),
            "report 1 of job 3 (trial 3): `epoch` is false, not an integer from 1".into(),
        ),
    ];
    let before = session.whole();
    for (line, message) in table {
        let told = session.handle(&line).unwrap_err();
        // Where in the line it stands is told besides.
        assert_eq!(told.split(" at line ").next().unwrap(), message, "{line}");
        assert_eq!(session.whole(), before, "{line}");
    }
    assert_eq!(session.report(3, 1, 0.25)["decision"], "pause");
    assert_eq!(session.ask()["job"], 5);
}

#[test]
fn reports_at_zero_and_attributes_that_are_null_say_nothing() {
    let mut session = Session::new(hyperband(HyperbandKind::Stopping, 9, unbounded()));
    session.ask();
    let goes_on = json!({
        "decision": "continue", "milestone": false, "next_milestone": null, "cutoff": null, "ignore_data": false,
    });
    for epoch in [json!(0), json!(0.0), json!(-0.0)] {
        let attributes = json!({"epoch": epoch, "accuracy": 0.5, "loss": null});
        assert_eq!(session.says(json!({"op": "report", "job": 0, "attributes": attributes})), goes_on);
    }
    session.handle(r#"{"op":"report","job":0,"attributes":{"epoch":1,"accuracy":null}}"#).unwrap_err();
    let end = session.says(json!({"op": "report", "job": 0, "attributes": {"epoch": 10, "accuracy": null}}));
    assert_eq!(
        (&end["decision"], &end["milestone"], &end["next_milestone"]),
        (&json!("stop"), &json!(true), &json!(null))
    );
    assert_eq!(session.says(json!({"op": "best"}))["reward"], 0.5);
}

#[test]
fn a_report_has_the_bounds_of_the_study() {
    let mut spec = fifo(unbounded());
    spec.limits.attributes_max = 2;
    spec.limits.attribute_name_bytes_max = 8;
    spec.limits.attribute_text_bytes_max = 3;
    let mut session = Session::new(spec);
    session.ask();
    let table = [
        (json!({"a": 1, "b": 2, "c": 3}), "attributes_max`, which is 2"),
        (json!({"accuracy1": 1}), "attribute_name_bytes_max`, which is 8"),
        (json!({"note": "four"}), "attribute_text_bytes_max`, which is 3"),
    ];
    for (attributes, limit) in table {
        let line = json!({"op": "report", "job": 0, "attributes": attributes}).to_string();
        let message = format!("report 1 of job 0 (trial 0) goes past the limit `{limit}");
        assert_eq!(session.handle(&line), Err(message));
    }
    session.says(json!({"op": "report", "job": 0, "attributes": {"note": "abc", "accuracy": true}}));
}

#[test]
fn the_text_of_a_failure_is_cut_at_a_character() {
    let mut spec = fifo(unbounded());
    spec.limits.failure_bytes_max = 3;
    let mut session = Session::new(spec);
    session.ask();
    session.says(json!({"op": "fail", "job": 0, "error": "aéüö"}));
    let outcome = session.0.state().trials()[0].outcome().unwrap();
    assert_eq!(outcome.to_string(), "failed: aé");
}

#[test]
fn fuel_is_no_resource_of_trials_that_run_elsewhere() {
    let mut spec = fifo(unbounded());
    spec.metrics.time_attr = "fuel".into();
    assert!(matches!(AskTell::new(spec), Err(AskError::TimeIsFuel)));
    let endless = StudySpec { num_trials: None, ..fifo(unbounded()) };
    assert!(matches!(AskTell::new(endless), Err(AskError::Spec(_))));
}

#[test]
fn equal_requests_have_equal_answers_whatever_was_refused_in_between() {
    let spec = hyperband(HyperbandKind::Promotion, 27, unbounded());
    let (mut one, mut two) = (Session::new(spec.clone()), Session::new(spec));
    for job in 0..200 {
        let asked = one.ask();
        for line in ["{", r#"{"op":"ask","bracket":9}"#, r#"{"op":"end","job":999}"#] {
            two.handle(line).unwrap_err();
        }
        assert_eq!(two.ask(), asked);
        let mut epoch = asked["resume_from"].as_u64().unwrap_or(0);
        let mut goes_on = true;
        while goes_on {
            epoch += 1;
            let decided = one.report(job, epoch, (job * 7 % 13 + epoch) as f64 / 40.0);
            assert_eq!(two.report(job, epoch, (job * 7 % 13 + epoch) as f64 / 40.0), decided);
            goes_on = decided["decision"] == "continue";
        }
    }
    assert_eq!(one.whole(), two.whole());
}
