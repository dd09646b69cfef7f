//! The search space and the made-up accuracy. The guest `toy-wasi` shares this file.

use trialbox_guest::{Arguments, Random};

/// What is searched. Neither parameter has an effect: every order of the trials is luck.
#[derive(Arguments)]
pub(crate) struct Toy {
    /// A learning rate, in name only.
    #[real(1e-3..=1e-2, log)]
    pub(crate) lr: f64,
    /// A weight decay, in name only.
    #[real(1e-3..=1e-2)]
    pub(crate) wd: f64,
    #[constant(10)]
    pub(crate) epochs: u64,
}

/// An accuracy after some epochs, counted from 0: it comes near 1 the later, with less and less luck in it.
pub(crate) fn accuracy(epoch: u64, random: &mut Random) -> f64 {
    let epoch = epoch as f64;
    // `libm` computes the same bits on every machine; the platform's own power function doesn't.
    1.0 - libm::pow(1.8, -random.uniform_between(epoch, 2.0 * epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_stays_between_its_bounds() {
        let mut random = Random::new(5);
        for epoch in 0..10 {
            for _ in 0..100 {
                let accuracy = accuracy(epoch, &mut random);
                let epoch = epoch as f64;
                assert!(accuracy >= 1.0 - 1.8_f64.powf(-epoch) - 1e-12);
                assert!(accuracy <= 1.0 - 1.8_f64.powf(-2.0 * epoch) + 1e-12);
            }
        }
    }

    #[test]
    fn the_search_space_is_declared() {
        let names: Vec<String> =
            trialbox_guest::describe::<Toy>().into_iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, ["lr", "wd", "epochs"]);
    }
}
