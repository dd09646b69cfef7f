//! `#[derive(Arguments)]`: a struct of parameters.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields};

use crate::parameter;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`Arguments` is derived for structs; an enum of alternatives derives `Choice`",
        ));
    };
    if let Fields::Unnamed(fields) = &data.fields {
        return Err(Error::new(fields.span(), "`Arguments` needs named fields, as their names are the parameters'"));
    }
    let parameters = parameter::from_fields(&data.fields)?;
    let name = &input.ident;
    let (generics, type_generics, bounds) = input.generics.split_for_impl();
    let describe = parameters.iter().map(parameter::Parameter::describe);
    let fields = parameters.iter().map(|parameter| &parameter.field);
    let decode = parameters.iter().map(parameter::Parameter::decode);
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::trialbox_guest::Arguments for #name #type_generics #bounds {
            #[allow(unused_variables, reason = "a struct may have no parameters")]
            fn describe(scope: &mut ::trialbox_guest::Scope<'_>) {
                #(#describe)*
            }

            #[allow(unused_variables, reason = "a struct may have no parameters")]
            fn decode(
                config: &::trialbox_guest::Config<'_>,
            ) -> ::core::result::Result<Self, ::trialbox_guest::DecodeError> {
                ::core::result::Result::Ok(Self { #(#fields: #decode),* })
            }
        }
    })
}
