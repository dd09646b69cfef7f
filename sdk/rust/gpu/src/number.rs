//! What buffers hold: numbers of 32 bits, little-endian as on every GPU.

mod sealed {
    /// Only this crate says what a number on the GPU is.
    pub trait Sealed {}
}

/// A number that shaders know: `f32`, `u32` or `i32`.
pub trait Number: Copy + Default + sealed::Sealed + 'static {
    /// Its name in WGSL.
    const NAME: &'static str;

    /// Its bytes, the lowest first.
    fn to_bytes(self) -> [u8; NUMBER_BYTES];

    /// The number of those bytes.
    fn from_bytes(bytes: [u8; NUMBER_BYTES]) -> Self;
}

/// The size of each of them.
pub(crate) const NUMBER_BYTES: usize = 4;

macro_rules! numbers {
    ($($number:ident),+) => { $(
        impl sealed::Sealed for $number {}

        impl Number for $number {
            const NAME: &'static str = stringify!($number);

            fn to_bytes(self) -> [u8; NUMBER_BYTES] {
                self.to_le_bytes()
            }

            fn from_bytes(bytes: [u8; NUMBER_BYTES]) -> Self {
                Self::from_le_bytes(bytes)
            }
        }
    )+ };
}

numbers!(f32, u32, i32);

/// Appends the bytes of numbers.
pub(crate) fn encode<T: Number>(numbers: &[T], bytes: &mut Vec<u8>) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_bytes()));
}

/// Appends the numbers of bytes. What does not fill a number is left out.
pub(crate) fn decode<T: Number>(bytes: &[u8], numbers: &mut Vec<T>) {
    numbers.extend(bytes.as_chunks().0.iter().map(|bytes| T::from_bytes(*bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_went() {
        fn there_and_back<T: Number>(numbers: &[T]) -> Vec<T> {
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            encode(numbers, &mut bytes);
            decode(&bytes, &mut back);
            back
        }
        assert_eq!(there_and_back(&[0_u32, 1, u32::MAX]), [0, 1, u32::MAX]);
        assert_eq!(there_and_back(&[i32::MIN, -1, 7]), [i32::MIN, -1, 7]);
        let real = there_and_back(&[1.5_f32, -0.0, f32::INFINITY, f32::NAN]);
        assert_eq!(
            real.iter().map(|number| number.to_bits()).collect::<Vec<_>>(),
            [1.5_f32.to_bits(), (-0.0_f32).to_bits(), f32::INFINITY.to_bits(), f32::NAN.to_bits()]
        );
    }

    #[test]
    fn the_lowest_byte_comes_first() {
        let mut bytes = Vec::new();
        encode(&[0x0403_0201_u32], &mut bytes);
        assert_eq!(bytes, [1, 2, 3, 4]);
    }
}
