//! What of a table of counts may be published.
//!
//! Figures are rounded to the nearest [`BASE`]. A cell below [`LEAST`] is withheld, and so are
//! further cells where totals would let a reader work a withheld one out: with exact totals, a
//! withheld cell of a two-way table can be computed exactly if and only if its edge is a bridge of
//! the graph whose nodes are rows and columns and whose edges are the withheld cells (Gusfield, A
//! graph theoretic approach to statistical data security, 1988). So cells are added, the cheapest
//! first, until no edge is a bridge. The rule is kept as if totals were exact, although they are
//! rounded as well; a reader who learns a total elsewhere gains nothing.

/// Published figures are multiples of this.
pub const BASE: i64 = 100;
/// A figure below this is withheld.
pub const LEAST: i64 = 10;

/// Which totals stand beside the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Margins {
    /// One below each column.
    Columns,
    /// One beside each row, one below each column, and one of all.
    Both,
}

/// A table with its totals; `None` is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// By row, then by column.
    pub cells: Vec<Vec<Option<i64>>>,
    /// The totals beside the rows; empty where there are none.
    pub rows: Vec<Option<i64>>,
    /// The totals below the columns.
    pub columns: Vec<Option<i64>>,
    /// The total of all; `None` also where there is none.
    pub total: Option<i64>,
}

/// `count` rounded to the nearest [`BASE`], halves up.
#[must_use]
pub const fn rounded(count: i64) -> i64 {
    (count + BASE / 2).div_euclid(BASE) * BASE
}

/// The table with every figure as it is.
#[must_use]
pub fn exact(grid: &[Vec<i64>]) -> Table {
    let rows: Vec<i64> = grid.iter().map(|row| row.iter().sum()).collect();
    Table {
        cells: grid
            .iter()
            .map(|row| row.iter().copied().map(Some).collect())
            .collect(),
        total: Some(rows.iter().sum()),
        rows: rows.into_iter().map(Some).collect(),
        columns: column_sums(grid).into_iter().map(Some).collect(),
    }
}

/// The table as it may be published. All rows have as many columns as the first.
#[must_use]
pub fn publish(grid: &[Vec<i64>], margins: Margins) -> Table {
    let hidden = hidden_cells(grid, margins);
    let show = |count: i64, is_hidden: bool| (!is_hidden).then(|| rounded(count));
    let cells = grid
        .iter()
        .zip(&hidden)
        .map(|(row, hidden)| {
            row.iter()
                .zip(hidden)
                .map(|(count, is_hidden)| show(*count, *is_hidden))
                .collect()
        })
        .collect();
    let columns = column_sums(grid);
    if margins == Margins::Columns {
        // Totals of columns are of different things and add up to nothing.
        let columns = columns.iter().map(|sum| show(*sum, *sum < LEAST));
        return Table {
            cells,
            rows: Vec::new(),
            columns: columns.collect(),
            total: None,
        };
    }
    let rows: Vec<i64> = grid.iter().map(|row| row.iter().sum()).collect();
    let total: i64 = rows.iter().sum();
    Table {
        cells,
        rows: line(&rows),
        columns: line(&columns),
        total: show(total, total < LEAST),
    }
}

/// A line of figures whose sum is known: published with small ones withheld, and a second one where
/// only one would be.
fn line(counts: &[i64]) -> Vec<Option<i64>> {
    let mut hidden: Vec<bool> = counts.iter().map(|count| *count < LEAST).collect();
    hide_second(counts, &mut hidden);
    counts
        .iter()
        .zip(hidden)
        .map(|(count, is_hidden)| (!is_hidden).then(|| rounded(*count)))
        .collect()
}

/// Hides the smallest shown figure beside the only hidden one.
fn hide_second(counts: &[i64], hidden: &mut [bool]) {
    if hidden.iter().filter(|is_hidden| **is_hidden).count() != 1 {
        return;
    }
    let smallest = counts
        .iter()
        .zip(hidden.iter_mut())
        .filter(|(_, is_hidden)| !**is_hidden)
        .min_by_key(|(count, _)| **count);
    if let Some((_, is_hidden)) = smallest {
        *is_hidden = true;
    }
}

fn column_sums(grid: &[Vec<i64>]) -> Vec<i64> {
    let width = grid.first().map_or(0, Vec::len);
    (0..width)
        .map(|column| grid.iter().filter_map(|row| row.get(column)).sum())
        .collect()
}

