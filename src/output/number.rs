//! Numbers for people: rewards, counts and times.

use crate::numeric::amount::{FUEL_PER_VIRTUAL_SECOND, Fuel};
use crate::space::Value;

/// A real number: as it is if that is short, or else six significant digits.
pub(super) fn real(number: f64) -> String {
    const SHORT: usize = 8;
    let exact = Value::Real(number).to_string();
    if exact.len() <= SHORT || !number.is_finite() {
        return exact;
    }
    let magnitude = number.abs();
    if !(1e-4..1e6).contains(&magnitude) {
        return format!("{number:.5e}");
    }
    // Five decimals below 10, one less for each digit before the point.
    let digits_before = [10.0, 1e2, 1e3, 1e4, 1e5].iter().filter(|&&bound| magnitude >= bound).count();
    let text = format!("{number:.*}", 5 - digits_before);
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value of a configuration.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Real(number) => real(*number),
        Value::Text(text) => super::sanitize::printable(text, 40),
        other => other.to_string(),
    }
}

/// A count with a decimal prefix: `950`, `1.2k`, `3.4G`.
pub(super) fn count(count: u64) -> String {
    const PREFIXES: [(u64, &str); 6] = [
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    match PREFIXES.iter().find(|(unit, _)| count >= *unit) {
        // Cut, not rounded, so that 999 999 does not become 1000.0k.
        Some((unit, prefix)) => format!("{}.{}{prefix}", count / unit, count % unit / (unit / 10)),
        None => count.to_string(),
    }
}

/// Bytes with a binary prefix: `950 B`, `1.2 KiB`, `3.4 MiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const PREFIXES: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match PREFIXES.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, prefix)) => format!("{}.{} {prefix}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

/// Fuel as virtual time, always in virtual seconds, as `time_out` is.
pub(super) fn virtual_time(fuel: Fuel) -> String {
    let seconds = fuel.0 as f64 / FUEL_PER_VIRTUAL_SECOND as f64;
    if seconds < 0.0995 { format!("{seconds:.4} virtual s") } else { format!("{seconds:.1} virtual s") }
}

/// A time that is only roughly known, in two units at most.
pub(super) fn about(seconds: f64) -> String {
    // Up, so that nothing is left only when nothing is. The cast saturates, and takes NaN to 0.
    let whole = seconds.ceil() as u64;
    match whole {
        0..100 => format!("{whole} s"),
        100..3_600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3_600..86_400 => format!("{} h {:02} min", whole / 3_600, whole % 3_600 / 60),
        _ => format!("{} d {:02} h", whole / 86_400, whole % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_times_are_in_seconds() {
        assert_eq!(virtual_time(Fuel(1_234_567)), "0.0012 virtual s");
        assert_eq!(virtual_time(Fuel(1_234_567_890_123)), "1234.6 virtual s");
    }

    #[test]
    fn numbers_are_short() {
        for (number, expected) in [
            (0.9644, "0.9644"),
            (0.964_466_666_6, "0.96447"),
            (0.999_999_99, "1"),
            (-12.345_678_9, "-12.3457"),
            (123_456.789, "123457"),
            (1e-7, "1e-7"),
            (1.234_567_89e-7, "1.23457e-7"),
            (1.0, "1.0"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(real(number), expected);
        }
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1.0k"), (999_999, "999.9k"), (3_400_000_000, "3.4G"), (u64::MAX, "18.4E")]
        {
            assert_eq!(count(number), expected);
        }
        for (size, expected) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (u64::MAX, "16777215.9 TiB")] {
            assert_eq!(bytes(size), expected);
        }
        for (time, expected) in [
            (0.0, "0 s"),
            (0.001, "1 s"),
            (99.5, "1 min 40 s"),
            (3_599.9, "1 h 00 min"),
            (90_000.0, "1 d 01 h"),
            (1e300, "213503982334601 d 07 h"),
        ] {
            assert_eq!(about(time), expected);
        }
    }
}
