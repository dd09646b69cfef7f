//! One parameter: a field with one attribute that says what values it may take.
//!
//! Reads the attribute and makes the code that describes the parameter and the code that decodes it. `arguments` and
//! `choice` put this code into their implementations.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Field, Fields, Ident, Lit, LitStr, Meta, RangeLimits, Token, Type, UnOp};

/// The attributes, one of which a field must have.
const KINDS: &[&str] = &["real", "integer", "boolean", "choice", "constant", "nested"];

const EXPECTED: &str = "expected exactly one of `#[real(…)]`, `#[integer(…)]`, `#[boolean]`, `#[choice]`, `#[choice(…)]`, \
                        `#[constant(…)]`, `#[nested]`, which says what values the parameter may take";

/// A field of a struct or of a variant.
pub(crate) struct Parameter {
    /// The field's own name.
    pub(crate) field: Ident,
    /// The parameter's name.
    name: LitStr,
    kind: Kind,
    field_type: Type,
    /// Where mistakes in the attribute are shown.
    span: Span,
}

enum Kind {
    Real(Interval),
    Integer(Interval),
    Boolean { default: Option<Expr> },
    Values { values: Vec<Expr>, default: Option<Expr> },
    Alternatives,
    Constant(Expr),
    Nested,
}

struct Interval {
    lower: Expr,
    upper: Expr,
    log: bool,
    default: Option<Expr>,
}

/// The arguments of an attribute: values by position, then `log`, `default = …` and `name = …` in any order.
#[derive(Default)]
struct Options {
    values: Vec<Expr>,
    log: Option<Span>,
    default: Option<Expr>,
    name: Option<LitStr>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            if input.peek(Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
                let key: Ident = input.parse()?;
                input.parse::<Token![=]>()?;
                let is_twice = match key.to_string().as_str() {
                    "default" => options.default.replace(input.parse()?).is_some(),
                    "name" => options.name.replace(input.parse()?).is_some(),
                    _ => return Err(Error::new(key.span(), "expected `default = …` or `name = …`")),
                };
                if is_twice {
                    return Err(Error::new(key.span(), format!("`{key}` is given twice")));
                }
            } else if input.peek(Ident) && input.fork().parse::<Ident>()? == "log" && !input.peek2(Token![::]) {
                options.log = Some(input.parse::<Ident>()?.span());
            } else {
                options.values.push(input.parse()?);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// The parameters among named fields.
pub(crate) fn from_fields(fields: &Fields) -> syn::Result<Vec<Parameter>> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut errors: Option<Error> = None;
    for field in fields {
        match Parameter::from_field(field) {
            Ok(parameter) => {
                if let Some(twin) = parameters.iter().find(|twin| twin.name.value() == parameter.name.value()) {
                    let text = format!("two parameters are named `{}`", twin.name.value());
                    combine(&mut errors, Error::new(parameter.name.span(), text));
                }
                parameters.push(parameter);
            }
            Err(error) => combine(&mut errors, error),
        }
    }
    match errors {
        Some(errors) => Err(errors),
        None => Ok(parameters),
    }
}

/// Collects mistakes, so that all are shown at once.
pub(crate) fn combine(errors: &mut Option<Error>, error: Error) {
    match errors {
        Some(errors) => errors.combine(error),
        None => *errors = Some(error),
    }
}

/// Whether an attribute is one of ours.
pub(crate) fn is_parameter_attribute(attribute: &Attribute) -> bool {
    KINDS.iter().any(|kind| attribute.path().is_ident(kind))
}

/// Checks a name that was written by hand: it becomes a part of a dotted name.
pub(crate) fn check_name(name: &LitStr) -> syn::Result<()> {
    let text = name.value();
    let is_plain =
        !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character));
    if is_plain {
        Ok(())
    } else {
        Err(Error::new(
            name.span(),
            "a name consists of letters, digits, `_` and `-`; the `.` separates the parts of nested names",
        ))
    }
}

