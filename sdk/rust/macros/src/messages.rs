//! What the macros say about mistakes: one line a case, so that a message is changed on purpose only.

use syn::{DeriveInput, ItemFn, parse_quote, parse_str};

fn arguments(fields: &str) -> String {
    let input: DeriveInput = parse_str(&format!("struct Training {{ {fields} }}")).expect("the case is a struct");
    crate::arguments::derive(&input).expect_err("the case is a mistake").to_string()
}

fn choice(variants: &str) -> String {
    let input: DeriveInput = parse_str(&format!("enum Optimiser {{ {variants} }}")).expect("the case is an enum");
    crate::choice::derive(&input).expect_err("the case is a mistake").to_string()
}

#[test]
fn a_field_needs_exactly_one_domain() {
    assert!(
        arguments("rate: f64").starts_with("the parameter `rate` has no domain: expected exactly one of `#[real(…)]`")
    );
    assert!(arguments("#[boolean] #[real(0.0..=1.0)] rate: f64").starts_with("expected exactly one of"));
    assert!(arguments("#[boolean = true] rate: bool").starts_with("expected exactly one of"));
}

#[test]
fn intervals_are_checked() {
    assert_eq!(
        arguments("#[real(0.0..1.0)] rate: f64"),
        "both ends belong to the interval, so write it with `..=`: `1e-4..=1e-1`"
    );
    assert_eq!(
        arguments("#[integer(8..)] units: u32"),
        "both ends belong to the interval, so write it with `..=`: `8..=128`"
    );
    assert_eq!(arguments("#[integer(..=8)] units: u32"), "an interval has both ends, such as `8..=128`");
    assert_eq!(arguments("#[real] rate: f64"), "expected one interval, such as `1e-4..=1e-1`");
    assert_eq!(arguments("#[real(1.0)] rate: f64"), "expected an interval, such as `1e-4..=1e-1`");
    assert_eq!(arguments("#[real(0.0..=1.0, scale = 2)] rate: f64"), "expected `default = …` or `name = …`");
    assert_eq!(arguments("#[real(0.0..=1.0, default = 0.5, default = 1.0)] rate: f64"), "`default` is given twice");
}

#[test]
fn lists_are_checked() {
    assert_eq!(arguments("#[choice(1, 2, 1)] size: u32"), "this value stands in the list already");
    assert_eq!(arguments("#[choice(1, 2, default = 3)] size: u32"), "the default isn't one of the values");
    assert_eq!(
        arguments("#[choice(1, log)] size: u32"),
        "`log` belongs to intervals: `#[real(…)]` and `#[integer(…)]`"
    );
    assert!(arguments("#[choice(Sgd)] kind: Optimiser").starts_with("expected a literal"));
    assert!(
        arguments("#[choice(default = 1)] kind: Optimiser").starts_with("the default of an enum is set on its variant")
    );
    assert_eq!(arguments("#[constant] epochs: u64"), "expected one value: `#[constant(10)]`");
    assert_eq!(arguments("#[nested(3)] layer: Layer"), "`#[nested]` takes no values");
}

#[test]
fn names_are_checked() {
    assert_eq!(
        arguments("#[boolean(name = \"a.b\")] shuffle: bool"),
        "a name consists of letters, digits, `_` and `-`; the `.` separates the parts of nested names"
    );
    assert_eq!(arguments("#[boolean] a: bool, #[boolean(name = \"a\")] b: bool"), "two parameters are named `a`");
    assert_eq!(choice("Adam, #[choice(name = \"adam\")] Other"), "two variants are named `adam`");
}

#[test]
fn variants_are_checked() {
    assert_eq!(choice("#[choice(default)] Adam, #[choice(default)] Sgd"), "there is a default variant already");
    assert_eq!(choice(""), "a choice needs at least one variant");
    assert_eq!(
        choice("Sgd(f64, f64)"),
        "expected named fields, or one struct that derives `Arguments` in the parentheses"
    );
    assert_eq!(
        choice("#[real(0.0..=1.0)] Sgd"),
        "on a variant, expected `#[choice(default)]` or `#[choice(name = \"…\")]`"
    );
}

#[test]
fn several_mistakes_are_shown_at_once() {
    let input: DeriveInput = parse_quote!(
        struct Training {
            a: f64,
            b: f64,
        }
    );
    let error = crate::arguments::derive(&input).expect_err("the case is a mistake");
    assert_eq!(error.into_iter().count(), 2);
}

#[test]
fn derives_name_each_other() {
    let input: DeriveInput = parse_quote!(
        enum Training {
            A,
        }
    );
    let error = crate::arguments::derive(&input).expect_err("the case is a mistake");
    assert_eq!(error.to_string(), "`Arguments` is derived for structs; an enum of alternatives derives `Choice`");
}

#[test]
fn the_training_function_is_checked() {
    let attribute = syn::parse_str("reward_attr = \"accuracy\"").expect("the attribute is right");
    let function: ItemFn = parse_quote!(
        fn train(arguments: Training) {}
    );
    let code = crate::train::expand(&attribute, &function).to_string();
    assert!(code.contains("a training function takes two parameters"), "{code}");
    let wrong =
        syn::parse_str::<crate::train::Attribute>("reward = \"accuracy\"").err().expect("the case is a mistake");
    assert_eq!(wrong.to_string(), "expected `reward_attr`, `time_attr` or `max_t`");
}
