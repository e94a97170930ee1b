//! Rules of numbers on the wire.

use proptest::prelude::*;

use super::numeric;
use crate::Value;

/// NUMERIC as the server sends it: the digits of `number` in base 10,000.
fn wire(number: i128, fraction: &[i16]) -> Vec<u8> {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        digits.insert(0, i16::try_from(rest % 10_000).unwrap());
        rest /= 10_000;
    }
    let weight = i16::try_from(digits.len()).unwrap() - 1;
    digits.extend_from_slice(fraction);
    // The server leaves out zeros at the end.
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let sign = if number < 0 { 0x4000 } else { 0 };
    [i16::try_from(digits.len()).unwrap(), weight, sign, 0]
        .into_iter()
        .chain(digits)
        .flat_map(i16::to_be_bytes)
        .collect()
}

proptest! {
    #[test]
    fn a_whole_number_is_read_exactly(number: i64) {
        prop_assert_eq!(numeric(&wire(number.into(), &[])).unwrap(), Value::Int(number));
    }

    #[test]
    fn a_number_past_64_bits_is_refused(past in 1_i128..1_000_000_000) {
        let (above, below) = (i128::from(i64::MAX) + past, i128::from(i64::MIN) - past);
        prop_assert!(numeric(&wire(above, &[])).is_err());
        prop_assert!(numeric(&wire(below, &[])).is_err());
    }

    #[test]
    fn strange_bytes_are_never_a_panic(raw in prop::collection::vec(any::<u8>(), 0..40)) {
        drop(numeric(&raw));
    }
}

#[test]
fn a_fraction_becomes_a_real_number() {
    for (raw, expected) in [
        (wire(3, &[2_500]), 3.25),
        (wire(-12_345, &[1]), -12_345.000_1),
    ] {
        match numeric(&raw).unwrap() {
            Value::Real(number) => assert!((number - expected).abs() < 1e-9, "{number}"),
            other => panic!("{other:?}"),
        }
    }
}