impl Parameter {
    fn from_field(field: &Field) -> syn::Result<Self> {
        let Some(identifier) = field.ident.clone() else {
            return Err(Error::new(field.span(), "a parameter needs a named field, as its name is the parameter's"));
        };
        let mut attributes = field.attrs.iter().filter(|attribute| is_parameter_attribute(attribute));
        let Some(attribute) = attributes.next() else {
            return Err(Error::new(
                identifier.span(),
                format!("the parameter `{identifier}` has no domain: {EXPECTED}"),
            ));
        };
        if let Some(second) = attributes.next() {
            return Err(Error::new(second.span(), EXPECTED));
        }
        let options = match &attribute.meta {
            Meta::Path(_) => Options::default(),
            Meta::List(list) => list.parse_args()?,
            Meta::NameValue(pair) => return Err(Error::new(pair.span(), EXPECTED)),
        };
        let name = match &options.name {
            Some(name) => {
                check_name(name)?;
                name.clone()
            }
            None => LitStr::new(&identifier.unraw().to_string(), identifier.span()),
        };
        let kind = Kind::new(attribute, options)?;
        Ok(Self { field: identifier, name, kind, field_type: field.ty.clone(), span: attribute.meta.span() })
    }

    /// The statements that add the parameter to `scope`.
    pub(crate) fn describe(&self) -> TokenStream {
        let Self { name, field_type, span, .. } = self;
        match &self.kind {
            Kind::Real(interval) => {
                self.describe_interval(interval, &quote!(f64), &quote!(real), &quote!(RealParameter))
            }
            Kind::Integer(interval) => {
                self.describe_interval(interval, &quote!(#field_type), &quote!(integer), &quote!(IntegerParameter))
            }
            Kind::Boolean { default } => {
                let check = self.check_type(&quote!(BooleanParameter));
                let default = option(default.as_ref());
                quote! { #check scope.boolean(#name, #default); }
            }
            Kind::Values { values, default } => {
                let check = self.check_type(&quote!(ParameterValue));
                let values = values.iter().map(|value| self.value(value));
                let default = option(default.as_ref().map(|default| self.value(default)));
                quote! { #check scope.choice(#name, ::std::vec![#(#values),*], #default); }
            }
            Kind::Alternatives => {
                quote_spanned! {field_type.span()=> <#field_type as ::trialbox_guest::Choice>::describe(#name, scope); }
            }
            Kind::Constant(value) => {
                let check = self.check_type(&quote!(ParameterValue));
                let value = self.value(value);
                quote_spanned! {*span=> #check scope.constant(#name, #value); }
            }
            Kind::Nested => quote_spanned! {field_type.span()=>
                <#field_type as ::trialbox_guest::Arguments>::describe(&mut scope.nested(#name));
            },
        }
    }

    /// The expression that reads the parameter from `config`.
    pub(crate) fn decode(&self) -> TokenStream {
        let Self { name, field_type, .. } = self;
        match &self.kind {
            Kind::Alternatives => {
                quote_spanned! {field_type.span()=> <#field_type as ::trialbox_guest::Choice>::decode(#name, config)? }
            }
            Kind::Nested => quote_spanned! {field_type.span()=>
                <#field_type as ::trialbox_guest::Arguments>::decode(&config.nested(#name))?
            },
            _ => quote_spanned! {field_type.span()=> config.get::<#field_type>(#name)? },
        }
    }

    /// Checks at compile time what the contract demands of an interval.
    fn describe_interval(
        &self,
        interval: &Interval,
        bound: &TokenStream,
        add: &TokenStream,
        kind: &TokenStream,
    ) -> TokenStream {
        let Self { name, span, .. } = self;
        let Interval { lower, upper, log, default } = interval;
        let check = self.check_type(kind);
        let is_integer = matches!(self.kind, Kind::Integer(_));
        let field = self.field.unraw();
        let empty = format!("the interval of `{field}` is empty: its lower end must be less than its upper end");
        let not_positive = format!("the interval of `{field}` must begin above 0, as its logarithm is searched");
        let outside = format!("the default of `{field}` lies outside its interval");
        let zero = if is_integer { quote!(0) } else { quote!(0.0) };
        let mut checks = quote_spanned! {*span=> ::core::assert!(LOWER < UPPER, #empty); };
        if *log {
            checks.extend(quote_spanned! {*span=> ::core::assert!(LOWER > #zero, #not_positive); });
        }
        if is_integer {
            let too_large = format!("the interval of `{field}` must end at most at the largest 64-bit signed integer");
            checks.extend(quote_spanned! {*span=> ::core::assert!(UPPER as i128 <= i64::MAX as i128, #too_large); });
        } else {
            let infinite = format!("the interval of `{field}` must have finite ends");
            checks
                .extend(quote_spanned! {*span=> ::core::assert!(LOWER.is_finite() && UPPER.is_finite(), #infinite); });
        }
        let default = match default {
            Some(default) => {
                checks.extend(
                    quote_spanned! {default.span()=> ::core::assert!(DEFAULT >= LOWER && DEFAULT <= UPPER, #outside); },
                );
                Some(default)
            }
            None => None,
        };
        let default_constant = default.map(|default| quote! { const DEFAULT: #bound = #default; });
        let (lower_value, upper_value, default_value) = if is_integer {
            (quote!(LOWER as i64), quote!(UPPER as i64), option(default.map(|_| quote!(DEFAULT as i64))))
        } else {
            (quote!(LOWER), quote!(UPPER), option(default.map(|_| quote!(DEFAULT))))
        };
        quote! {
            #check
            {
                const LOWER: #bound = #lower;
                const UPPER: #bound = #upper;
                #default_constant
                #[allow(clippy::all, unused_comparisons, reason = "the checks cover every type of number")]
                const _: () = { #checks };
                #[allow(clippy::all, trivial_numeric_casts, reason = "the casts cover every type of number, and the checks their range")]
                scope.#add(#name, #lower_value, #upper_value, #log, #default_value);
            }
        }
    }

    fn check_type(&self, required: &TokenStream) -> TokenStream {
        let field_type = &self.field_type;
        quote_spanned! {field_type.span()=> {
            fn check_type<T: ::trialbox_guest::#required>() {}
            check_type::<#field_type>();
        }}
    }

    /// A value in the field's own type, so that the compiler checks it.
    fn value(&self, value: &Expr) -> TokenStream {
        let field_type = &self.field_type;
        let is_text = matches!(value, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)));
        if is_text {
            quote_spanned! {value.span()=>
                ::trialbox_guest::IntoValue::into_value(<#field_type as ::core::convert::From<&str>>::from(#value))
            }
        } else {
            quote_spanned! {value.span()=> {
                let value: #field_type = #value;
                ::trialbox_guest::IntoValue::into_value(value)
            }}
        }
    }
}

impl Kind {
    fn new(attribute: &Attribute, options: Options) -> syn::Result<Self> {
        let span = attribute.meta.span();
        let name = attribute.path().get_ident().map(Ident::to_string).unwrap_or_default();
        let is_interval = name == "real" || name == "integer";
        if let Some(log) = options.log
            && !is_interval
        {
            return Err(Error::new(log, "`log` belongs to intervals: `#[real(…)]` and `#[integer(…)]`"));
        }
        if let Some(default) = &options.default
            && (name == "constant" || name == "nested")
        {
            return Err(Error::new(default.span(), format!("`#[{name}]` has no default of its own")));
        }
        if let Some(value) = options.values.first()
            && (name == "boolean" || name == "nested")
        {
            return Err(Error::new(value.span(), format!("`#[{name}]` takes no values")));
        }
        match name.as_str() {
            "real" => Ok(Self::Real(Interval::new(span, options, "1e-4..=1e-1")?)),
            "integer" => Ok(Self::Integer(Interval::new(span, options, "8..=128")?)),
            "boolean" => Ok(Self::Boolean { default: options.default }),
            "choice" if options.values.is_empty() => match options.default {
                Some(default) => Err(Error::new(
                    default.span(),
                    "the default of an enum is set on its variant: `#[choice(default)]`; a list of values comes before the default",
                )),
                None => Ok(Self::Alternatives),
            },
            "choice" => Self::values(options),
            "constant" => match <[Expr; 1]>::try_from(options.values) {
                Ok([value]) => Ok(Self::Constant(value)),
                Err(_) => Err(Error::new(span, "expected one value: `#[constant(10)]`")),
            },
            "nested" => Ok(Self::Nested),
            _ => Err(Error::new(span, EXPECTED)),
        }
    }

    fn values(options: Options) -> syn::Result<Self> {
        let mut seen: Vec<String> = Vec::new();
        for value in &options.values {
            let Some(text) = literal(value) else {
                return Err(Error::new(
                    value.span(),
                    "expected a literal: a number, a text, true or false; alternatives with names are an enum that derives `Choice`",
                ));
            };
            if seen.contains(&text) {
                return Err(Error::new(value.span(), "this value stands in the list already"));
            }
            seen.push(text);
        }
        if let Some(default) = &options.default
            && !literal(default).is_some_and(|default| seen.contains(&default))
        {
            return Err(Error::new(default.span(), "the default isn't one of the values"));
        }
        Ok(Self::Values { values: options.values, default: options.default })
    }
}

impl Interval {
    fn new(span: Span, options: Options, example: &str) -> syn::Result<Self> {
        let Ok([value]) = <[Expr; 1]>::try_from(options.values) else {
            return Err(Error::new(span, format!("expected one interval, such as `{example}`")));
        };
        let Expr::Range(range) = value else {
            return Err(Error::new(value.span(), format!("expected an interval, such as `{example}`")));
        };
        let range_span = range.span();
        if matches!(range.limits, RangeLimits::HalfOpen(_)) {
            return Err(Error::new(
                range_span,
                format!("both ends belong to the interval, so write it with `..=`: `{example}`"),
            ));
        }
        let (Some(lower), Some(upper)) = (range.start, range.end) else {
            return Err(Error::new(range_span, format!("an interval has both ends, such as `{example}`")));
        };
        Ok(Self { lower: *lower, upper: *upper, log: options.log.is_some(), default: options.default })
    }
}

/// A text that is equal for equal literals.
fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Some(format!("number {}", number.base10_digits())),
            Lit::Float(number) => Some(match number.base10_parse::<f64>() {
                Ok(number) => format!("number {number}"),
                Err(_) => format!("number {}", number.base10_digits()),
            }),
            Lit::Bool(truth) => Some(format!("truth {}", truth.value)),
            Lit::Str(text) => Some(format!("text {}", text.value())),
            _ => None,
        },
        Expr::Unary(negation) if matches!(negation.op, UnOp::Neg(_)) => literal(&negation.expr)
            .and_then(|text| text.strip_prefix("number ").map(|number| format!("number -{number}"))),
        _ => None,
    }
}

fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The options of `#[choice(…)]` on a variant.
#[derive(Default)]
pub(crate) struct VariantOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<Span>,
}

impl VariantOptions {
    pub(crate) fn from_attributes(attributes: &[Attribute]) -> syn::Result<Self> {
        const EXPECTED: &str = "on a variant, expected `#[choice(default)]` or `#[choice(name = \"…\")]`";
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| is_parameter_attribute(attribute)) {
            if !attribute.path().is_ident("choice") {
                return Err(Error::new(attribute.span(), EXPECTED));
            }
            let parts = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
            for part in parts {
                match &part {
                    Meta::Path(path) if path.is_ident("default") => options.default = Some(path.span()),
                    Meta::NameValue(pair) if pair.path.is_ident("name") => match &pair.value {
                        Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => {
                            let Lit::Str(name) = &literal.lit else { continue };
                            check_name(name)?;
                            options.name = Some(name.clone());
                        }
                        other => return Err(Error::new(other.span(), "expected a text")),
                    },
                    other => return Err(Error::new(other.span(), EXPECTED)),
                }
            }
        }
        Ok(options)
    }
}
