//! Pictures of whole studies: what holds for every kind, whatever the study is like.

use super::*;
use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::output::fixture;
use crate::scheduler::{Comparison, Decision, HyperbandKind, HyperbandSpec, RungEntry, RungState, RungSystemState};
use crate::space::Value;
use crate::study::{Attribute, Chain, Event, Outcome, Report, StopReason, StudySpec};

/// A study of so many trials with two reports each, of which the last is the reward; every tenth fails.
fn account(spec: StudySpec, trials: u64, reward: impl Fn(u64) -> f64) -> Account {
    let mut account = Account::new(spec.clone(), None);
    let mut chain = Chain::default();
    let mut follow = |event: Event| account.follow(&chain.push(event));
    follow(Event::StudyStarted { spec: Box::new(spec) });
    for number in 0..trials {
        let (trial, start) = (TrialId(number), number / 8 * 1_000_000_000);
        let config = fixture::config(0.1 / (1.0 + (number % 97) as f64), if number % 3 == 0 { "relu" } else { "tanh" });
        let (slot, time, seed) = (Slot((number % 8) as u32), VirtualTime(start), Seed(1));
        follow(Event::TrialStarted { trial, slot, time, seed, config, bracket: None, milestone: None });
        for epoch in 1..=2 {
            let attribute = |name: &str, value| Attribute { name: name.into(), value };
            let value = if epoch == 1 { reward(number) * 0.5 } else { reward(number) };
            let attributes = vec![attribute("epoch", Value::Integer(epoch)), attribute("accuracy", Value::Real(value))];
            let (report, searcher_info) = (Report { attributes }, Vec::new());
            let (time, fuel) = (VirtualTime(start + epoch as u64 * 400_000_000), Fuel(epoch as u64));
            follow(Event::Reported { trial, time, fuel, report, searcher_info, decision: Decision::Continue });
        }
        let outcome = match number % 10 {
            9 => Outcome::Failed { message: "made up".into() },
            8 => Outcome::Stopped { reason: StopReason::Scheduler },
            _ => Outcome::Completed,
        };
        let (time, fuel, artifacts) = (VirtualTime(start + 900_000_000), Fuel(3), Vec::new());
        follow(Event::TrialEnded { trial, time, fuel, outcome, artifacts });
    }
    account
}

fn waves(number: u64) -> f64 {
    (number * 7_919 % 1_000) as f64 / 1_000.0
}

fn hyperband() -> StudySpec {
    StudySpec { scheduler: SchedulerSpec::Hyperband(HyperbandSpec::new(HyperbandKind::Stopping, 9)), ..fixture::spec() }
}

/// One rung with the reward of each trial.
fn with_rung(account: Account) -> Account {
    let entries: Vec<RungEntry> = (account.state().trials().iter())
        .filter_map(|record| Some(RungEntry { trial: record.trial, reward: record.reward?, promoted: false }))
        .collect();
    let comparison = Comparison::Cutoff { entries: entries.len() as u64, cutoff: Some(0.5) };
    let rungs = vec![RungState { level: 2, promotion_quantile: 1.0 / 3.0, entries, comparison }];
    account.with_rungs(vec![RungSystemState { bracket: Some(0), rungs }])
}

fn drawn(account: &Account, kind: PlotKind) -> String {
    svg(account, kind, &PlotOptions::default()).unwrap()
}

/// The texts of a picture, each on a line of its own.
fn texts(svg: &str) -> Vec<&str> {
    svg.lines().filter(|line| !line.starts_with('<')).collect()
}

#[test]
fn every_kind_is_drawn_in_both_themes_and_is_well_formed() {
    let account = with_rung(account(hyperband(), 40, waves));
    for kind in PlotKind::ALL {
        assert_eq!(kind.check(&account), Ok(()), "{kind:?}");
        for theme in [Theme::Light, Theme::Dark] {
            let options = PlotOptions { theme, legend: true, width_pixels: 500, height_pixels: 320 };
            let svg = svg(&account, kind, &options).unwrap();
            assert!(png(&svg, 1.0).is_ok(), "{kind:?}");
            assert!(texts(&svg).len() > 4, "{kind:?}");
        }
    }
}

#[test]
fn the_same_study_gives_the_same_picture() {
    let pictures = || PlotKind::ALL.map(|kind| drawn(&with_rung(account(hyperband(), 300, waves)), kind));
    assert_eq!(pictures(), pictures());
}

#[test]
fn a_picture_does_not_grow_with_the_study() {
    let account = with_rung(account(hyperband(), 20_000, waves));
    for kind in PlotKind::ALL {
        let svg = drawn(&account, kind);
        assert!(svg.len() < 500_000, "{kind:?}: {} bytes", svg.len());
    }
    let curves = drawn(&account, PlotKind::Curves);
    assert!(texts(&curves).iter().any(|text| text.starts_with("58 of 20,000 trials drawn")), "{:?}", texts(&curves));
}

#[test]
fn one_huge_reward_does_not_flatten_the_others() {
    let hostile = account(fixture::spec(), 60, |number| if number == 20 { 1e308 } else { waves(number) });
    let history = drawn(&hostile, PlotKind::History);
    let texts = texts(&history);
    assert!(texts.contains(&"0.4") && texts.contains(&"trial 20: 1e308"), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("1 reward lies beyond the axis")), "{texts:?}");
}

#[test]
fn rewards_at_both_ends_of_the_numbers_are_drawn() {
    for reward in [1e308, -1e308, 5e-324, 0.0] {
        let hostile = account(fixture::spec(), 12, |number| if number % 2 == 0 { reward } else { -reward });
        for kind in PlotKind::ALL {
            assert!(png(&drawn(&hostile, kind), 0.5).is_ok(), "{kind:?} {reward}");
        }
    }
}

#[test]
fn where_there_is_nothing_to_show_the_picture_says_why() {
    let empty = account(fixture::spec(), 0, waves);
    for kind in PlotKind::ALL {
        let nothing = kind.check(&empty).unwrap_err();
        assert!(texts(&drawn(&empty, kind)).contains(&nothing.to_string().as_str()), "{kind:?}");
    }
    assert_eq!(PlotKind::Rungs.check(&account(fixture::spec(), 20, waves)), Err(NothingToPlot::NoRungs));
    assert_eq!(PlotKind::Rungs.check(&account(hyperband(), 20, waves)), Err(NothingToPlot::EmptyRungs));
    assert_eq!(PlotKind::Importances.check(&account(fixture::spec(), 5, waves)), Err(NothingToPlot::TooFewTrials));
}

#[test]
fn names_that_guests_gave_are_shown_as_text() {
    let mut spec = fixture::spec();
    spec.name = "</svg><script>alert(1)</script>\u{1b}[2J\u{202e}".repeat(20);
    spec.metrics.reward_attr = "accuracy".into();
    for kind in PlotKind::ALL {
        let svg = drawn(&account(spec.clone(), 12, waves), kind);
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains('\u{202e}'), "{kind:?}");
        assert_eq!(svg.matches("</svg>").count(), 1);
    }
}

#[test]
fn a_picture_of_no_size_is_refused() {
    let options = PlotOptions { width_pixels: 10, ..PlotOptions::default() };
    let refused = svg(&account(fixture::spec(), 1, waves), PlotKind::Curves, &options);
    assert_eq!(refused, Err(PlotError::Size { width_pixels: 10, height_pixels: 540 }));
}
