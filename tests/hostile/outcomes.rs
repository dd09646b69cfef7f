//! For each limit, and for each way to end that a guest can reach, a guest that goes for it. Each table becomes a `match`
//! without a wildcard: whoever adds a limit, an outcome or a trap has to add a guest, or the tests are not built.

use trialbox::scheduler::{HyperbandKind, SchedulerSpec};
use trialbox::space::Value;
use trialbox::study::{Limit, Outcome, OutcomeClass, ReplicateReward, ReportProblem, StopReason, TrapKind};

use super::studies::{self, hyperband};
use super::support::guest::{Guest, Placed, reports};
use super::support::run::{Ran, Setting, run, run_with};
use super::{exceeded, limited, train, trapped};

/// Makes of lines `NAME: PATTERN => GUEST` the function `NAME::name`, which has a name for every value of the type, and the
/// list `NAME::guests` of all names with their guests.
macro_rules! table {
    ($table:ident of $type:ty { $($pattern:pat => $guest:expr,)+ }) => {
        mod $table {
            use super::*;

            /// The line of a value; one that has no line does not compile.
            pub(super) fn name(value: &$type) -> &'static str {
                match value { $($pattern => stringify!($pattern),)+ }
            }

            /// The lines with their guests.
            pub(super) fn guests() -> Vec<(&'static str, Guests)> {
                vec![$((stringify!($pattern), $guest)),+]
            }
        }
    };
}

