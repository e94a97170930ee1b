//! Tables made from counts.

use journal::AgeBand;
use kernel::Date;

use crate::{Measure, Period, PeriodError, Registrants, Spread};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn a_band_is_of_the_age_reached_in_the_year() {
    let on = day("2026-03-01");
    for (birth_year, band) in [
        (2015, AgeBand::To20),
        (2006, AgeBand::To20),
        (2005, AgeBand::To30),
        (1996, AgeBand::To30),
        (1995, AgeBand::To40),
        (1955, AgeBand::Over70),
        (1956, AgeBand::To70),
        (1901, AgeBand::Over70),
    ] {
        assert_eq!(AgeBand::of(birth_year, on), band, "{birth_year}");
    }
}

#[test]
fn registrants_stand_in_bands_by_level_with_their_totals() {
    let counts = [
        (false, 2010, 40),
        (true, 2010, 60),
        (true, 1950, 5),
        (false, 1990, 0),
    ];
    let table = Registrants::of(day("2026-11-22"), counts);
    assert_eq!(table.rows.len(), 7);
    assert_eq!(
        (table.rows[0].basic, table.rows[0].plus),
        (Some(40), Some(60))
    );
    assert_eq!(table.rows[6].plus, Some(5));
    assert_eq!(
        (table.basic, table.plus, table.total),
        (Some(40), Some(65), Some(105))
    );
    let shown = table.published();
    assert!(shown.is_published);
    assert_eq!(shown.rows[6].plus, None);
    assert_eq!(shown.total, Some(100));
}

#[test]
fn a_spread_knows_its_exact_mean_and_median() {
    let mut spread = Spread::default();
    assert_eq!((spread.mean(), spread.median()), (None, None));
    for (value, count) in [(1, 1), (3, 2), (10, 1)] {
        spread.add(value, count);
    }
    assert_eq!(spread.mean(), Some(4.25));
    assert_eq!(spread.median(), Some(3));
    assert_eq!(spread.count(), 4);
}

#[test]
fn a_period_is_whole_and_bounded() {
    let (a, b) = (day("2026-11-01"), day("2026-11-30"));
    assert_eq!(Period::new(b, a), Err(PeriodError::Backwards));
    assert_eq!(Period::new(a, a.plus_years(20)), Err(PeriodError::TooLong));
    assert_eq!(
        Period::month_of(day("2026-11-22")),
        Period { from: a, to: b }
    );
    let year = Period::months_before(day("2026-11-22"), 12);
    assert_eq!((year.from, year.to), (day("2025-11-01"), day("2026-10-31")));
    assert_eq!(Period::days_to(b, 30).from, a);
}

#[test]
fn measures_have_a_word_each() {
    let words: Vec<_> = crate::MEASURES
        .iter()
        .map(|one: &Measure| one.code())
        .collect();
    assert_eq!(words, ["sign_ins", "fills", "signatures", "applications"]);
}
