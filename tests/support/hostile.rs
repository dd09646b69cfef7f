//! Everything that a trial can do to harm, as the modes of one guest: for studies of hostile trials beside good ones.
//!
//! The guest has one parameter, `mode`. Each of the first modes does one harm, and the modes after them are good ones: some
//! work, and a report after each part of it. Whoever runs it sets [`limits`], under which all harms are cheap.

use trialbox::space::{Domain, Value};
use trialbox::study::{Limit, Limits, Outcome, ReportProblem, TrapKind};

use super::guest::{Declared, Described, Guest};

/// One way to do harm.
pub struct Harm {
    /// What it is, in words.
    pub what: &'static str,
    /// How a trial that does it must end in a study.
    pub outcome: Outcome,
    /// The inside of a function.
    body: String,
}

/// The guest with all harms.
pub struct Harmful {
    /// Its component.
    pub component: Vec<u8>,
    /// What its modes do, from 0 on; those after them are good.
    pub harms: Vec<Harm>,
    good: usize,
}

/// How many reports a good trial makes.
pub const GOOD_REPORTS: u64 = 3;

/// Limits under which every harm ends soon, and a good trial is far from all of them.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        fuel_max: 40_000_000,
        memory_bytes_max: 16 << 20,
        handles_max: 100,
        host_call_bytes_max: 1 << 20,
        reports_max: 1_000,
        artifact_bytes_max: 1 << 20,
        log_bytes_max: 10_000,
        failure_bytes_max: 100,
        ..Limits::default()
    }
}

impl Harmful {
    /// The guest, with so many good modes.
    #[must_use]
    pub fn with_good_modes(good: usize) -> Self {
        let mut guest = Guest::new()
            .part("(memory $other 0) (table $table 4 funcref) (type $nothing (func))")
            .part("(elem (table $table) (i32.const 1) func $realloc)")
            .part("(func $deeper (call $deeper) (call $deeper))")
            .part("(func $on (return_call $on))");
        let harms = harms(&mut guest);
        let report = guest.attributes(&[("accuracy", Value::Real(0.5)), ("epoch", Value::Integer(1))]);
        let mut body = String::from(
            "(local $mode i64) (local $step i32) (local $handle i32)
             (local.set $mode (i64.load offset=16 (local.get $config)))\n",
        );
        for (mode, harm) in harms.iter().enumerate() {
            body.push_str(&format!("(if (i64.eq (local.get $mode) (i64.const {mode})) (then {}))\n", harm.body));
        }
        body.push_str(&format!(
            "(if (i64.ge_s (local.get $mode) (i64.const {}))
               (then (loop $work
                 (local.set $step (i32.add (local.get $step) (i32.const 1)))
                 (if (i32.eqz (i32.rem_u (local.get $step) (i32.const 500000))) (then (call $report {report})))
                 (br_if $work (i32.lt_u (local.get $step) (i32.const {}))))))",
            harms.len(),
            500_000 * GOOD_REPORTS
        ));
        let modes = (0..(harms.len() + good) as i64).map(Value::Integer).collect();
        let described =
            Described { parameters: vec![Declared::new("mode", Domain::Choice(modes))], ..Described::default() };
        let component = guest.described(&described).train(body).component();
        Self { component, harms, good }
    }

    /// All modes.
    #[must_use]
    pub fn modes(&self) -> Domain {
        Domain::Choice((0..self.harms.len() + self.good).map(|mode| Value::Integer(mode as i64)).collect())
    }

    /// The good modes alone.
    #[must_use]
    pub fn good_modes(&self) -> Domain {
        Domain::Choice(
            (self.harms.len()..self.harms.len() + self.good).map(|mode| Value::Integer(mode as i64)).collect(),
        )
    }

    /// How a trial of that mode must end.
    #[must_use]
    pub fn outcome(&self, mode: &Value) -> &Outcome {
        self.harm(mode).map_or(&Outcome::Completed, |harm| &harm.outcome)
    }

    /// What a trial of that mode does.
    #[must_use]
    pub fn what(&self, mode: &Value) -> &'static str {
        self.harm(mode).map_or("some work", |harm| harm.what)
    }

    fn harm(&self, mode: &Value) -> Option<&Harm> {
        let Value::Integer(mode) = mode else { panic!("{mode} is no mode") };
        self.harms.get(usize::try_from(*mode).unwrap())
    }
}

