//! The table of registrants: ten-year age bands by level, as in the written reply to question 13 in
//! the Legislative Council on 18 August 2021.
//!
//! It is made from counts by year of birth and level, which the register keeps beside itself; no
//! person is read for it. A band is of the age reached in the year of the day asked for.

use journal::AgeBand;
use kernel::Date;
use serde::Serialize;

use crate::disclosure::{self, Margins};

/// One age band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BandRow {
    pub band: AgeBand,
    /// People at the basic level; `None` is withheld.
    pub basic: Option<i64>,
    /// People at the plus level.
    pub plus: Option<i64>,
    pub total: Option<i64>,
}

/// Registrants by age band and level on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registrants {
    pub as_at: Date,
    /// Whether the figures are rounded and withheld for publication.
    pub is_published: bool,
    pub rows: Vec<BandRow>,
    pub basic: Option<i64>,
    pub plus: Option<i64>,
    pub total: Option<i64>,
}

/// The columns, in the order of the grid.
const BASIC: usize = 0;
const PLUS: usize = 1;

impl Registrants {
    /// The exact table from `(is plus, year of birth, people)`.
    #[must_use]
    pub fn of(as_at: Date, counts: impl IntoIterator<Item = (bool, i64, i64)>) -> Self {
        let mut grid = vec![vec![0_i64; 2]; AgeBand::ALL.len()];
        for (is_plus, birth_year, people) in counts {
            let band = AgeBand::of(birth_year, as_at);
            let place = AgeBand::ALL.iter().position(|one| *one == band);
            let column = if is_plus { PLUS } else { BASIC };
            let cell = place
                .and_then(|place| grid.get_mut(place))
                .and_then(|row| row.get_mut(column));
            if let Some(cell) = cell {
                *cell += people;
            }
        }
        Self::shown(as_at, false, &disclosure::exact(&grid))
    }

    /// The table as it may be published.
    #[must_use]
    pub fn published(&self) -> Self {
        let grid: Vec<Vec<i64>> = self
            .rows
            .iter()
            .map(|row| vec![row.basic.unwrap_or_default(), row.plus.unwrap_or_default()])
            .collect();
        let shown = disclosure::publish(&grid, Margins::Both);
        Self::shown(self.as_at, true, &shown)
    }

    fn shown(as_at: Date, is_published: bool, table: &disclosure::Table) -> Self {
        let at = |cells: &[Option<i64>], place: usize| cells.get(place).copied().flatten();
        let rows = AgeBand::ALL
            .iter()
            .zip(table.cells.iter().zip(&table.rows))
            .map(|(band, (cells, total))| BandRow {
                band: *band,
                basic: at(cells, BASIC),
                plus: at(cells, PLUS),
                total: *total,
            })
            .collect();
        Self {
            as_at,
            is_published,
            rows,
            basic: at(&table.columns, BASIC),
            plus: at(&table.columns, PLUS),
            total: table.total,
        }
    }
}
