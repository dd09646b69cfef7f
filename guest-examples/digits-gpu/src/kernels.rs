//! The kernels' sources, with the sizes that they are compiled for.
//!
//! Sizes are constants, so that loops end after a number of turns that can be read off the source: what a kernel costs is estimated
//! from it before it runs. `network` compiles and dispatches them.

use crate::layout::{CLASSES, INPUTS, Sizes};

/// Invocations of a work group in the kernels that have one for each number.
pub const GROUP: usize = 64;
/// Turns of the loops over a batch, at the least. Mesa writes shorter ones out, turn by turn, which takes it seconds; rows that are
/// not there are passed over.
const BATCH_TURNS_MIN: usize = 40;
/// Invocations of a work group of `tally`.
const TALLY_GROUP: usize = 256;

/// A kernel: its function's name, which is that of its file, and its source.
pub struct Source {
    pub name: &'static str,
    text: &'static str,
}

pub const ACTIVATE: Source = Source { name: "activate", text: include_str!("kernels/activate.wgsl") };
pub const JUDGE: Source = Source { name: "judge", text: include_str!("kernels/judge.wgsl") };
pub const DEACTIVATE: Source = Source { name: "deactivate", text: include_str!("kernels/deactivate.wgsl") };
pub const DESCEND: Source = Source { name: "descend", text: include_str!("kernels/descend.wgsl") };
pub const TALLY: Source = Source { name: "tally", text: include_str!("kernels/tally.wgsl") };

impl Source {
    /// The source for a network and its data. The sizes stand behind the file's text, so that its lines keep their numbers.
    pub fn compiled_for(&self, sizes: &Sizes) -> String {
        let Sizes { hidden, batch, is_relu, .. } = sizes;
        let (output_weights, trained) = (sizes.output_weights(), sizes.trained());
        let batch_turns = (*batch).max(BATCH_TURNS_MIN);
        let tally_turns = trained.max(sizes.validation).div_ceil(TALLY_GROUP);
        format!(
            "{}
const INPUTS = {INPUTS}u;
const CLASSES = {CLASSES}u;
const HIDDEN = {hidden}u;
const BATCH = {batch}u;
const BATCH_TURNS = {batch_turns}u;
const IS_RELU = {is_relu};
// Where the weights of the outputs begin.
const OUTPUT_WEIGHTS = {output_weights}u;
// How many places of the order are trained on. Those behind are for validation.
const TRAINED = {trained}u;
const TALLY_TURNS = {tally_turns}u;
// What is noted of the place in the order: where the next batch begins, and where the one began whose gradient is made.
const NEXT = 0u;
const CURRENT = 1u;
",
            self.text
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use naga::valid::{Capabilities, ValidationFlags, Validator};

    const ALL: [Source; 5] = [ACTIVATE, JUDGE, DEACTIVATE, DESCEND, TALLY];

    fn parsed(source: &Source, sizes: &Sizes) -> naga::Module {
        let text = source.compiled_for(sizes);
        let module =
            naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        let checked = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module);
        checked.unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        module
    }

    fn all_sizes() -> impl Iterator<Item = Sizes> {
        [(8, 16, true), (37, 32, false), (128, 64, true), (1, 2000, false)]
            .into_iter()
            .map(|(hidden, batch, is_relu)| Sizes { hidden, batch, is_relu, training: 1347, validation: 450 })
    }

    #[test]
    fn all_kernels_keep_the_rules_at_all_sizes() {
        for sizes in all_sizes() {
            for source in &ALL {
                let module = parsed(source, &sizes);
                assert_eq!(module.entry_points.len(), 1);
                assert_eq!(module.entry_points[0].name, source.name);
            }
        }
    }

    #[test]
    fn groups_have_the_size_that_dispatches_count_with() {
        let sizes = all_sizes().next().unwrap();
        let group = |source: &Source| parsed(source, &sizes).entry_points[0].workgroup_size;
        for source in [ACTIVATE, DEACTIVATE, DESCEND] {
            assert_eq!(group(&source), [GROUP as u32, 1, 1], "{}", source.name);
        }
        assert_eq!(group(&JUDGE), [CLASSES as u32, 1, 1]);
        assert_eq!(group(&TALLY), [TALLY_GROUP as u32, 1, 1]);
    }

    #[test]
    fn no_kernel_binds_more_storage_than_every_device_has() {
        let sizes = all_sizes().next().unwrap();
        for source in &ALL {
            let module = parsed(source, &sizes);
            let is_storage =
                |variable: &naga::GlobalVariable| matches!(variable.space, naga::AddressSpace::Storage { .. });
            let count = module.global_variables.iter().filter(|(_, variable)| is_storage(variable)).count();
            assert!(count <= 8, "{} binds {count}", source.name);
        }
    }

    #[test]
    fn variables_are_numbered_without_a_gap() {
        let sizes = all_sizes().next().unwrap();
        for source in &ALL {
            let module = parsed(source, &sizes);
            let bindings = module.global_variables.iter().filter_map(|(_, variable)| variable.binding);
            let numbers: Vec<(u32, u32)> = bindings.map(|binding| (binding.group, binding.binding)).collect();
            let expected: Vec<(u32, u32)> = (0..numbers.len() as u32).map(|number| (0, number)).collect();
            assert_eq!(numbers, expected, "{}", source.name);
        }
    }
}
