//! The schedulers and searchers of study files, one file each: its options for the reference, how they are read, and what can be
//! wrong or unwise about them.
//!
//! A further one is a file here, a line in [`SCHEDULERS`] or [`SEARCHERS`], and its variant in the specification. `family` chooses
//! among them by `type`; `reference` takes their options from here.

mod auto;
mod bayesopt;
mod constrained_bayesopt;
mod family;
mod fifo;
mod grid;
mod hyperband;
mod random;
mod rl;

use std::collections::BTreeMap;
use std::fmt;

pub(super) use family::Family;

use super::error::{Problem, Span};
use super::reader::{Item, TableReader};
use super::reference::Row;
use crate::study::{Description, SpecError, StudySpec};

/// What `type` may be under `[scheduler]`.
pub(super) static SCHEDULERS: Family =
    Family { name: "scheduler", kinds: &[&fifo::Fifo, &hyperband::Hyperband, &rl::Rl], planned: &[] };

/// What `type` may be under `[searcher]`.
pub(super) static SEARCHERS: Family = Family {
    name: "searcher",
    kinds: &[
        &auto::Auto,
        &random::Random,
        &grid::Grid,
        &bayesopt::Bayesopt,
        &constrained_bayesopt::ConstrainedBayesopt,
        &rl::RlSearcher,
    ],
    planned: &[],
};

/// The option that the searchers share which may begin with the default configuration.
const FIRST_IS_DEFAULT: Row = (
    "first_is_default",
    "boolean",
    "true",
    "`auto`, `random`, `bayesopt` and `constrained_bayesopt`: whether the first trial has the default configuration.",
);

/// A scheduler or a searcher, as study files have it.
pub(super) trait Kind: fmt::Debug + Sync {
    /// What `type` says.
    fn name(&self) -> &'static str;

    /// What it does, to go on with after its name.
    fn summary(&self) -> &'static str;

    /// The options that it has besides those of every kind, in the order of the reference. Kinds may share an option; the
    /// reference has the row of the first.
    fn options(&self) -> &'static [Row] {
        &[]
    }

    /// Takes its options out of the section, and puts them with itself into the specification.
    fn read(&self, table: &mut TableReader<'_>, spec: &mut StudySpec, problems: &mut Vec<Problem>);

    /// The problem that something of this kind stands where its name belongs, if that is what the item has.
    fn mistaken(&self, _item: &Item<'_>) -> Option<Problem> {
        None
    }

    /// Fills in what follows from the study's space and metrics, or from what its component says of itself. All else of the
    /// specification is there by then.
    fn complete(
        &self,
        _spec: &mut StudySpec,
        _places: &Places,
        _description: Option<&Description>,
    ) -> Result<(), Problem> {
        Ok(())
    }

    /// The error with its place, if it is about options of this kind.
    fn problem(&self, _error: &SpecError, _places: &Places) -> Option<Problem> {
        None
    }

    /// What is well formed, but probably not meant.
    fn warnings(&self, _spec: &StudySpec, _places: &Places, _description: Option<&Description>) -> Vec<Problem> {
        Vec::new()
    }
}

/// Where a study file speaks of a kind.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The heading of its section.
    section: Span,
    /// The value of each of its options that is given.
    given: BTreeMap<&'static str, Span>,
}

/// The kind that a study file has chosen.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    kind: &'static dyn Kind,
    places: Places,
}

impl Places {
    fn of(kind: &dyn Kind, table: &TableReader<'_>) -> Self {
        let place = |name| Some((name, table.left(&[name]).next()?.span.clone()));
        Self { section: table.place(), given: family::option_names(kind).filter_map(place).collect() }
    }

    fn is_given(&self, option: &str) -> bool {
        self.given.contains_key(option)
    }

    /// The place of the first of these options that is given, or else that of the section.
    fn of_first(&self, options: &[&str]) -> Span {
        options.iter().find_map(|option| self.given.get(option)).unwrap_or(&self.section).clone()
    }
}

impl Chosen {
    /// As [`Kind::complete`].
    pub(super) fn complete(&self, spec: &mut StudySpec, description: Option<&Description>) -> Result<(), Problem> {
        self.kind.complete(spec, &self.places, description)
    }

    /// As [`Kind::problem`].
    pub(super) fn problem(&self, error: &SpecError) -> Option<Problem> {
        self.kind.problem(error, &self.places)
    }

    /// As [`Kind::warnings`].
    pub(super) fn warnings(&self, spec: &StudySpec, description: Option<&Description>) -> Vec<Problem> {
        self.kind.warnings(spec, &self.places, description)
    }
}
