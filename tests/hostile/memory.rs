//! Guests that want all the memory there is.

use trialbox::study::{Limit, Outcome};

use super::exceeded;
use super::support::guest::Guest;
use super::support::run::{Setting, run, run_with};

const MIB: u64 = 1 << 20;

/// A setting with so much memory.
fn memory(bytes: u64) -> Setting {
    super::limited(Limit::MemoryBytesMax, bytes)
}

/// Grows page by page until it is told off; it never is.
const GROW: &str = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";

/// A component whose instances each grow a memory of their own by so many pages when they start.
fn growers(instances: usize, pages: u32) -> String {
    let instance = "(core instance (instantiate $grower))".repeat(instances);
    format!(
        "(component
           (core module $grower
             (memory 0)
             (func $begin (if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then (unreachable))))
             (start $begin))
           {instance})"
    )
}

#[test]
fn a_memory_that_grows_for_ever_ends_the_trial_at_the_limit() {
    let component = Guest::new().train(GROW).component();
    assert_eq!(run_with(&component, &memory(16 * MIB)).outcome, exceeded(Limit::MemoryBytesMax));
    // In one step, and in many.
    let component = Guest::new().train("(drop (memory.grow (i32.const 255)))").component();
    assert_eq!(run_with(&component, &memory(16 * MIB)).outcome, exceeded(Limit::MemoryBytesMax));
    let component = Guest::new().train("(drop (memory.grow (i32.const 254)))").component();
    assert_eq!(run_with(&component, &memory(16 * MIB)).outcome, Outcome::Completed);
}

#[test]
fn memory_grows_up_to_the_limit_and_not_a_page_further() {
    let sized = |pages: u32| {
        let guest = Guest::new()
            .memory("(memory (export \"memory\") 2)")
            .train(format!("(drop (memory.grow (i32.const {pages})))"));
        run_with(&guest.component(), &memory(MIB)).outcome
    };
    // The encoder adds no memories, and a table of a few elements at most.
    assert_eq!(sized(13), Outcome::Completed);
    assert_eq!(sized(15), exceeded(Limit::MemoryBytesMax));
}

#[test]
fn a_memorys_own_maximum_is_no_limit_of_the_trials() {
    let guest = Guest::new().memory("(memory (export \"memory\") 2 4)").train(
        "(if (i32.ne (memory.grow (i32.const 3)) (i32.const -1)) (then (unreachable)))
         (if (i32.ne (memory.grow (i32.const 0x7fffffff)) (i32.const -1)) (then (unreachable)))
         (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then (unreachable)))",
    );
    let mut setting = memory(MIB);
    // Asking costs fuel for every page, had or not.
    setting.limits.fuel_max = 10_000_000_000_000;
    assert_eq!(run_with(&guest.component(), &setting).outcome, Outcome::Completed);
}

#[test]
fn growth_that_no_memory_can_do_takes_nothing_from_the_limit() {
    let guest = Guest::new().train(
        "(local $i i32)
         (loop $next
           (if (i32.ne (memory.grow (i32.const 65535)) (i32.const -1)) (then (unreachable)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $i) (i32.const 100))))",
    );
    let mut setting = memory(8 << 30);
    setting.limits.fuel_max = 10_000_000_000;
    assert_eq!(run_with(&guest.component(), &setting).outcome, Outcome::Completed);
}

#[test]
fn the_limit_is_on_the_sum_over_many_memories_of_a_module() {
    let declared: String = (0..20).map(|index| format!("(memory $more{index} 0)")).collect();
    let grown: String = (0..20).map(|index| format!("(drop (memory.grow $more{index} (i32.const 32)))")).collect();
    let component = Guest::new().part(&declared).train(grown).component();
    assert_eq!(run_with(&component, &memory(16 * MIB)).outcome, exceeded(Limit::MemoryBytesMax));
    assert_eq!(run_with(&component, &memory(64 * MIB)).outcome, Outcome::Completed);
}

#[test]
fn the_limit_is_on_the_sum_over_many_instances() {
    let component = Guest::new().beside(&growers(20, 16)).component();
    assert_eq!(run_with(&component, &memory(16 * MIB)).outcome, exceeded(Limit::MemoryBytesMax));
    assert_eq!(run_with(&component, &memory(64 * MIB)).outcome, Outcome::Completed);
}

#[test]
fn a_memory_that_is_huge_from_the_start_is_refused() {
    for pages in [65_536, 65_535, 16_385] {
        let component = Guest::new().memory(&format!("(memory (export \"memory\") {pages})")).component();
        assert_eq!(run(&component).outcome, exceeded(Limit::MemoryBytesMax), "{pages}");
    }
}

#[test]
fn a_table_that_is_huge_from_the_start_is_refused() {
    for elements in [4_294_967_295_u64, 1 << 30, (128 << 20) + 1] {
        let component = Guest::new().part(&format!("(table {elements} funcref)")).component();
        assert_eq!(run(&component).outcome, exceeded(Limit::MemoryBytesMax), "{elements}");
    }
}

#[test]
fn a_table_that_grows_for_ever_ends_the_trial_at_the_limit() {
    for step in ["1000", "0x20000"] {
        let component = Guest::new()
            .part("(table $table 0 funcref)")
            .train(format!(
                "(loop $more
                   (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const {step})) (i32.const -1))))"
            ))
            .component();
        assert_eq!(run_with(&component, &memory(4 * MIB)).outcome, exceeded(Limit::MemoryBytesMax), "{step}");
    }
}

#[test]
fn tables_and_memories_are_counted_together() {
    let component = |pages: u32, elements: u32| {
        Guest::new()
            .part("(table $table 0 funcref)")
            .train(format!(
                "(drop (memory.grow (i32.const {pages})))
                 (drop (table.grow $table (ref.null func) (i32.const {elements})))"
            ))
            .component()
    };
    assert_eq!(run_with(&component(30, 0), &memory(4 * MIB)).outcome, Outcome::Completed);
    assert_eq!(run_with(&component(0, 300_000), &memory(4 * MIB)).outcome, Outcome::Completed);
    assert_eq!(run_with(&component(30, 300_000), &memory(4 * MIB)).outcome, exceeded(Limit::MemoryBytesMax));
}

#[test]
fn too_many_instances_end_the_trial_before_it_begins() {
    let component = Guest::new().beside(&growers(70, 0)).component();
    let ran = run(&component);
    assert_eq!((ran.outcome, ran.fuel), (exceeded(Limit::InstancesMax), 100_000));
    let roomy = super::limited(Limit::InstancesMax, 100);
    assert_eq!(run_with(&component, &roomy).outcome, Outcome::Completed);
}

#[test]
fn too_many_memories_or_tables_in_one_module_end_the_trial_before_it_begins() {
    for declaration in ["(memory 0)", "(table 0 funcref)"] {
        let component = Guest::new().part(&declaration.repeat(70)).component();
        assert_eq!(run(&component).outcome, exceeded(Limit::InstancesMax), "{declaration}");
    }
}
