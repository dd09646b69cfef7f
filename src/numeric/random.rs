//! Random draws by name: a stream is a pure function of (seed, purpose, index, draw), so that no generator state is stored, a
//! crash loses nothing, and a new purpose shifts nobody's numbers.
//!
//! The bits are the extended output of BLAKE3 over the name, whose values its specification fixes for good. The mapping of
//! bits to numbers stands here and is part of what a study's digest depends on.

use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};

use super::amount::Seed;

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Drawing a configuration; the index is the trial, the draw the attempt.
    Config,
    /// Choosing among the configurations that remain of a nearly exhausted space; the index is the trial.
    Remainder,
    /// The seed that a trial is given; the index is the trial.
    TrialSeed,
    /// Random bytes that a guest asks of WASI; the index is the trial's seed.
    Guest,
    /// A candidate that a model scores; the index is the trial, the draw the candidate.
    Candidate,
    /// What a model draws from its predictions to score the candidates for a trial, the index.
    Thompson,
    /// Rewards that a model makes up for what is pending; the index is the trial.
    Fantasy,
    /// Where a model's parameters begin to be fitted; the index is the trial, the draw the start.
    FitStart,
    /// The weights with which a controller begins.
    Controller,
    /// What a controller decides for a trial, the index.
    Policy,
    /// The seed of a replicate of a trial; the index is the replicate.
    Replicate,
    /// The seed that a searcher from outside is given.
    Searcher,
    /// At which level a trial's configuration, the index, is to be good.
    Aim,
    /// Configurations near to others, for a trial, the index; the draw counts what they are for.
    Neighbour,
}

impl Purpose {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Config => b"config",
            Self::Remainder => b"remainder",
            Self::TrialSeed => b"trial-seed",
            Self::Guest => b"guest",
            Self::Candidate => b"candidate",
            Self::Thompson => b"thompson",
            Self::Fantasy => b"fantasy",
            Self::FitStart => b"fit-start",
            Self::Controller => b"controller",
            Self::Policy => b"policy",
            Self::Replicate => b"replicate",
            Self::Searcher => b"searcher",
            Self::Aim => b"aim",
            Self::Neighbour => b"neighbour",
        }
    }
}

/// An endless sequence of random bits, named by (seed, purpose, index, draw).
///
/// ```
/// use trialbox::numeric::amount::Seed;
/// use trialbox::numeric::random::{Purpose, Stream};
///
/// let mut stream = Stream::new(Seed(1), Purpose::Config, 0, 0);
/// let again = Stream::new(Seed(1), Purpose::Config, 0, 0).next_u64();
/// assert_eq!(stream.next_u64(), again);
/// ```
#[derive(Debug)]
pub struct Stream {
    output: blake3::OutputReader,
    /// The bits at hand: the extended output comes in blocks.
    block: [u8; BLOCK_BYTES],
    /// How many bytes of the block are used up.
    used: usize,
}

const BLOCK_BYTES: usize = 64;
/// Three numbers and the name of a purpose.
const NAME_BYTES_MAX: usize = 40;

/// What every stream's name begins with, hashed once.
static CONTEXT: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context("trialbox 2026-11 random stream"));

impl Stream {
    /// The stream of that name, from its beginning.
    #[must_use]
    pub fn new(seed: Seed, purpose: Purpose, index: u64, draw: u64) -> Self {
        let mut hasher = blake3::Hasher::new_from_context_key(&CONTEXT);
        let mut name = [0; NAME_BYTES_MAX];
        name[..8].copy_from_slice(&seed.0.to_le_bytes());
        name[8..16].copy_from_slice(&index.to_le_bytes());
        name[16..24].copy_from_slice(&draw.to_le_bytes());
        // Last, because its length varies.
        let end = 24 + purpose.name().len();
        name[24..end].copy_from_slice(purpose.name());
        hasher.update(&name[..end]);
        Self { output: hasher.finalize_xof(), block: [0; BLOCK_BYTES], used: BLOCK_BYTES }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Fills `bytes` with the next bits.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        let at_hand = bytes.len().min(BLOCK_BYTES - self.used);
        let (now, rest) = bytes.split_at_mut(at_hand);
        now.copy_from_slice(&self.block[self.used..self.used + at_hand]);
        self.used += at_hand;
        // Whole blocks go where they belong at once.
        let (blocks, end) = rest.split_at_mut(rest.len() - rest.len() % BLOCK_BYTES);
        self.output.fill(blocks);
        if !end.is_empty() {
            self.output.fill(&mut self.block);
            end.copy_from_slice(&self.block[..end.len()]);
            self.used = end.len();
        }
    }

    /// A number from [0, 1), a multiple of 2⁻⁵³, each equally likely.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number from 0 to `count` − 1, each equally likely (Lemire's multiplication with rejection).
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(&mut self, count: u64) -> u64 {
        assert!(count > 0, "there is no number below 0");
        let threshold = count.wrapping_neg() % count;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(count);
            // The low half decides on rejection, the high half is the result.
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_other_names_differ() {
        let first = |seed, purpose, index, draw| Stream::new(Seed(seed), purpose, index, draw).next_u64();
        let base = first(1, Purpose::Config, 2, 3);
        assert_ne!(base, first(2, Purpose::Config, 2, 3));
        assert_ne!(base, first(1, Purpose::TrialSeed, 2, 3));
        assert_ne!(base, first(1, Purpose::Config, 3, 3));
        assert_ne!(base, first(1, Purpose::Config, 2, 4));
    }

    /// Studies recorded by earlier releases would not verify if this changed.
    #[test]
    fn the_first_numbers_of_a_stream_are_fixed() {
        let mut stream = Stream::new(Seed(31_415_927), Purpose::Config, 0, 0);
        let first: Vec<u64> = (0..3).map(|_| stream.below(1000)).collect();
        assert_eq!(first, FIRST_BELOW_1000);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&stream.uniform())));
    }
    const FIRST_BELOW_1000: [u64; 3] = [381, 426, 144];

    #[test]
    fn below_reaches_every_number() {
        let mut stream = Stream::new(Seed(1), Purpose::Remainder, 0, 0);
        let mut seen = [false; 7];
        for _ in 0..200 {
            seen[stream.below(7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
