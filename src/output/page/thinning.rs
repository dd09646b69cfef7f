//! Which points of training curves the page holds, where all of them would be too many. A pure function of the curves.

use std::cmp::Reverse;

use crate::numeric::amount::TrialId;
use crate::numeric::float::Rank;
use crate::output::{Account, Point};

/// How many points the page holds in all.
pub(super) const POINTS_MAX: usize = 500_000;
/// How many of the best trials keep all of their points, as far as these are a tenth of what the page holds.
const WHOLE_MAX: usize = 100;

/// How curves are thinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thinning {
    /// The trials that keep all, in ascending order.
    whole: Vec<TrialId>,
    /// How many points each other trial keeps at most.
    points_max: usize,
    /// Only every so manyth trial keeps any.
    stride: u64,
    /// How many points there are.
    pub(super) total: usize,
}

impl Thinning {
    /// What is left of the curves of a study, so that there are at most `budget` points.
    pub(super) fn of(account: &Account, budget: usize) -> Self {
        let counts: Vec<usize> = account.curves().iter().map(|curve| curve.points.len()).collect();
        let total = counts.iter().sum();
        if total <= budget {
            return Self { whole: Vec::new(), points_max: usize::MAX, stride: 1, total };
        }
        let (whole, spent) = best(account, &counts, budget / 10);
        let rest = budget - spent;
        let thinned = |most: usize| counts.iter().map(|count| *count.min(&most)).sum::<usize>();
        // The largest bound under which the rest fits; those that keep all are counted twice, which errs on the safe side.
        let (mut fits, mut exceeds) = (0, counts.iter().copied().max().unwrap_or(0) + 1);
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            if thinned(middle) <= rest {
                fits = middle;
            } else {
                exceeds = middle;
            }
        }
        let stride = if fits == 0 { counts.len().div_ceil(rest.max(1)) as u64 } else { 1 };
        Self { whole, points_max: fits.max(1), stride, total }
    }

    /// Whether points are left out.
    pub(super) fn leaves_out(&self) -> bool {
        self.points_max != usize::MAX
    }

    /// The points that a trial keeps: its first, its last and those at even distances between them.
    pub(super) fn points<'a>(&self, trial: TrialId, points: &'a [Point]) -> impl Iterator<Item = &'a Point> + use<'a> {
        let is_whole = self.whole.binary_search(&trial).is_ok();
        let kept = match () {
            () if is_whole => points.len(),
            () if !trial.0.is_multiple_of(self.stride) => 0,
            () => points.len().min(self.points_max),
        };
        let last = points.len().saturating_sub(1);
        (0..kept).filter_map(move |index| {
            let place = if kept == 1 { last } else { (index as u128 * last as u128 / (kept as u128 - 1)) as usize };
            points.get(place)
        })
    }
}

/// The best trials that have together at most `budget` points, and how many those are.
fn best(account: &Account, counts: &[usize], budget: usize) -> (Vec<TrialId>, usize) {
    let mut rewarded: Vec<(Reverse<Rank>, TrialId)> = (account.state().trials().iter())
        .filter_map(|trial| Some((Reverse(Rank::of(trial.reward?)), trial.trial)))
        .collect();
    rewarded.sort_unstable();
    let (mut whole, mut spent) = (Vec::new(), 0);
    for (_, trial) in rewarded.into_iter().take(WHOLE_MAX) {
        let count = usize::try_from(trial.0).ok().and_then(|index| counts.get(index)).copied().unwrap_or(0);
        if spent + count > budget {
            break;
        }
        spent += count;
        whole.push(trial);
    }
    whole.sort_unstable();
    (whole, spent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::{Fuel, Seed, Slot, VirtualTime};
    use crate::output::fixture;
    use crate::scheduler::Decision;
    use crate::space::{Config, Value};
    use crate::study::{Attribute, Chain, Event, Report};

    /// So many trials, each with so many reports; the last is the best.
    fn account(trials: u64, reports: u64) -> Account {
        let mut account = Account::new(fixture::spec(), None);
        let mut chain = Chain::default();
        let mut follow = |event| account.follow(&chain.push(event));
        follow(Event::StudyStarted { spec: Box::new(fixture::spec()) });
        for number in 0..trials {
            let (trial, time) = (TrialId(number), VirtualTime(0));
            let (config, seed) = (Config::default(), Seed(0));
            follow(Event::TrialStarted { trial, slot: Slot(0), time, seed, config, bracket: None, milestone: None });
            for report in 1..=reports {
                let attribute = |name: &str, value| Attribute { name: name.into(), value };
                let attributes = vec![
                    attribute("epoch", Value::Integer(report as i64)),
                    attribute("accuracy", Value::Real(number as f64 + report as f64 / 1e3)),
                ];
                let (report, searcher_info) = (Report { attributes }, Vec::new());
                follow(Event::Reported {
                    trial,
                    time,
                    fuel: Fuel(report_fuel(&report)),
                    report,
                    searcher_info,
                    decision: Decision::Continue,
                });
            }
        }
        account
    }

    fn report_fuel(report: &Report) -> u64 {
        report.resource("epoch").unwrap()
    }

    fn kept(account: &Account, thinning: &Thinning) -> Vec<Vec<u64>> {
        let resources = |(trial, curve): (u64, &crate::output::Curve)| {
            thinning.points(TrialId(trial), &curve.points).map(|point| point.resource).collect()
        };
        (0..).zip(account.curves()).map(resources).collect()
    }

    #[test]
    fn few_points_are_all_kept() {
        let account = account(3, 10);
        let thinning = Thinning::of(&account, 30);
        assert!(!thinning.leaves_out());
        assert_eq!(kept(&account, &thinning).concat().len(), 30);
    }

    #[test]
    fn many_points_are_thinned_but_those_of_the_best_trial() {
        let account = account(20, 10);
        let thinning = Thinning::of(&account, 100);
        let kept = kept(&account, &thinning);
        assert!(thinning.leaves_out() && kept.concat().len() <= 100);
        assert_eq!(kept[19], (1..=10).collect::<Vec<_>>());
        assert_eq!(kept[0], [1, 4, 7, 10]);
    }

    #[test]
    fn of_more_trials_than_points_every_so_manyth_is_kept() {
        let account = account(100, 2);
        let thinning = Thinning::of(&account, 30);
        let kept = kept(&account, &thinning);
        assert!(kept.concat().len() <= 30);
        assert_eq!((kept[0].as_slice(), kept[1].len(), kept[99].len()), ([2].as_slice(), 0, 2));
    }
}
