//! Guests that want all the memory there is.

use std::task::Poll;

use trialbox::sandbox::component::ComponentError;
use trialbox::study::{Limit, Outcome};

use super::exceeded;
use super::support::guest::Guest;
use super::support::run::{Setting, begin, program, run, run_program, run_with, try_program};

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

#[test]
fn a_table_of_more_elements_than_can_be_numbered_is_no_module() {
    for table in ["(table 4294967296 funcref)", "(table i64 4294967296 funcref)", "(table 2 1 funcref)"] {
        let text = format!("(component (core module {table}))");
        let Ok(bytes) = wat::parse_str(&text) else { continue };
        assert!(matches!(try_program(&bytes), Err(ComponentError::Invalid(_))), "{table}");
    }
    // As bytes, which no text gives: the least number of elements is 2^32, in LEB128.
    let module = b"\0asm\x01\0\0\0\x04\x08\x01\x70\x00\x80\x80\x80\x80\x10";
    let component = [&b"\0asm\x0d\0\x01\0\x01"[..], &[u8::try_from(module.len()).unwrap()], module].concat();
    assert!(matches!(try_program(&component), Err(ComponentError::Invalid(_))));
}

#[test]
fn ten_thousand_instances_end_the_trial_before_it_begins() {
    let instances = "(core instance (instantiate $m))".repeat(10_000);
    let component = Guest::new().beside(&format!("(component (core module $m) {instances})")).component();
    match try_program(&component) {
        Ok(program) => assert_eq!(run_program(&program, &Setting::default()).outcome, exceeded(Limit::InstancesMax)),
        Err(error) => {
            assert!(matches!(&error, ComponentError::Invalid(message) if message.contains("instances")), "{error}");
        }
    }
}

#[test]
fn memories_that_grow_in_turns_share_one_limit() {
    // 2 pages to begin with, and then one for either in turn, until together they have what there is.
    let guest = |turns: u32| {
        let mut guest = Guest::new();
        let report = guest.report(&[]);
        guest.memory("(memory (export \"memory\") 2)").part("(memory $other 0)").train(format!(
            "(local $i i32)
             (loop $next
               (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
               (if (i32.eq (memory.grow $other (i32.const 1)) (i32.const -1)) (then (unreachable)))
               {report}
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $i) (i32.const {turns}))))"
        ))
    };
    let ran = run_with(&guest(6).component(), &memory(MIB));
    assert_eq!((ran.outcome, ran.reports.len()), (Outcome::Completed, 6));
    let ran = run_with(&guest(100).component(), &memory(MIB));
    assert_eq!((ran.outcome, ran.reports.len()), (exceeded(Limit::MemoryBytesMax), 6));
}

#[test]
fn instances_that_grow_in_turns_share_one_limit() {
    // Every second instance is of another module; each takes 4 pages, so the fourth has no room in a mebibyte.
    let grower = |name: &str, pages: u32| {
        format!(
            "(core module {name} (memory 1)
               (func $begin (if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then (unreachable))))
               (start $begin))"
        )
    };
    let turns = |count: usize| {
        let instances: String = (0..count)
            .map(|index| format!("(core instance (instantiate {}))", ["$one", "$other"][index % 2]))
            .collect();
        let text = format!("(component {} {} {instances})", grower("$one", 3), grower("$other", 3));
        run_with(&Guest::new().beside(&text).component(), &memory(MIB)).outcome
    };
    assert_eq!(turns(3), Outcome::Completed);
    assert_eq!(turns(4), exceeded(Limit::MemoryBytesMax));
}

#[test]
fn trials_that_grow_in_turns_take_nothing_from_each_others_limits() {
    let mut guest = Guest::new();
    let report = guest.report(&[]);
    let program = program(
        &guest
            .memory("(memory (export \"memory\") 2)")
            .train(format!(
                "(loop $next
                   (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
                   {report} (br $next))"
            ))
            .component(),
    );
    let alone = run_program(&program, &memory(MIB));
    assert_eq!(alone.outcome, exceeded(Limit::MemoryBytesMax));
    let mut trials: Vec<_> = (0..8).map(|_| begin(&program, &memory(MIB))).collect();
    while !trials.is_empty() {
        trials.retain_mut(|trial| match trial.step() {
            Poll::Pending => true,
            Poll::Ready(ended) => {
                assert_eq!((&ended.outcome, ended.fuel.0), (&alone.outcome, alone.fuel));
                assert_eq!(trial.heard.lock().unwrap().reports, alone.reports);
                false
            }
        });
    }
}
