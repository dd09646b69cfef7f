//! Exponential, logarithm and hyperbolic tangent, from additions, multiplications and divisions only.
//!
//! IEEE 754 rounds these exactly, so the results are the same bits on every machine and in the sandbox; those of a
//! platform's own functions are not. There are no branches, so the compiler turns loops over them into vector code.

/// Half the range of the exponent: what `f32` can scale by in one step, with room to spare.
const EXPONENT_MAX: f32 = 87.0;

/// Adding and subtracting this rounds a small number to the nearest integer.
const ROUNDING: f32 = 12_582_912.0;

/// e^x, with an error of a few units in the last place; x is clamped to ±87, where the result is near the ends of `f32`.
#[inline]
pub fn exponential(x: f32) -> f32 {
    let x = x.clamp(-EXPONENT_MAX, EXPONENT_MAX);
    // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, the first of few bits, so that n times it is exact.
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let n = shifted - ROUNDING;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let series = 1.0
        + r * (1.0 + r * (0.5 + r * (1.666_666_5e-1 + r * (4.166_579_6e-2 + r * (8.333_452e-3 + r * 1.398_199_9e-3)))));
    // The low bits of the shifted number are n in two's complement; moved into the exponent's place they are 2^n.
    let power = f32::from_bits((shifted.to_bits().wrapping_sub(ROUNDING.to_bits()).wrapping_add(127)) << 23);
    series * power
}

/// The natural logarithm of a positive normal number, to about 1e-7.
#[inline]
pub fn logarithm(x: f32) -> f32 {
    // x = 2^n f with f from 2/3 to 4/3; ln f = 2 artanh((f - 1) / (f + 1)).
    const TWO_THIRDS: u32 = 0x3f2a_aaab;
    let shifted = x.to_bits().wrapping_sub(TWO_THIRDS) as i32;
    let n = (shifted >> 23) as f32;
    let fraction = f32::from_bits(x.to_bits().wrapping_sub((shifted & !0x007f_ffff) as u32));
    let ratio = (fraction - 1.0) / (fraction + 1.0);
    let square = ratio * ratio;
    let series =
        1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square * (1.0 / 9.0 + square / 11.0))));
    2.0 * ratio * series + n * std::f32::consts::LN_2
}

/// The hyperbolic tangent, to about 1e-7.
#[inline]
pub fn tangent(x: f32) -> f32 {
    1.0 - 2.0 / (exponential(2.0 * x) + 1.0)
}

/// x where it is positive and normal, else 0, also for what is no number.
#[inline]
pub fn positive_part(x: f32) -> f32 {
    // Compared with 0 it would be a maximum, of which the compiler makes no vector code for WebAssembly.
    if x >= f32::MIN_POSITIVE { x } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(from: f32, to: f32, ours: fn(f32) -> f32, exact: fn(f64) -> f64, relative: bool) -> f64 {
        (0..=100_000)
            .map(|step| from + (to - from) * step as f32 / 100_000.0)
            .map(|x| {
                let (ours, exact) = (f64::from(ours(x)), exact(f64::from(x)));
                (ours - exact).abs() / if relative { exact.abs() } else { 1.0 }
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn functions_agree_with_the_platform() {
        assert!(worst(-80.0, 80.0, exponential, f64::exp, true) < 3e-7);
        assert!(worst(1e-3, 50.0, logarithm, f64::ln, false) < 5e-7);
        assert!(worst(-12.0, 12.0, tangent, f64::tanh, false) < 3e-7);
    }

    #[test]
    fn the_positive_part_is_never_negative() {
        let parts = [-1.0, -0.0, 0.0, 1.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN].map(positive_part);
        assert_eq!(parts, [0.0, 0.0, 0.0, 1.5, f32::INFINITY, 0.0, 0.0]);
    }

    #[test]
    fn ends_are_safe() {
        assert!(exponential(f32::NEG_INFINITY) > 0.0);
        assert!(exponential(f32::INFINITY).is_finite());
        assert_eq!((tangent(-100.0), tangent(0.0), tangent(100.0)), (-1.0, 0.0, 1.0));
    }
}