/// How an outcome is reached.
enum Guests {
    /// By a guest alone.
    Trial(fn() -> Outcome),
    /// By guests in a study, some or all of whose trials end so.
    Study(fn() -> Vec<Outcome>),
    /// By no guest, for this reason.
    Nobody(&'static str),
}

/// What the outcomes of a line are; none for a line that nobody reaches.
fn reached(line: &str, guests: &Guests) -> Vec<Outcome> {
    match guests {
        Guests::Trial(run) => vec![run()],
        Guests::Study(run) => run(),
        Guests::Nobody(reason) => {
            assert!(!reason.is_empty(), "{line}");
            Vec::new()
        }
    }
}

/// Checks that each line of a table is reached; `part` gives what of an outcome the table is about.
#[track_caller]
fn check<T>(guests: Vec<(&'static str, Guests)>, name: fn(&T) -> &'static str, part: fn(&Outcome) -> Option<T>) {
    for (line, guests) in guests {
        let outcomes = reached(line, &guests);
        let found = outcomes.iter().filter_map(part).any(|part| name(&part) == line);
        assert!(found || matches!(guests, Guests::Nobody(_)), "`{line}` is not reached: {outcomes:?}");
    }
}

table! { outcomes of Outcome {
    Outcome::Completed => Guests::Trial(|| run(&reports(1)).outcome),
    Outcome::Stopped { .. } => Guests::Study(stopped_by_the_scheduler),
    Outcome::Failed { .. } => Guests::Trial(|| {
        let mut guest = Guest::new();
        let failure = guest.failure("no");
        run(&guest.train(failure).component()).outcome
    }),
    Outcome::Trapped { .. } => Guests::Trial(|| train("(unreachable)").outcome),
    Outcome::StackOverflowed => Guests::Trial(|| {
        run(&Guest::new().part("(func $down (call $down) (call $down))").train("(call $down)").component()).outcome
    }),
    Outcome::Exceeded { .. } => Guests::Trial(|| train(LOOP).outcome),
    Outcome::Misused { .. } => Guests::Trial(|| train("(call $artifact_clear (i32.const 0) (i32.const 0))").outcome),
    Outcome::BadReport { .. } => Guests::Study(|| ended("(f64.store ACCURACY (f64.const nan)) REPORT")),
    Outcome::NeverRewarded { .. } => Guests::Study(|| ended("")),
    Outcome::Crashed => Guests::Nobody("a worker dies of a fault of the engine, which `tests/breakout.rs` puts into it"),
    Outcome::GpuTimeout => Guests::Nobody("no study here grants a GPU, and nobody says it of one without a grant"),
    Outcome::NeverConstrained { .. } => Guests::Study(|| {
        outcomes_of("REPORT", &|builder| builder.constraint_attr("excess"))
    }),
    Outcome::OfReplicate { .. } => Guests::Study(|| {
        outcomes_of("REPORT (unreachable)", &|builder| builder.replicates(2, ReplicateReward::Mean))
    }),
} }

table! { reasons of StopReason {
    StopReason::TimeOut => Guests::Study(|| {
        outcomes_of(RISING, &|builder| builder.time_out(0.000_2).stop_jobs_after_time_out(true))
    }),
    StopReason::Scheduler => Guests::Study(stopped_by_the_scheduler),
    StopReason::MaxT => Guests::Study(stopped_by_the_scheduler),
} }

table! { problems of ReportProblem {
    ReportProblem::NotFinite { .. } => Guests::Study(|| ended("(f64.store ACCURACY (f64.const inf)) REPORT")),
    ReportProblem::NotAResource { .. } => Guests::Study(|| ended("(i64.store EPOCH (i64.const 0)) REPORT")),
    ReportProblem::Unplaceable(_) => Guests::Study(|| {
        outcomes_of("(i64.store EPOCH (i64.const 2)) REPORT", &|builder| {
            builder.scheduler(hyperband(HyperbandKind::Stopping))
        })
    }),
    ReportProblem::NoConstraint { .. } => Guests::Study(|| {
        let searcher = trialbox::searcher::SearcherSpec::ConstrainedBayesopt(trialbox::searcher::BayesoptSpec::default());
        outcomes_of("REPORT", &|builder| builder.constraint_attr("excess").searcher(searcher.clone()))
    }),
    ReportProblem::ReplicatesDiffer { .. } => Guests::Study(|| {
        let body = "(i64.store EPOCH (i64.add (i64.const 1) (i64.and (local.get $seed) (i64.const 1)))) REPORT";
        outcomes_of(body, &|builder| builder.replicates(4, ReplicateReward::Mean))
    }),
    ReportProblem::ReplicateEnded { .. } => Guests::Study(|| {
        let body = "REPORT (i64.store EPOCH (i64.const 2))
            (if (i64.eqz (i64.and (local.get $seed) (i64.const 1))) (then REPORT))";
        outcomes_of(body, &|builder| builder.replicates(4, ReplicateReward::Mean))
    }),
} }

table! { traps of TrapKind {
    TrapKind::Unreachable => Guests::Trial(|| train("(unreachable)").outcome),
    TrapKind::MemoryOutOfBounds => Guests::Trial(|| train("(drop (i32.load (i32.const -1)))").outcome),
    TrapKind::TableOutOfBounds => Guests::Trial(|| {
        run(&Guest::new().part("(table $t 1 funcref)").train("(drop (table.get $t (i32.const 1)))").component()).outcome
    }),
    TrapKind::BadIndirectCall => Guests::Trial(|| {
        let guest = Guest::new().part("(table $t 1 funcref) (type $nothing (func))");
        run(&guest.train("(call_indirect $t (type $nothing) (i32.const 0))").component()).outcome
    }),
    TrapKind::DivisionByZero => Guests::Trial(|| train("(drop (i32.rem_u (i32.const 1) (i32.const 0)))").outcome),
    TrapKind::IntegerOverflow => Guests::Trial(|| train("(drop (i32.trunc_f32_u (f32.const -1)))").outcome),
    TrapKind::BadValue => Guests::Trial(|| train("(call $log (i32.const -1) (i32.const 1))").outcome),
    TrapKind::MissingImport => Guests::Trial(|| {
        train("(call $http_wait (call $subscribe_duration (i64.const 0)))").outcome
    }),
    // It leaves its component while the host hands over the arguments.
    TrapKind::Other => Guests::Trial(|| {
        run(&Guest::new().realloc("(call $log (i32.const 0) (i32.const 0)) (i32.const 1024)").component()).outcome
    }),
} }

const LOOP: &str = "(loop $for_ever (br $for_ever))";

/// Nine reports, whose rewards fall with the seed.
const RISING: &str = "
    (f64.store ACCURACY (f64.convert_i64_u (i64.shr_u (local.get $seed) (i64.const 32))))
    (loop $next REPORT
      (i64.store EPOCH (i64.add (i64.load EPOCH) (i64.const 1)))
      (br_if $next (i64.le_u (i64.load EPOCH) (i64.const 99))))";

type Options<'a> = &'a dyn Fn(trialbox::session::StudyBuilder<'_>) -> trialbox::session::StudyBuilder<'_>;

fn outcomes_of(body: &str, options: Options<'_>) -> Vec<Outcome> {
    let (state, _) = studies::run(body, 2, options);
    state.trials().iter().filter_map(|trial| trial.outcome().cloned()).collect()
}

fn ended(body: &str) -> Vec<Outcome> {
    outcomes_of(body, &|builder| builder.scheduler(SchedulerSpec::Fifo))
}

fn stopped_by_the_scheduler() -> Vec<Outcome> {
    outcomes_of(RISING, &|builder| builder.scheduler(hyperband(HyperbandKind::Stopping)))
}

#[test]
fn every_outcome_that_a_guest_can_reach_is_reached() {
    check(outcomes::guests(), outcomes::name, |outcome| Some(outcome.clone()));
}

#[test]
fn every_reason_to_stop_a_trial_is_reached() {
    check(reasons::guests(), reasons::name, |outcome| match outcome {
        Outcome::Stopped { reason } => Some(*reason),
        _ => None,
    });
}

#[test]
fn every_problem_of_a_report_is_reached() {
    check(problems::guests(), problems::name, |outcome| match outcome {
        Outcome::BadReport { problem, .. } => Some(problem.clone()),
        _ => None,
    });
}

#[test]
fn every_kind_of_trap_is_reached() {
    check(traps::guests(), traps::name, |outcome| match outcome {
        Outcome::Trapped { trap } => Some(*trap),
        _ => None,
    });
}

/// What going past a limit does.
enum Past {
    /// It ends the trial.
    Ends(Ran),
    /// It cuts what is kept, and the trial goes on.
    Cuts(Ran),
}

/// The guest that goes past a limit, under the limit's default or a smaller value.
fn past(limit: Limit) -> Past {
    let mut guest = Guest::new();
    let body = match limit {
        Limit::FuelMax => LOOP.to_owned(),
        Limit::MemoryBytesMax => "(loop $more (drop (memory.grow (i32.const 16))) (br $more))".to_owned(),
        Limit::InstancesMax => {
            let many = "(component (core module $m) ".to_owned() + &"(core instance (instantiate $m))".repeat(80) + ")";
            guest = guest.beside(&many);
            String::new()
        }
        Limit::HandlesMax => "(loop $more (drop (call $stdout)) (br $more))".to_owned(),
        Limit::HostCallBytesMax => {
            guest = guest.memory("(memory (export \"memory\") 100)");
            format!("(call $log {})", Placed { pointer: 0, length: (4 << 20) + 1 })
        }
        Limit::ReportsMax => "(loop $more (call $report (i32.const 0) (i32.const 0)) (br $more))".to_owned(),
        Limit::AttributesMax => {
            let names: Vec<String> = (0..65).map(|index| format!("a{index}")).collect();
            let list: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), Value::Boolean(true))).collect();
            guest.report(&list)
        }
        Limit::AttributeNameBytesMax => guest.report(&[(&"n".repeat(129), Value::Boolean(true))]),
        Limit::AttributeTextBytesMax => guest.report(&[("n", Value::Text("t".repeat(4_097)))]),
        Limit::ArtifactsMax => {
            let append = |name: Placed| format!("(call $artifact_append {name} (i32.const 0) (i32.const 0))");
            (0..17).map(|index| append(guest.text(&format!("a{index}")))).collect()
        }
        Limit::ArtifactBytesMax => {
            let name = guest.text("a");
            format!("(loop $more (call $artifact_append {name} (i32.const 0) (i32.const 100000)) (br $more))")
        }
        Limit::LogBytesMax => {
            let log = guest.log("text");
            let ran = run_with(&guest.train(log).component(), &limited(limit, 2));
            return Past::Cuts(ran);
        }
        Limit::FailureBytesMax => {
            let failure = guest.failure(&"e".repeat(4_097));
            return Past::Cuts(run(&guest.train(failure).component()));
        }
    };
    let mut setting = Setting::default();
    match limit {
        Limit::FuelMax => {}
        // What it takes to go past the default is another limit's business.
        Limit::MemoryBytesMax => setting.limits.set(limit, 16 << 20),
        Limit::ReportsMax => setting.limits.set(limit, 1_000),
        Limit::ArtifactBytesMax => setting.limits.set(limit, 1 << 20),
        _ => setting.limits.fuel_max = 10_000_000_000,
    }
    Past::Ends(run_with(&guest.train(body).component(), &setting))
}

