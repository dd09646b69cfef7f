//! The rewards of trials that were paused, and the best of them. Talks to nobody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Best;
use crate::numeric::amount::TrialId;
use crate::numeric::float::Rank;

/// The reward at its latest pause of each trial that was paused and has not ended.
#[derive(Clone, Debug, Default)]
pub(super) struct PausedRewards {
    /// By number of trial, up to the last that was paused.
    rewards: Vec<Option<Rank>>,
    /// Each reward of the above with its trial; of equal rewards, the trial that was started first is the greatest. Rewards that no
    /// longer count are among them, but none is the greatest: a study of a million pauses takes few of them out, and looks for
    /// none.
    order: BinaryHeap<(Rank, Reverse<TrialId>)>,
}

/// The order follows from the rewards.
impl PartialEq for PausedRewards {
    fn eq(&self, other: &Self) -> bool {
        self.rewards == other.rewards
    }
}

impl PausedRewards {
    /// Sets the trial's reward, or takes note that it has none.
    pub(super) fn set(&mut self, trial: TrialId, reward: Option<f64>) {
        let Ok(index) = usize::try_from(trial.0) else { return };
        let reward = reward.map(Rank::of);
        if let Some(reward) = reward {
            self.order.push((reward, Reverse(trial)));
            if self.rewards.len() <= index {
                self.rewards.resize(index + 1, None);
            }
        }
        if let Some(place) = self.rewards.get_mut(index) {
            *place = reward;
        }
        while self.order.peek().is_some_and(|&(reward, Reverse(trial))| !self.counts(trial, reward)) {
            self.order.pop();
        }
    }

    /// The best of them.
    pub(super) fn best(&self) -> Option<Best> {
        self.order.peek().map(|&(rank, Reverse(trial))| Best { trial, reward: rank.number() })
    }

    fn counts(&self, trial: TrialId, reward: Rank) -> bool {
        self.rewards.get(trial.0 as usize).is_some_and(|known| *known == Some(reward))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_is_the_greatest_reward_that_counts(
            steps in prop::collection::vec((0..6_u64, prop::option::of(0..4_u8)), 0..100),
        ) {
            let (mut paused, mut rewards) = (PausedRewards::default(), [None; 6]);
            for (trial, reward) in steps {
                let reward = reward.map(f64::from);
                paused.set(TrialId(trial), reward);
                rewards[trial as usize] = reward;
                let candidates = (0..).zip(rewards).filter_map(|(trial, reward)| {
                    Some(Best { trial: TrialId(trial), reward: reward? })
                });
                prop_assert_eq!(paused.best(), candidates.reduce(Best::or_better));
            }
        }
    }
}
