//! The smallest guest: a made-up accuracy that grows with the epoch.
//!
//! Nothing is trained. It shows what a guest consists of, and makes studies that take no time.

mod curve;

use trialbox_guest::{Reporter, report};

use crate::curve::Toy;

#[trialbox_guest::train(reward_attr = "accuracy", time_attr = "epoch", max_t = 10)]
fn train(arguments: Toy, reporter: &Reporter) {
    let mut random = reporter.random("accuracy");
    for epoch in 0..arguments.epochs {
        let accuracy = curve::accuracy(epoch, &mut random);
        report!(reporter, epoch = epoch + 1, accuracy = accuracy, lr = arguments.lr, wd = arguments.wd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trialbox_guest::Value;

    #[test]
    fn reports_every_epoch() {
        let reporter = Reporter::recording(1);
        train(Toy { lr: 0.005, wd: 0.002, epochs: 10 }, &reporter);
        let epochs: Vec<Value> = reporter.reports().iter().map(|report| report[0].1.clone()).collect();
        assert_eq!(epochs, (1..=10).map(Value::Integer).collect::<Vec<_>>());
    }
}
