//! Figures of each service as the programme board shows them to everybody.
//!
//! Counts are published as all others are: rounded, small ones withheld. Shares are of exact counts, in
//! steps of [`SHARE_STEP`] per cent, and only where their base is shown and at least [`SHARE_LEAST`]: a
//! share of a rounded count would say nothing true of a small service, and one of a small count would say
//! too much of its people. The middle time and the mean rating stand on at least
//! [`disclosure::LEAST`] decisions or ratings.

use serde::Serialize;

use crate::{
    ServiceFigures,
    disclosure::{self, LEAST, Margins},
};

/// Published shares are multiples of this, in per cent.
pub const SHARE_STEP: i64 = 5;
/// A share is published of at least so many.
pub const SHARE_LEAST: i64 = 50;

/// What everybody may know of one service; `None` is withheld or was never counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoardFigures {
    pub service: String,
    /// Applications submitted.
    pub submitted: Option<i64>,
    /// Cases decided.
    pub decided: Option<i64>,
    /// Ratings given.
    pub ratings: Option<i64>,
    /// Drafts that became applications, in per cent.
    pub completion: Option<i64>,
    /// Decisions within the promised time, in per cent.
    pub timely: Option<i64>,
    /// Decisions by a rule of the pack, in per cent.
    pub automatic: Option<i64>,
    /// The middle number of days to a decision.
    pub median_days: Option<i64>,
    /// The mean rating in tenths, 10 to 50.
    pub rating_tenths: Option<i64>,
}

/// A part of a whole in steps of [`SHARE_STEP`] per cent, where the whole is large enough.
fn share(part: i64, whole: i64, is_shown: bool) -> Option<i64> {
    (is_shown && whole >= SHARE_LEAST).then(|| {
        let percent = part.min(whole) * 100;
        let step = whole * SHARE_STEP;
        (percent + step / 2) / step * SHARE_STEP
    })
}

/// The figures as they may be published. Choosing a department or one service comes after this.
#[must_use]
pub fn published_board(figures: &[ServiceFigures]) -> Vec<BoardFigures> {
    let grid: Vec<Vec<i64>> = figures
        .iter()
        .map(|one| vec![one.started, one.submitted, one.decided, one.ratings.count()])
        .collect();
    let shown = disclosure::publish(&grid, Margins::Columns);
    figures
        .iter()
        .zip(shown.cells)
        .map(|(one, cells)| {
            let mut cells = cells.into_iter();
            let mut next = || cells.next().flatten();
            of(one, [next(), next(), next(), next()])
        })
        .collect()
}

fn of(
    one: &ServiceFigures,
    [started, submitted, decided, ratings]: [Option<i64>; 4],
) -> BoardFigures {
    let is_decided = decided.is_some();
    BoardFigures {
        service: one.service.clone(),
        completion: share(one.submitted, one.started, started.is_some()),
        timely: share(one.timely, one.decided, is_decided),
        automatic: share(one.automatic, one.decided, is_decided),
        median_days: one.median_days().filter(|_| is_decided),
        rating_tenths: ratings.and(rating_tenths(one)),
        submitted,
        decided,
        ratings,
    }
}

fn rating_tenths(one: &ServiceFigures) -> Option<i64> {
    let count = one.ratings.count();
    (count >= LEAST).then(|| (one.ratings.total() * 10 + count / 2) / count)
}

#[cfg(test)]
mod tests {
    use super::{published_board, share};
    use crate::{ServiceFigures, Spread};

    fn spread(values: &[(i64, i64)]) -> Spread {
        let mut spread = Spread::default();
        for (value, count) in values {
            spread.add(*value, *count);
        }
        spread
    }

    fn service(id: &str, started: i64, decided: i64, ratings: &[(i64, i64)]) -> ServiceFigures {
        ServiceFigures {
            service: id.to_owned(),
            started,
            submitted: decided,
            decided,
            timely: decided * 9 / 10,
            days: spread(&[(3, decided)]),
            ratings: spread(ratings),
            ..ServiceFigures::default()
        }
    }

    #[test]
    fn a_share_is_coarse_and_never_of_a_few() {
        assert_eq!(share(49, 49, true), None);
        assert_eq!(share(46, 50, true), Some(90));
        assert_eq!(share(47, 50, true), Some(95));
        assert_eq!(share(700, 600, true), Some(100), "begun before the period");
        assert_eq!(share(600, 600, false), None, "its base is withheld");
        assert_eq!(share(0, 600, true), Some(0));
    }

    #[test]
    fn a_service_of_a_few_people_shows_nothing() {
        let figures = [
            service("small", 9, 8, &[(5, 9)]),
            service("middle", 200, 120, &[(4, 10)]),
            service("large", 2_000, 1_900, &[(4, 900), (5, 300)]),
        ];
        let [small, middle, large] = &published_board(&figures)[..] else {
            panic!("three services");
        };
        let nothing = [
            small.submitted,
            small.decided,
            small.completion,
            small.timely,
            small.median_days,
            small.rating_tenths,
        ];
        assert_eq!(nothing, [None; 6]);
        assert_eq!(
            (middle.submitted, middle.median_days),
            (None, None),
            "the second smallest is withheld with the smallest"
        );
        assert_eq!((large.submitted, large.completion), (Some(1_900), Some(95)));
        assert_eq!((large.timely, large.median_days), (Some(90), Some(3)));
        assert_eq!(
            (large.ratings, large.rating_tenths),
            (Some(1_200), Some(43))
        );
    }
}
