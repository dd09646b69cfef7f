//! `#[derive(Choice)]`: an enum of alternatives, each with parameters of its own.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Variant};

use crate::parameter::{self, Parameter, VariantOptions};

/// A variant, read.
struct Alternative<'a> {
    variant: &'a Variant,
    name: LitStr,
    content: Content<'a>,
}

enum Content<'a> {
    Nothing,
    Parameters(Vec<Parameter>),
    Struct(&'a syn::Type),
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`Choice` is derived for enums; a struct of parameters derives `Arguments`",
        ));
    };
    if data.variants.is_empty() {
        return Err(Error::new(input.ident.span(), "a choice needs at least one variant"));
    }
    let (alternatives, default) = read(data.variants.iter())?;
    Ok(implementation(input, &alternatives, default))
}

/// Reads the variants; the number is that of the default.
fn read<'a>(variants: impl Iterator<Item = &'a Variant>) -> syn::Result<(Vec<Alternative<'a>>, Option<usize>)> {
    let mut alternatives: Vec<Alternative<'a>> = Vec::new();
    let mut default = None;
    let mut errors: Option<Error> = None;
    for variant in variants {
        let alternative = VariantOptions::from_attributes(&variant.attrs).and_then(|options| {
            if let Some(span) = options.default
                && default.replace(alternatives.len()).is_some()
            {
                return Err(Error::new(span, "there is a default variant already"));
            }
            let name = match options.name {
                Some(name) => name,
                None => LitStr::new(&snake_case(&variant.ident.unraw().to_string()), variant.ident.span()),
            };
            if alternatives.iter().any(|twin| twin.name.value() == name.value()) {
                return Err(Error::new(name.span(), format!("two variants are named `{}`", name.value())));
            }
            Ok(Alternative { variant, name, content: content(variant)? })
        });
        match alternative {
            Ok(alternative) => alternatives.push(alternative),
            Err(error) => parameter::combine(&mut errors, error),
        }
    }
    match errors {
        Some(errors) => Err(errors),
        None => Ok((alternatives, default)),
    }
}

fn content(variant: &Variant) -> syn::Result<Content<'_>> {
    match &variant.fields {
        Fields::Unit => Ok(Content::Nothing),
        Fields::Named(_) => parameter::from_fields(&variant.fields).map(Content::Parameters),
        Fields::Unnamed(fields) => match fields.unnamed.first() {
            Some(field) if fields.unnamed.len() == 1 => Ok(Content::Struct(&field.ty)),
            _ => Err(Error::new(
                fields.span(),
                "expected named fields, or one struct that derives `Arguments` in the parentheses",
            )),
        },
    }
}

fn implementation(input: &DeriveInput, alternatives: &[Alternative<'_>], default: Option<usize>) -> TokenStream {
    let name = &input.ident;
    let (generics, type_generics, bounds) = input.generics.split_for_impl();
    let names: Vec<&LitStr> = alternatives.iter().map(|alternative| &alternative.name).collect();
    let default = match default {
        Some(index) => {
            let name = names[index];
            quote!(::core::option::Option::Some(::trialbox_guest::Value::Text(::std::string::String::from(#name))))
        }
        None => quote!(::core::option::Option::None),
    };
    let describe = alternatives.iter().enumerate().map(|(index, alternative)| alternative.describe(index));
    let decode = alternatives.iter().map(Alternative::decode);
    quote! {
        #[automatically_derived]
        impl #generics ::trialbox_guest::Choice for #name #type_generics #bounds {
            fn describe(name: &str, scope: &mut ::trialbox_guest::Scope<'_>) {
                scope.choice(
                    name,
                    ::std::vec![#(::trialbox_guest::Value::Text(::std::string::String::from(#names))),*],
                    #default,
                );
                #(#describe)*
            }

            fn decode(
                name: &str,
                config: &::trialbox_guest::Config<'_>,
            ) -> ::core::result::Result<Self, ::trialbox_guest::DecodeError> {
                let alternative = config.alternative_name(name)?;
                match alternative.as_str() {
                    #(#decode)*
                    other => ::core::result::Result::Err(config.unknown_alternative(name, other, &[#(#names),*])),
                }
            }
        }
    }
}

impl Alternative<'_> {
    fn describe(&self, index: usize) -> TokenStream {
        let name = &self.name;
        // No enum has as many variants as would not fit; the compiler would have given up long before.
        let index = index as u32;
        match &self.content {
            Content::Nothing => TokenStream::new(),
            Content::Parameters(parameters) => {
                let parameters = parameters.iter().map(Parameter::describe);
                quote! {{
                    #[allow(unused_variables, unused_mut, reason = "a variant may have no parameters")]
                    let scope = &mut scope.alternative(name, #index, #name);
                    #(#parameters)*
                }}
            }
            Content::Struct(content) => quote_spanned! {content.span()=>
                <#content as ::trialbox_guest::Arguments>::describe(&mut scope.alternative(name, #index, #name));
            },
        }
    }

    fn decode(&self) -> TokenStream {
        let name = &self.name;
        let variant = &self.variant.ident;
        match &self.content {
            Content::Nothing => quote! { #name => ::core::result::Result::Ok(Self::#variant), },
            Content::Parameters(parameters) => {
                let fields = parameters.iter().map(|parameter| &parameter.field);
                let values = parameters.iter().map(Parameter::decode);
                quote! { #name => {
                    #[allow(unused_variables, reason = "a variant may have no parameters")]
                    let config = &config.alternative(name, #name);
                    ::core::result::Result::Ok(Self::#variant { #(#fields: #values),* })
                } }
            }
            Content::Struct(content) => quote_spanned! {content.span()=> #name => {
                <#content as ::trialbox_guest::Arguments>::decode(&config.alternative(name, #name)).map(Self::#variant)
            } },
        }
    }
}

/// `WeightDecay` as `weight_decay`, `L2Norm` as `l2_norm`, `SGD` as `sgd`.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, &character) in characters.iter().enumerate() {
        let begins_word = character.is_uppercase()
            && index > 0
            && characters[index - 1] != '_'
            && (!characters[index - 1].is_uppercase()
                || characters.get(index + 1).is_some_and(|next| next.is_lowercase()));
        if begins_word {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_become_snake_case() {
        for (name, expected) in [
            ("Sgd", "sgd"),
            ("SGD", "sgd"),
            ("WeightDecay", "weight_decay"),
            ("L2Norm", "l2_norm"),
            ("ReLU", "re_lu"),
            ("Adam_W", "adam_w"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
    }
}
