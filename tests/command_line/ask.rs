//! `trialbox ask` over real pipes: sessions, what is refused, and that each answer comes before the next line is sent.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::world::{TRIALBOX, World};

const SPACE: &str =
    "[space]\nlr = { real = [0.01, 1.0], log = true }\nact = { choice = [\"relu\", \"tanh\"] }\nepochs = 9\n";

fn world(scheduler: &str) -> World {
    World::new().write("study.toml", format!("[scheduler]\n{scheduler}\n{SPACE}"))
}

struct Session {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Session {
    fn new(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.command(TRIALBOX);
        let mut child = command.arg("ask").args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, to, from }
    }

    fn line(&mut self, line: &[u8]) -> Value {
        let to = self.to.as_mut().unwrap();
        to.write_all(line).unwrap();
        to.write_all(b"\n").unwrap();
        to.flush().unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Value {
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        assert!(answer.ends_with('\n'), "{answer:?}");
        serde_json::from_str(&answer).unwrap()
    }

    fn says(&mut self, request: Value) -> Value {
        self.line(request.to_string().as_bytes())
    }

    fn report(&mut self, job: u64, epoch: u64, accuracy: f64) -> Value {
        self.says(json!({"op": "report", "job": job, "attributes": {"epoch": epoch, "accuracy": accuracy}}))
    }

    /// Says no more; gives what was told on standard error.
    fn close(mut self, world: &World) -> String {
        drop(self.to.take());
        let mut rest = String::new();
        self.from.read_line(&mut rest).unwrap();
        assert_eq!(rest, "");
        drop(self.from);
        world.ran(self.child.wait_with_output().unwrap()).exits(0).stderr
    }
}

#[test]
fn a_session_is_answered_line_by_line_before_the_next_one_is_sent() {
    let world = world("type = \"hyperband\"\nvariant = \"promotion\"");
    let mut session = Session::new(&world, &["study.toml"]);
    let first = session.says(json!({"op": "ask"}));
    let expected = json!({
        "job": 0, "trial": 0, "new": true, "config": {"lr": 0.1, "act": "relu", "epochs": 9},
        "bracket": 0, "milestone": 1, "resume_from": null, "milestones": [9, 3, 1],
    });
    assert_eq!(first, expected);
    let paused = session.report(0, 1, 0.5);
    let expected = json!({
        "decision": "pause", "milestone": true, "next_milestone": 3, "cutoff": null, "ignore_data": false,
    });
    assert_eq!(paused, expected);
    for job in 1..3 {
        session.says(json!({"op": "ask", "bracket": 0}));
        session.report(job, 1, 0.25);
    }
    let promoted = session.says(json!({"op": "ask"}));
    assert_eq!((&promoted["job"], &promoted["trial"], &promoted["new"]), (&json!(3), &json!(0), &json!(false)));
    assert_eq!((&promoted["resume_from"], &promoted["milestone"]), (&json!(1), &json!(3)));
    assert_eq!(promoted["config"], first["config"]);
    assert_eq!(session.says(json!({"op": "fail", "job": 3, "error": "killed"})), json!({}));
    assert_eq!(session.says(json!({"op": "best"})), json!({"trial": 0, "config": first["config"], "reward": 0.5}));
    let rungs = session.says(json!({"op": "state"}));
    let trials: Vec<&Value> =
        rungs["rungs"][2]["entries"].as_array().unwrap().iter().map(|entry| &entry["trial"]).collect();
    assert_eq!(trials, [&json!(0), &json!(1), &json!(2)]);
    assert_eq!(session.close(&world), "");
    assert_eq!(world.names(), ["study.toml"]);
}

#[test]
fn lines_that_are_no_requests_are_refused_one_by_one_and_change_nothing() {
    let world = world("type = \"hyperband\"");
    let mut session = Session::new(&world, &["study.toml"]);
    session.says(json!({"op": "ask"}));
    session.report(0, 1, 0.5);
    let report = |attributes: &str| format!(r#"{{"op":"report","job":0,"attributes":{attributes}}}"#).into_bytes();
    let not_json = "the line is not one JSON object: ";
    let no_request = "the line is no request: ";
    let table: Vec<(Vec<u8>, String)> = vec![
        (b"".to_vec(), not_json.into()),
        (b"ask".to_vec(), not_json.into()),
        (br#"{"op":"ask""#.to_vec(), not_json.into()),
        (br#"{"op":"ask"} {"op":"ask"}"#.to_vec(), not_json.into()),
        (b"{\"op\":\"\xff\xfe\"}".to_vec(), not_json.into()),
        (b"\xff\xfe\x00".to_vec(), not_json.into()),
        ([vec![b'['; 100_000], vec![b']'; 100_000]].concat(), no_request.into()),
        (b"[]".to_vec(), no_request.into()),
        (b"null".to_vec(), no_request.into()),
        (b"3".to_vec(), no_request.into()),
        (br#"{"op":"launch"}"#.to_vec(), format!("{no_request}unknown variant `launch`")),
        (br#"{"op":"ask","bracket":-1}"#.to_vec(), format!("{no_request}invalid value: integer `-1`")),
        (br#"{"op":"ask","bracket":1}"#.to_vec(), "there is no bracket 1: the scheduler has 1".into()),
        (br#"{"op":"end","job":"0"}"#.to_vec(), format!("{no_request}invalid type: string \"0\"")),
        (br#"{"op":"end","job":7}"#.to_vec(), "there is no job 7: 1 were started".into()),
        (br#"{"op":"end","job":0,"x":1}"#.to_vec(), format!("{no_request}unknown field `x`")),
        (br#"{"op":"ask","op":"ask"}"#.to_vec(), format!("{no_request}duplicate field `op`")),
        (report("[1]"), format!("{no_request}invalid type: sequence")),
        (report("null"), format!("{no_request}invalid type: null")),
        (report(r#"{"epoch":3,"accuracy":null}"#), "report 2 of job 0 (trial 0): it has no reward, but at 3".into()),
        (report(r#"{"epoch":2,"accuracy":[1]}"#), format!("{no_request}invalid type: sequence")),
        (report(r#"{"epoch":2,"epoch":3}"#), format!("{no_request}the attribute `epoch` is given twice")),
        (report(r#"{"epoch":2,"accuracy":NaN}"#), not_json.into()),
        (report(r#"{"epoch":2,"accuracy":1e400}"#), not_json.into()),
        (report(r#"{"epoch":1e30,"accuracy":1}"#), "report 2 of job 0 (trial 0): `epoch` is ".into()),
        (report(r#"{"epoch":18446744073709551615}"#), format!("{no_request}the integer 18446744073709551615")),
        (report(r#"{"epoch":-1,"accuracy":1}"#), "report 2 of job 0 (trial 0): `epoch` is -1, not".into()),
        (report(r#"{"epoch":"2","accuracy":1}"#), "report 2 of job 0 (trial 0): `epoch` is 2, not".into()),
        (report(r#"{"epoch":4,"accuracy":1}"#), "report 2 of job 0 (trial 0): it is the first at or after".into()),
        (vec![b' '; (1 << 20) + 1], "the line is longer than 1048576 bytes".into()),
        (vec![b'{'; 5 << 20], "the line is longer than 1048576 bytes".into()),
        (
            report(&format!("{{\"{}\":1}}", "n".repeat(1 << 19))),
            "report 2 of job 0 (trial 0) goes past the limit".into(),
        ),
    ];
    let before = (session.says(json!({"op": "state"})), session.says(json!({"op": "best"})));
    for (line, message) in table {
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        let answer = session.line(&line);
        let told = answer["error"].as_str().unwrap_or_else(|| panic!("{shown}: {answer}"));
        assert!(told.starts_with(&message), "{shown}: {told}");
        assert!(told.len() < 4_100 && answer.as_object().unwrap().len() == 1, "{shown}: {answer}");
        assert_eq!((session.says(json!({"op": "state"})), session.says(json!({"op": "best"}))), before, "{shown}");
    }
    // Numbers with a fraction of zero count as integers, and lines may end as on other systems.
    let whole = session.line(&[report(r#"{"epoch":3.0,"accuracy":-0.0}"#), b" \r".to_vec()].concat());
    assert_eq!((&whole["milestone"], &whole["next_milestone"]), (&json!(true), &json!(9)));
    session.close(&world);
}

#[test]
fn a_last_line_without_an_end_is_answered_too() {
    let world = world("num_trials = 1");
    let ran =
        world.shell("printf '{\"op\":\"ask\"}\n{\"op\":\"ask\"}' | $TRIALBOX ask study.toml").exits(0).tells_nothing();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!((lines.len(), lines[1]), (2, r#"{"done":true,"reason":"num_trials"}"#));
    let ran = world.shell("printf '{\"op\":\"as' | $TRIALBOX ask study.toml").exits(0);
    assert!(ran.stdout.starts_with(r#"{"error":"the line is not one JSON object: EOF"#), "{}", ran.stdout);
    world.shell("$TRIALBOX ask study.toml < /dev/null").exits(0).prints_nothing();
    // Whoever has seen enough does not get an error.
    world.shell("yes '{\"op\":\"state\"}' | $TRIALBOX ask study.toml | head -n 1").exits(0).tells_nothing();
}

#[test]
fn a_component_says_what_is_searched() {
    let world = World::new().toy("toy", "type = \"hyperband\"\n[space]\nwd = 0.005\n");
    let mut session = Session::new(&world, &["toy", "--seed", "7", "--num-trials", "2"]);
    let first = session.says(json!({"op": "ask"}));
    assert_eq!(first["config"]["wd"], 0.005);
    assert_eq!(first["milestones"][0], first["config"]["epochs"]);
    let second = session.says(json!({"op": "ask"}));
    assert_eq!(session.says(json!({"op": "ask"})), json!({"done": true, "reason": "num_trials"}));
    session.close(&world);
    // Equal requests have equal answers; another seed is another search.
    for (seed, is_equal) in [("7", true), ("8", false)] {
        let mut session = Session::new(&world, &["toy", "--seed", seed]);
        assert_eq!(session.says(json!({"op": "ask"})), first);
        assert_eq!(session.says(json!({"op": "ask"})) == second, is_equal, "{seed}");
        session.close(&world);
    }
}

#[test]
fn a_file_that_cannot_be_asked_is_an_error_before_the_first_line() {
    let ask = |text: &str| World::new().write("study.toml", text).trialbox("ask study.toml").exits(3).prints_nothing();
    ask("[scheduler]\nnum_trials = 5\n").tells("the study has nothing to search");
    ask("[space]\nx = { real = [1, 0] }\n").tells("is an empty interval");
    ask(&format!("[scheduler]\ntime_attr = \"fuel\"\n{SPACE}")).tells("not for trials that run elsewhere");
    ask("[scheduler]\ntype = \"hyperband\"\n[space]\nx = { real = [0, 1] }\n").tells("max_t");
    World::new().trialbox("ask study.toml").exits(3).tells("cannot be read");
    let world = world("time_out = 60");
    world.trialbox("ask study.toml").exits(0).tells("note: `time_out` has no effect");
}