#[test]
fn whoever_goes_past_a_limit_ends_with_its_name_or_is_cut() {
    for &limit in Limit::ALL {
        match past(limit) {
            Past::Ends(ran) => assert_eq!(ran.outcome, exceeded(limit), "{}", limit.name()),
            Past::Cuts(ran) if limit == Limit::LogBytesMax => {
                assert_eq!(ran.outcome.class(), OutcomeClass::Completed);
                assert!(ran.log.starts_with("te[3 more bytes"), "{}", ran.log);
            }
            Past::Cuts(ran) => assert_eq!(ran.outcome, Outcome::Failed { message: "e".repeat(4_096) }),
        }
    }
}

#[test]
fn a_trap_inside_a_call_that_the_host_makes_is_the_trials_outcome() {
    // The host calls it to hand over the names of the data sets.
    let realloc = |body: &str| {
        let guest = Guest::new()
            .part("(global $is_inside (mut i32) (i32.const 0))")
            .realloc(&format!("(if (global.get $is_inside) (then {body})) (i32.const 1024)"))
            .train("(global.set $is_inside (i32.const 1)) (call $data_names (i32.const 64))");
        let mut setting = Setting::default();
        setting.data.insert("train".into(), vec![1; 10]);
        run_with(&guest.component(), &setting).outcome
    };
    assert_eq!(realloc("(unreachable)"), trapped(TrapKind::Unreachable));
    assert_eq!(realloc(LOOP), exceeded(Limit::FuelMax));
    assert_eq!(realloc("(drop (memory.grow (i32.const 16384)))"), exceeded(Limit::MemoryBytesMax));
    // It may not enter the host again from there, whatever it calls.
    for call in [
        "(call $data_names (i32.const 64))",
        "(call $report (i32.const 0) (i32.const 0))",
        "(call $log (i32.const 0) (i32.const 0))",
        "(call $random_bytes (i64.const 8) (i32.const 64))",
        "(drop (call $stdout))",
        "(drop (call $monotonic_now))",
        "(call $exit (i32.const 0))",
    ] {
        assert_eq!(realloc(call), trapped(TrapKind::Other), "{call}");
    }
}