/// Which cells are withheld, by row and column.
fn hidden_cells(grid: &[Vec<i64>], margins: Margins) -> Vec<Vec<bool>> {
    let mut hidden: Vec<Vec<bool>> = grid
        .iter()
        .map(|row| row.iter().map(|count| *count < LEAST).collect())
        .collect();
    match margins {
        Margins::Columns => hide_by_column(grid, &mut hidden),
        Margins::Both => hide_bridges(grid, &mut hidden),
    }
    hidden
}

fn hide_by_column(grid: &[Vec<i64>], hidden: &mut [Vec<bool>]) {
    let width = grid.first().map_or(0, Vec::len);
    for column in 0..width {
        let counts: Vec<i64> = grid
            .iter()
            .filter_map(|row| row.get(column).copied())
            .collect();
        let mut line: Vec<bool> = hidden
            .iter()
            .filter_map(|row| row.get(column).copied())
            .collect();
        hide_second(&counts, &mut line);
        for (row, is_hidden) in hidden.iter_mut().zip(line) {
            if let Some(cell) = row.get_mut(column) {
                *cell = is_hidden;
            }
        }
    }
}

/// A cell by row and column.
type Place = (usize, usize);

/// Adds the cheapest rectangle through each bridge until there is none. A table too small for a
/// rectangle is withheld whole.
fn hide_bridges(grid: &[Vec<i64>], hidden: &mut [Vec<bool>]) {
    while let Some(bridge) = find_bridge(hidden) {
        let Some(corners) = cheapest_rectangle(grid, hidden, bridge) else {
            hidden.iter_mut().for_each(|row| row.fill(true));
            return;
        };
        for place in corners {
            set(hidden, place);
        }
    }
}

fn set(hidden: &mut [Vec<bool>], (row, column): Place) {
    if let Some(cell) = hidden.get_mut(row).and_then(|row| row.get_mut(column)) {
        *cell = true;
    }
}

/// The three other corners of the rectangle through `bridge` that costs the least: what is withheld
/// already costs nothing.
fn cheapest_rectangle(
    grid: &[Vec<i64>],
    hidden: &[Vec<bool>],
    (row, column): Place,
) -> Option<[Place; 3]> {
    let cost = |(row, column): Place| {
        let is_hidden = hidden.get(row).and_then(|row| row.get(column));
        let count = grid.get(row).and_then(|row| row.get(column)).copied();
        match is_hidden {
            Some(true) => 0,
            _ => count.unwrap_or(i64::MAX / 4).saturating_add(1),
        }
    };
    let width = grid.first().map_or(0, Vec::len);
    let others = (0..grid.len()).filter(|other| *other != row);
    others
        .flat_map(|other| {
            (0..width)
                .filter(|side| *side != column)
                .map(move |side| [(row, side), (other, column), (other, side)])
        })
        .min_by_key(|corners| corners.iter().map(|place| cost(*place)).sum::<i64>())
}

/// A withheld cell that the totals give away: its row and column are not joined by any other way
/// over withheld cells.
fn find_bridge(hidden: &[Vec<bool>]) -> Option<Place> {
    let places = hidden.iter().enumerate().flat_map(|(row, cells)| {
        let set = cells.iter().enumerate().filter(|(_, is_set)| **is_set);
        set.map(move |(column, _)| (row, column))
    });
    let places: Vec<Place> = places.collect();
    places
        .iter()
        .copied()
        .find(|place| !is_joined_otherwise(&places, *place))
}

/// Whether the row and the column of `cell` are joined by other withheld cells.
fn is_joined_otherwise(places: &[Place], cell: Place) -> bool {
    let (mut rows, mut columns) = (vec![cell.0], Vec::<usize>::new());
    loop {
        let mut has_grown = false;
        for place in places.iter().filter(|place| **place != cell) {
            let (in_rows, in_columns) = (rows.contains(&place.0), columns.contains(&place.1));
            if in_rows && !in_columns {
                columns.push(place.1);
                has_grown = true;
            } else if in_columns && !in_rows {
                rows.push(place.0);
                has_grown = true;
            }
        }
        if columns.contains(&cell.1) {
            return true;
        }
        if !has_grown {
            return false;
        }
    }
}
