//! The FPS code: golden strings, check sums, a reader of our own and one from elsewhere.

use kernel::{Date, Money, Time};
use proptest::prelude::*;
use qrcode::QrCode;

use crate::fps::{FpsCode, FpsError, check_sum};

/// The time is 2026-11-22 12:30:00 in Hong Kong.
fn code() -> FpsCode {
    FpsCode {
        fps_id: "1234567".to_owned(),
        payee: "Transport Department".to_owned(),
        amount: Money::from_cents(102_000),
        bill: "7K3M9Q2X4T8B".to_owned(),
        until: Some(
            Time::start_of(Date::new(2026, 11, 22).unwrap())
                + std::time::Duration::from_secs(45_000),
        ),
    }
}

const GOLDEN: &str = "00020101021226430012hk.com.hkicl02071234567051226112212300052040000530334454071020.005802HK5920Transport Department6002HK621601127K3M9Q2X4T8B6304F1C5";

/// Written by another program (PyPI hkqr 0.2.0) for the same bill, without a time-out.
const FOREIGN: &str = "00020101021226270012hk.com.hkicl0207123456752040000530334454061020.05802HK5902NA6002HK621601127K3M9Q2X4T8B63044A19";

#[test]
fn the_check_sum_is_crc_16_ccitt_false() {
    assert_eq!(check_sum(b"123456789"), 0x29b1);
    assert_eq!(check_sum(b""), 0xffff);
}

#[test]
fn a_code_is_written_as_the_specification_says() {
    assert_eq!(code().encode().unwrap(), GOLDEN);
    assert_eq!(FpsCode::parse(GOLDEN).unwrap(), code());
}

#[test]
fn a_code_of_another_writer_is_read() {
    let read = FpsCode::parse(FOREIGN).unwrap();
    assert_eq!(read.amount, Money::from_cents(102_000));
    assert_eq!(read.bill, "7K3M9Q2X4T8B");
    assert_eq!(read.until, None);
}

#[test]
fn a_changed_code_is_refused() {
    let changed = GOLDEN.replace("1020.00", "0020.00");
    assert_eq!(FpsCode::parse(&changed), Err(FpsError::CheckSum));
    for end in 0..GOLDEN.len() {
        assert!(FpsCode::parse(&GOLDEN[..end]).is_err(), "{end}");
    }
}

#[test]
fn a_part_that_does_not_fit_is_refused() {
    let bad = [
        FpsCode {
            fps_id: "12345678".to_owned(),
            ..code()
        },
        FpsCode {
            payee: "運輸署".to_owned(),
            ..code()
        },
        FpsCode {
            payee: "x".repeat(26),
            ..code()
        },
        FpsCode {
            bill: String::new(),
            ..code()
        },
        FpsCode {
            amount: Money::ZERO,
            ..code()
        },
    ];
    for code in bad {
        assert_eq!(code.encode(), Err(FpsError::Part), "{code:?}");
    }
}

/// A picture of the code with eight pixels a module and a quiet zone of four modules.
#[test]
fn the_picture_is_read_by_a_qr_reader() {
    let picture = QrCode::new(GOLDEN).unwrap();
    let (side, colors) = (picture.width(), picture.to_colors());
    let pixels = (side + 8) * 8;
    let dark = |x: usize, y: usize| {
        let (column, row) = ((x / 8).wrapping_sub(4), (y / 8).wrapping_sub(4));
        column < side && row < side && colors[row * side + column] == qrcode::Color::Dark
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, |x, y| {
        if dark(x, y) { 0 } else { 255 }
    });
    let grids = image.detect_grids();
    let (_, words) = grids.first().unwrap().decode().unwrap();
    assert_eq!(FpsCode::parse(&words).unwrap(), code());
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        id in "[0-9]{7}|[0-9]{9}",
        payee in "[ -~]{0,24}[!-~]",
        cents in 1..10_000_000_000_i64,
        bill in "[0-9A-Z]{1,25}",
        minutes in 0..4_000_000_u64,
    ) {
        let start = Time::start_of(Date::new(2026, 1, 1).unwrap());
        let code = FpsCode {
            fps_id: id,
            payee,
            amount: Money::from_cents(cents),
            bill,
            until: Some(start + std::time::Duration::from_secs(minutes * 60)),
        };
        let words = code.encode().unwrap();
        prop_assert!(words.is_ascii());
        prop_assert_eq!(FpsCode::parse(&words).unwrap(), code);
    }

    #[test]
    fn no_words_make_the_reader_fall(words in "\\PC{0,200}") {
        prop_assert!(FpsCode::parse(&words).is_err());
    }
}