fn trapped(trap: TrapKind) -> Outcome {
    Outcome::Trapped { trap }
}

fn exceeded(limit: Limit) -> Outcome {
    Outcome::Exceeded { limit }
}

fn bad_report(problem: ReportProblem) -> Outcome {
    Outcome::BadReport { report: 1, problem }
}

/// What is done for ever.
fn again(body: &str) -> String {
    format!("(loop $again {body} (br $again))")
}

fn harms(guest: &mut Guest) -> Vec<Harm> {
    let mut harms = Vec::new();
    let mut add = |what, body: &str, outcome| harms.push(Harm { what, outcome, body: body.to_owned() });
    for (what, body) in [
        ("an endless loop", again("")),
        ("an endless chain of tail calls", "(call $on)".into()),
        ("filling memory for ever", again("(memory.fill (i32.const 98304) (i32.const 0) (i32.const 32000))")),
        ("asking for the time for ever", again("(drop (call $monotonic_now))")),
        ("sleeping for centuries", "(drop (call $subscribe_duration (i64.const -1)))".into()),
        ("writing to the log for ever", again("(call $log (i32.const 65536) (i32.const 60000))")),
    ] {
        add(what, &body, exceeded(Limit::FuelMax));
    }
    for (what, body) in [
        ("growing a memory", again("(drop (memory.grow (i32.const 16)))")),
        ("growing a memory by more than there is", "(drop (memory.grow (i32.const 60000)))".into()),
        (
            "growing two memories in turns",
            again("(drop (memory.grow (i32.const 1))) (drop (memory.grow $other (i32.const 1)))"),
        ),
        ("growing a table", again("(drop (table.grow $table (ref.null func) (i32.const 1000)))")),
    ] {
        add(what, &body, exceeded(Limit::MemoryBytesMax));
    }
    add("a recursion", "(call $deeper)", Outcome::StackOverflowed);
    for (what, trap, body) in [
        ("a panic", TrapKind::Unreachable, "(call $log (i32.const 65536) (i32.const 60000)) (unreachable)"),
        ("an access out of bounds", TrapKind::MemoryOutOfBounds, "(drop (i32.load (i32.const -4)))"),
        ("a table's access out of bounds", TrapKind::TableOutOfBounds, "(drop (table.get $table (i32.const 4)))"),
        ("a call of nothing", TrapKind::BadIndirectCall, "(call_indirect $table (type $nothing) (i32.const 0))"),
        ("a division by zero", TrapKind::DivisionByZero, "(drop (i32.div_s (i32.const 1) (i32.const 0)))"),
        ("a conversion that overflows", TrapKind::IntegerOverflow, "(drop (i32.trunc_f64_s (f64.const 1e300)))"),
        (
            "calling what is not offered",
            TrapKind::MissingImport,
            "(call $http_wait (call $subscribe_duration (i64.const 0)))",
        ),
        ("a list that is not there", TrapKind::BadValue, "(call $report (i32.const 1024) (i32.const 0x7fffffff))"),
        ("a text of 100 MiB that is not there", TrapKind::BadValue, "(call $log (i32.const 0) (i32.const 0x6400000))"),
        (
            "dropping a handle twice",
            TrapKind::BadValue,
            "(local.set $handle (call $subscribe_duration (i64.const 0)))
             (call $pollable_drop (local.get $handle)) (call $pollable_drop (local.get $handle))",
        ),
        ("a handle of another resource", TrapKind::BadValue, "(drop (call $pollable_ready (call $stdout)))"),
    ] {
        add(what, body, trapped(trap));
    }
    add("a flood of reports", &again("(call $report (i32.const 0) (i32.const 0))"), exceeded(Limit::ReportsMax));
    add(
        "a report of many attributes",
        "(call $report (i32.const 98304) (i32.const 65))",
        exceeded(Limit::AttributesMax),
    );
    add(
        "a text larger than a call may carry",
        "(drop (memory.grow (i32.const 32))) (call $log (i32.const 0) (i32.const 0x180000))",
        exceeded(Limit::HostCallBytesMax),
    );
    add(
        "more randomness than a call may carry",
        "(call $random_bytes (i64.const -1) (i32.const 64))",
        exceeded(Limit::HostCallBytesMax),
    );
    add("hoarding handles", &again("(drop (call $stdout))"), exceeded(Limit::HandlesMax));
    add("an exit", "(call $exit (i32.const 0))", {
        Outcome::Failed { message: "the guest exited with status 0 instead of returning".into() }
    });
    add("no report at all", "(nop)", Outcome::NeverRewarded { attribute: "accuracy".into() });
    placed_harms(guest, &mut harms);
    harms
}

