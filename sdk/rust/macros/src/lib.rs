//! The macros of `trialbox-guest`: `#[derive(Arguments)]`, `#[derive(Choice)]` and `#[train]`.
//!
//! `parameter` reads the attributes of one field, `arguments` and `choice` turn a struct or an enum into implementations
//! of the crate's traits, `train` makes a function the component's export. Every mistake is reported at its place.

mod arguments;
mod choice;
#[cfg(test)]
mod messages;
mod parameter;
mod train;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Makes a struct a search space. Each field has exactly one of these attributes:
///
/// | attribute | type of the field | meaning |
/// |---|---|---|
/// | `#[real(1e-4..=1e-1, log, default = 1e-2)]` | `f64`, `f32` | a real number from an interval |
/// | `#[integer(8..=128, log, default = 32)]` | any integer type | an integer from an interval |
/// | `#[boolean(default = true)]` | `bool` | false or true |
/// | `#[choice(32, 64, 128, default = 64)]` | any of the above, `String` | one of these values |
/// | `#[choice]` | an enum with `#[derive(Choice)]` | one of its variants |
/// | `#[constant(10)]` | any of the above, `String` | this value, which a study may replace |
/// | `#[nested]` | a struct with `#[derive(Arguments)]`, or an array of it | its parameters, named `field.parameter`, `field.0.parameter` |
///
/// `log` and `default` may be left out; without a default it is the middle of the interval (of the logarithms for `log`),
/// false, or the first value. `name = "…"` gives the parameter another name than the field's. The ends of an interval
/// are constant expressions, for integers of the field's own type; both belong to the interval. Mistakes such as an empty
/// interval or a default outside are compile errors.
#[proc_macro_derive(Arguments, attributes(real, integer, boolean, choice, constant, nested))]
pub fn derive_arguments(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    arguments::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum the type of a `#[choice]` parameter, whose values are the variants' names in snake case.
///
/// A variant may have named fields with the attributes of [`Arguments`](derive@Arguments), or one field in parentheses, a
/// struct that derives it. These parameters exist only where the variant is chosen; in the variant `Sgd` of the
/// parameter `optimiser` they are named `optimiser.sgd.…`.
///
/// On a variant, `#[choice(default)]` makes it the default instead of the first one, and `#[choice(name = "…")]` gives the
/// value another name.
#[proc_macro_derive(Choice, attributes(real, integer, boolean, choice, constant, nested))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function the training function of the component.
///
/// The function takes a struct that derives [`Arguments`](derive@Arguments) and a `&Reporter`, and returns `()` or
/// `Result<(), E>` where `E` implements `Display`. An error is recorded as the reason why the trial failed.
///
/// `reward_attr = "…"` names the attribute of a report that is to be maximised, `time_attr = "…"` the one that counts the
/// resource spent (a positive integer such as the epoch, from 1), `max_t = …` the largest value that it takes. All may be
/// left out, and the study may replace them. A component has one training function.
#[proc_macro_attribute]
pub fn train(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let attribute = parse_macro_input!(attribute as train::Attribute);
    let function = parse_macro_input!(item as ItemFn);
    train::expand(&attribute, &function).into()
}
