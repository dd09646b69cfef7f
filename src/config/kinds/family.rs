//! Chooses one of several schedulers or searchers by `type`, and tells which options are not its own.

use super::{Chosen, Kind, Places};
use crate::config::error::Problem;
use crate::config::reader::{Item, TableReader, quoted, report};
use crate::study::StudySpec;

/// The schedulers, or the searchers.
#[derive(Debug)]
pub(in crate::config) struct Family {
    /// The name of the section that chooses one, which is also what messages call it.
    pub(in crate::config) name: &'static str,
    /// Those of this release, the one that holds without a `type` first.
    pub(super) kinds: &'static [&'static dyn Kind],
    /// The names of those that other releases have, each with the options that only it has.
    pub(super) planned: &'static [(&'static str, &'static [&'static str])],
}

/// The names of the options that the kind has.
pub(super) fn option_names(kind: &dyn Kind) -> impl Iterator<Item = &'static str> {
    kind.options().iter().map(|&(name, ..)| name)
}

impl Family {
    /// Those of this release, the one that holds without a `type` first.
    pub(in crate::config) fn kinds(&self) -> impl Iterator<Item = &'static dyn Kind> {
        self.kinds.iter().copied()
    }

    fn names(&self) -> Vec<&'static str> {
        self.kinds().map(Kind::name).collect()
    }

    /// Takes `type` and the options of the kind that it names. Options that only others have are reported and gone afterwards.
    pub(in crate::config) fn read(
        &self,
        table: &mut TableReader<'_>,
        spec: &mut StudySpec,
        problems: &mut Vec<Problem>,
    ) -> Option<Chosen> {
        let given = table.take("type");
        let kind = match &given {
            None => self.kinds().next(),
            Some(item) => self.named(item, problems),
        };
        let Some(kind) = kind else {
            // Without a type nobody knows whose the options are.
            table.discard(&self.kinds().flat_map(option_names).collect::<Vec<_>>());
            self.planned.iter().for_each(|(_, options)| table.discard(options));
            return None;
        };
        self.refuse_planned(table, problems);
        self.refuse_foreign(kind, table, problems);
        let chosen = Chosen { kind, places: Places::of(kind, table) };
        kind.read(table, spec, problems);
        Some(chosen)
    }

    fn named(&self, item: &Item<'_>, problems: &mut Vec<Problem>) -> Option<&'static dyn Kind> {
        if let Some(problem) = self.kinds().find_map(|kind| kind.mistaken(item)) {
            return report(problems, problem);
        }
        let names = self.names();
        let given = item.value.as_str().filter(|given| self.planned.iter().any(|(name, _)| name == given));
        if let Some(given) = given {
            let problem = item.problem(&format!("cannot be `{given}`: it is not available in this release"));
            return report(problems, problem.hint(format!("available: {}.", quoted(&names))));
        }
        let name = item.one_of(&names, problems)?;
        self.kinds().find(|kind| kind.name() == name)
    }

    /// Reports options of kinds that this release does not have.
    fn refuse_planned(&self, table: &mut TableReader<'_>, problems: &mut Vec<Problem>) {
        for (name, options) in self.planned {
            for item in table.left(options) {
                let message = format!("`{}` belongs to `{name}`, which is not available in this release", item.path);
                problems.push(Problem::new(item.key_span.clone(), message).hint("leave it out."));
            }
            table.discard(options);
        }
    }

    /// Reports options that other kinds have and this one has not.
    fn refuse_foreign(&self, kind: &dyn Kind, table: &mut TableReader<'_>, problems: &mut Vec<Problem>) {
        let is_own = |name: &&str| option_names(kind).any(|own| own == *name);
        let foreign: Vec<&str> = self.kinds().flat_map(option_names).filter(|name| !is_own(name)).collect();
        for item in table.left(&foreign) {
            let message = format!("the {} `{}` has no option `{}`", self.name, kind.name(), item.key);
            let problem = Problem::new(item.key_span.clone(), message);
            problems.push(problem.hint(format!("it belongs to {}.", self.owners(&item.key))));
        }
        table.discard(&foreign);
    }

    /// The kinds that have the option, as a study file chooses them.
    fn owners(&self, option: &str) -> String {
        let owners = self.kinds().filter(|kind| option_names(*kind).any(|name| name == option));
        owners.map(|kind| format!("`type = \"{}\"`", kind.name())).collect::<Vec<_>>().join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;
    use crate::config::kinds::{SCHEDULERS, SEARCHERS};
    use crate::config::reference::{Row, Section};
    use crate::numeric::digest::Digest;
    use crate::space::Space;

    type NameOf = fn(&StudySpec) -> &'static str;
    const FAMILIES: [(&Family, NameOf); 2] =
        [(&SCHEDULERS, |spec| spec.scheduler.name()), (&SEARCHERS, |spec| spec.searcher.name())];

    fn read(family: &Family, text: &str) -> (StudySpec, Vec<Problem>) {
        let mut spec = StudySpec::new("", Space::new(Vec::new()).unwrap(), Digest::of(b""));
        let table = DeTable::parse(text).unwrap();
        let mut reader = TableReader::new(Section::named(family.name), table.get_ref(), 0..0);
        let mut problems = Vec::new();
        family.read(&mut reader, &mut spec, &mut problems);
        (spec, problems)
    }

    /// A kind with the options that are given.
    #[derive(Debug)]
    struct Made(&'static str, &'static [Row]);

    impl Kind for Made {
        fn name(&self) -> &'static str {
            self.0
        }

        fn summary(&self) -> &'static str {
            "is made up"
        }

        fn options(&self) -> &'static [Row] {
            self.1
        }

        fn read(&self, _: &mut TableReader<'_>, _: &mut StudySpec, _: &mut Vec<Problem>) {}
    }

    #[test]
    fn an_option_that_several_kinds_share_is_refused_elsewhere_and_all_of_them_are_named() {
        const SHARED: &[Row] = &[("shared", "real", "1", "Shared.")];
        let kinds: &[&dyn Kind] = &[&Made("plain", &[]), &Made("one", SHARED), &Made("other", SHARED)];
        let family = Family { name: "searcher", kinds, planned: &[] };
        let hint = "it belongs to `type = \"one\"` or `type = \"other\"`.";
        for (text, hints) in [("shared = 2", vec![hint]), ("type = \"other\"\nshared = 2", vec![])] {
            let problems = read(&family, text).1;
            assert_eq!(problems.iter().filter_map(|problem| problem.hint.as_deref()).collect::<Vec<_>>(), hints);
        }
    }

    #[test]
    fn each_kind_without_options_gives_the_specification_of_its_name() {
        for (family, name_of) in FAMILIES {
            for kind in family.kinds() {
                let (spec, problems) = read(family, &format!("type = \"{}\"", kind.name()));
                assert_eq!((name_of(&spec), problems), (kind.name(), Vec::new()));
            }
        }
    }

    #[test]
    fn without_a_type_the_first_kind_holds_which_is_that_of_programs_too() {
        for (family, name_of) in FAMILIES {
            let default = StudySpec::new("", Space::new(Vec::new()).unwrap(), Digest::of(b""));
            assert_eq!(name_of(&default), family.names()[0]);
            assert_eq!(read(family, ""), (default, Vec::new()));
        }
    }
}