/// Those for which something has to be placed in memory.
fn placed_harms(guest: &mut Guest, harms: &mut Vec<Harm>) {
    let mut add = |what, body: String, outcome| harms.push(Harm { what, outcome, body });
    let name = guest.report(&[(&"n".repeat(129), 1_i64.into())]);
    add("a long name", name, exceeded(Limit::AttributeNameBytesMax));
    let text = guest.report(&[("note", Value::Text("t".repeat(4_097)))]);
    add("a long text", text, exceeded(Limit::AttributeTextBytesMax));
    let text = guest.place(b"\xf0\x9f");
    add("a text that is no UTF-8", format!("(call $log {text})"), trapped(TrapKind::BadValue));
    let twice = guest.report(&[("a", 1_i64.into()), ("a", 2_i64.into())]);
    let message = "`report` was given the attribute `a` twice".into();
    add("an attribute twice", twice, Outcome::Misused { message });
    let model = guest.text("model");
    let append = again(&format!("(call $artifact_append {model} (i32.const 0) (i32.const 60000))"));
    add("filling the disk with an artifact", append, exceeded(Limit::ArtifactBytesMax));
    let many: String = (0..17)
        .map(|index| {
            let name = guest.text(&format!("a{index}"));
            format!("(call $artifact_append {name} (i32.const 0) (i32.const 0))")
        })
        .collect();
    add("many artifacts", many, exceeded(Limit::ArtifactsMax));
    let outside = guest.text("../x");
    let message =
        "`../x` is no name for an artifact: 1 to 64 of a–z, A–Z, 0–9, `.`, `_`, `-`, not beginning with `.`".into();
    let append = format!("(call $artifact_append {outside} (i32.const 0) (i32.const 1))");
    add("an artifact elsewhere", append, Outcome::Misused { message });
    let failure = guest.failure(&"\u{1b}[2J".repeat(1_000));
    add("an error that is long and no plain text", failure, Outcome::Failed { message: "\u{1b}[2J".repeat(25) });
    for (what, reward, value) in [
        ("NaN as a reward", Value::Real(f64::NAN), "NaN"),
        ("infinity as a reward", Value::Real(f64::INFINITY), "inf"),
        ("a text as a reward", Value::from("best"), "best"),
    ] {
        let problem = ReportProblem::NotFinite { attribute: "accuracy".into(), value: value.into() };
        add(what, guest.report(&[("accuracy", reward)]), bad_report(problem));
    }
    for (what, time, value) in [
        ("time zero", Value::Integer(0), "0"),
        ("time before the beginning", Value::Integer(i64::MIN), "-9223372036854775808"),
        ("a part of an epoch", Value::Real(1.5), "1.5"),
        ("an epoch past where reals count", Value::Real(1e300), "1e300"),
    ] {
        let problem = ReportProblem::NotAResource { attribute: "epoch".into(), value: value.into() };
        add(what, guest.report(&[("accuracy", Value::Real(0.1)), ("epoch", time)]), bad_report(problem));
    }
    // Odd, and nothing more: the study takes them as they are.
    let mut timed = |time: i64| guest.report(&[("accuracy", Value::Real(0.1)), ("epoch", Value::Integer(time))]);
    let falling = [timed(i64::MAX), timed(2), timed(2), timed(1)].concat();
    add("time that is huge and then falls", falling, Outcome::Completed);
    let smallest = f64::from_bits(1);
    let odd = [-0.0, smallest, -smallest, -f64::MAX].map(|reward| guest.report(&[("accuracy", Value::Real(reward))]));
    add("rewards of no size and of the least", odd.concat(), Outcome::Completed);
}
