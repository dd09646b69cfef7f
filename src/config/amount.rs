//! Amounts as people write them: `"512 MiB"`, `"1T"`, `"1h 30m"`. Exact: no float comes near them.

/// The names of units with what one of them is; the empty name is a number alone.
pub(super) type Units = &'static [(&'static str, u128)];

/// Bytes: decimal and binary multiples, told apart as the standards do.
pub(super) const BYTES: Units = &[
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Fuel, and whatever else is merely counted.
pub(super) const COUNT: Units = &[
    ("", 1),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
];

/// Time, in nanoseconds; a number alone would leave open what it counts.
pub(super) const TIME: Units = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// A text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AmountError {
    #[error("it does not begin with a number")]
    NoNumber,
    #[error("it has no unit")]
    NoUnit,
    #[error("`{0}` is not a unit here")]
    UnknownUnit(String),
    #[error("it is not a whole number of the smallest unit")]
    Fraction,
    #[error("it is too large")]
    TooLarge,
}

/// The amount that `text` tells: one or more numbers with units, added up.
pub(super) fn parse(text: &str, units: Units) -> Result<u64, AmountError> {
    let mut rest = text.trim();
    let mut total: u128 = 0;
    loop {
        let (number, after) = split(rest, |letter| letter.is_ascii_digit() || letter == '_' || letter == '.');
        let (unit, after) = split(after.trim_start(), |letter| !letter.is_whitespace() && !letter.is_ascii_digit());
        total = total.checked_add(scaled(number, scale(unit, units)?)?).ok_or(AmountError::TooLarge)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return u64::try_from(total).map_err(|_| AmountError::TooLarge);
        }
    }
}

/// The number of bytes that a text such as `512 MiB` tells, for the command line.
///
/// # Errors
/// Says what is wrong with it.
pub fn bytes(text: &str) -> Result<u64, String> {
    parse(text, BYTES)
        .map_err(|error| format!("{error}; write a number of bytes, or one with a unit out of {}", listed(BYTES)))
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !belongs(letter)).unwrap_or(text.len()))
}

fn scale(unit: &str, units: Units) -> Result<u128, AmountError> {
    // `K` for `k` and the like cannot be anything else, but `m` and `M` could.
    let named = |name: &&(&str, u128)| name.0 == unit;
    let folded = |name: &&(&str, u128)| name.0.eq_ignore_ascii_case(unit);
    let mut near = units.iter().filter(folded);
    match (units.iter().find(named), near.next(), near.next()) {
        (Some(&(_, scale)), ..) | (None, Some(&(_, scale)), None) => Ok(scale),
        _ if unit.is_empty() => Err(AmountError::NoUnit),
        _ => Err(AmountError::UnknownUnit(super::error::shown(unit))),
    }
}

fn scaled(number: &str, scale: u128) -> Result<u128, AmountError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| -> String { text.chars().filter(|&letter| letter != '_').collect() };
    let (whole, fraction) = (digits(whole), digits(fraction));
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() {
        return Err(AmountError::NoNumber);
    }
    let parsed = |text: &str| -> Result<u128, AmountError> {
        if text.contains('.') { Err(AmountError::NoNumber) } else { text.parse().map_err(|_| AmountError::TooLarge) }
    };
    let whole = parsed(&whole)?.checked_mul(scale).ok_or(AmountError::TooLarge)?;
    if fraction.is_empty() {
        return Ok(whole);
    }
    // More decimals than this cannot come out even in any unit.
    let decimals =
        u32::try_from(fraction.len()).ok().filter(|&decimals| decimals <= 18).ok_or(AmountError::Fraction)?;
    let product = parsed(fraction)?.checked_mul(scale).ok_or(AmountError::TooLarge)?;
    let divisor = 10_u128.pow(decimals);
    if product % divisor != 0 {
        return Err(AmountError::Fraction);
    }
    whole.checked_add(product / divisor).ok_or(AmountError::TooLarge)
}

/// The units in a hint.
pub(super) fn listed(units: Units) -> String {
    super::error::listed(
        units.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect::<Vec<_>>().into_iter(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, units, expected) in [
            ("512 MiB", BYTES, Ok(512 << 20)),
            ("1.5GiB", BYTES, Ok(3 << 29)),
            ("64 kb", BYTES, Ok(64_000)),
            ("100", BYTES, Ok(100)),
            ("1T", COUNT, Ok(1_000_000_000_000)),
            ("1_000 k", COUNT, Ok(1_000_000)),
            ("2m", TIME, Ok(120_000_000_000)),
            ("1h 30m", TIME, Ok(5_400_000_000_000)),
            ("1h30m0.5s", TIME, Ok(5_400_500_000_000)),
            ("120", TIME, Err(AmountError::NoUnit)),
            ("", BYTES, Err(AmountError::NoNumber)),
            ("MiB", BYTES, Err(AmountError::NoNumber)),
            ("-1 B", BYTES, Err(AmountError::UnknownUnit("-".into()))),
            ("1.2.3 kB", BYTES, Err(AmountError::NoNumber)),
            ("1 parsec", BYTES, Err(AmountError::UnknownUnit("parsec".into()))),
            ("0.3 B", BYTES, Err(AmountError::Fraction)),
            ("0.0000000000000000000000001 TB", BYTES, Err(AmountError::Fraction)),
            ("99999999999999999999 B", BYTES, Err(AmountError::TooLarge)),
            ("999999999999999999999999999999999999999999 B", BYTES, Err(AmountError::TooLarge)),
        ] {
            assert_eq!(parse(text, units), expected, "{text}");
        }
    }
}
