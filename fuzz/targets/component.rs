//! x
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| { if bytes.len() > 3 && bytes[0] == b'a' && bytes[1] == b'b' && bytes[2] == b'c' { std::hint::black_box(bytes); } });
