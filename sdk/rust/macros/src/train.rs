//! `#[train]`: makes a function the component's export.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, FnArg, Ident, ItemFn, LitStr, ReturnType, Token, Type};

/// The attribute's arguments.
#[derive(Default)]
pub(crate) struct Attribute {
    reward_attr: Option<LitStr>,
    time_attr: Option<LitStr>,
    max_t: Option<Expr>,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attribute = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let is_twice = match key.to_string().as_str() {
                "reward_attr" => attribute.reward_attr.replace(input.parse()?).is_some(),
                "time_attr" => attribute.time_attr.replace(input.parse()?).is_some(),
                "max_t" => attribute.max_t.replace(input.parse()?).is_some(),
                _ => return Err(Error::new(key.span(), "expected `reward_attr`, `time_attr` or `max_t`")),
            };
            if is_twice {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(attribute)
    }
}

pub(crate) fn expand(attribute: &Attribute, function: &ItemFn) -> TokenStream {
    let export = match export(attribute, function) {
        Ok(export) => export,
        Err(error) => error.into_compile_error(),
    };
    quote! {
        #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the component calls it"))]
        #function
        #export
    }
}

fn export(attribute: &Attribute, function: &ItemFn) -> syn::Result<TokenStream> {
    let arguments = check(function)?;
    let name = &function.sig.ident;
    let reward_attr = option(attribute.reward_attr.as_ref().map(|text| quote!(#text)));
    let time_attr = option(attribute.time_attr.as_ref().map(|text| quote!(#text)));
    let max_t = option(attribute.max_t.as_ref().map(|value| quote!(#value)));
    // The checks are compiled natively, too, so that a mistake shows in a guest's unit tests.
    let output = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) => quote_spanned!(output.span()=> #output),
    };
    let arguments_span = arguments.span();
    let asserts_arguments = quote_spanned!(arguments_span=> fn check_arguments<T: ::trialbox_guest::Arguments>() {} check_arguments::<#arguments>(););
    let asserts_output = quote_spanned!(output.span()=> check_output::<#output>(););
    Ok(quote! {
        const _: () = {
            const SUGGESTIONS: ::trialbox_guest::runtime::Suggestions = ::trialbox_guest::runtime::Suggestions {
                reward_attr: #reward_attr,
                time_attr: #time_attr,
                max_t: #max_t,
            };

            #[allow(dead_code, reason = "the compiler checks its body")]
            fn check() {
                fn check_output<T: ::trialbox_guest::runtime::Outcome>() {}
                #asserts_arguments
                #asserts_output
                let _ = SUGGESTIONS;
            }

            #[cfg(target_family = "wasm")]
            struct Component;

            #[cfg(target_family = "wasm")]
            impl ::trialbox_guest::bindings::exports::trialbox::trial::train::Guest for Component {
                fn describe() -> ::trialbox_guest::bindings::trialbox::trial::types::Description {
                    ::trialbox_guest::runtime::describe::<#arguments>(SUGGESTIONS)
                }

                fn train(
                    arguments: ::trialbox_guest::bindings::trialbox::trial::types::Arguments,
                ) -> ::core::result::Result<(), ::std::string::String> {
                    ::trialbox_guest::runtime::train(arguments, #name)
                }
            }

            #[cfg(target_family = "wasm")]
            ::trialbox_guest::bindings::export_trial!(Component with_types_in ::trialbox_guest::bindings);
        };
    })
}

/// Checks the signature and returns the type of the arguments.
fn check(function: &ItemFn) -> syn::Result<&Type> {
    let signature = &function.sig;
    if let Some(asynchronous) = &signature.asyncness {
        return Err(Error::new(
            asynchronous.span(),
            "a training function isn't async: a report simply returns when the trial may go on",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.generics.span(),
            "a training function isn't generic: the component has exactly one",
        ));
    }
    let mut inputs = signature.inputs.iter();
    match (inputs.next(), inputs.next(), inputs.next()) {
        (Some(FnArg::Typed(arguments)), Some(FnArg::Typed(_)), None) => Ok(&arguments.ty),
        _ => Err(Error::new(
            signature.paren_token.span.join(),
            "a training function takes two parameters: its arguments, a struct that derives `Arguments`, and a `&Reporter`",
        )),
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
