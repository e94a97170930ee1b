//! What is withheld cannot be worked out.

use proptest::prelude::*;

use crate::disclosure::{BASE, LEAST, Margins, Table, publish, rounded};

#[test]
fn figures_are_rounded_to_the_nearest_hundred() {
    for (count, shown) in [
        (10, 0),
        (49, 0),
        (50, 100),
        (149, 100),
        (150, 200),
        (803_700, 803_700),
    ] {
        assert_eq!(rounded(count), shown, "{count}");
    }
}

#[test]
fn a_large_table_is_shown_whole() {
    let shown = publish(&[vec![120, 340], vec![560, 780]], Margins::Both);
    assert_eq!(
        shown.cells,
        [[Some(100), Some(300)], [Some(600), Some(800)]]
    );
    assert_eq!(shown.rows, [Some(500), Some(1300)]);
    assert_eq!(shown.columns, [Some(700), Some(1100)]);
    assert_eq!(shown.total, Some(1800));
}

#[test]
fn a_second_figure_is_withheld_where_a_total_would_reveal_the_first() {
    let cases: [(&[i64], &[bool]); 5] = [
        // None is small: all are shown.
        (&[100, 200, 300], &[false, false, false]),
        // One is small: the smallest other goes with it.
        (&[7, 200, 300], &[true, true, false]),
        // Two are small: they hide each other.
        (&[7, 3, 300], &[true, true, false]),
        // Nothing is a small figure too: it would say that nobody did.
        (&[0, 200, 300], &[true, true, false]),
        // A line of one that is small.
        (&[4], &[true]),
    ];
    for (counts, hidden) in cases {
        let grid: Vec<Vec<i64>> = counts.iter().map(|count| vec![*count]).collect();
        let shown = publish(&grid, Margins::Columns);
        let found: Vec<bool> = shown.cells.iter().map(|row| row[0].is_none()).collect();
        assert_eq!(found, hidden, "{counts:?}");
    }
}

#[test]
fn one_small_cell_of_a_two_way_table_takes_a_rectangle_with_it() {
    let grid = [vec![5, 400, 900], vec![300, 20, 800], vec![600, 700, 1000]];
    let shown = publish(&grid, Margins::Both);
    let hidden: Vec<Vec<bool>> = shown
        .cells
        .iter()
        .map(|row| row.iter().map(Option::is_none).collect())
        .collect();
    assert_eq!(
        hidden,
        [
            [true, true, false],
            [true, true, false],
            [false, false, false]
        ]
    );
}

#[test]
fn a_table_too_small_to_hide_in_is_withheld_whole() {
    let shown = publish(&[vec![5, 400]], Margins::Both);
    assert_eq!(shown.cells, [[None, None]]);
}

/// Whether the totals, taken as exact, determine a withheld cell: its unit vector lies in the space
/// spanned by the equations of rows and columns over the withheld cells. Elimination modulo a prime,
/// which has nothing in common with the search for bridges.
fn is_determined(places: &[(usize, usize)], target: usize, margins: Margins) -> bool {
    const PRIME: i128 = 1_000_000_007;
    let lines = places.iter().map(|(row, column)| (*row, *column));
    let rows: std::collections::BTreeSet<usize> = lines.clone().map(|(row, _)| row).collect();
    let columns: std::collections::BTreeSet<usize> = lines.map(|(_, column)| column).collect();
    let mut equations: Vec<Vec<i128>> = columns
        .iter()
        .map(|column| {
            places
                .iter()
                .map(|place| i128::from(place.1 == *column))
                .collect()
        })
        .collect();
    if margins == Margins::Both {
        equations.extend(rows.iter().map(|row| {
            places
                .iter()
                .map(|place| i128::from(place.0 == *row))
                .collect::<Vec<_>>()
        }));
    }
    let unit: Vec<i128> = (0..places.len())
        .map(|place| i128::from(place == target))
        .collect();
    let rank_before = rank(equations.clone(), PRIME);
    equations.push(unit);
    rank(equations, PRIME) == rank_before
}

fn rank(mut matrix: Vec<Vec<i128>>, prime: i128) -> usize {
    let width = matrix.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..width {
        let Some(pivot) = (rank..matrix.len()).find(|row| matrix[*row][column] != 0) else {
            continue;
        };
        matrix.swap(rank, pivot);
        let inverse = power(matrix[rank][column], prime - 2, prime);
        let base: Vec<i128> = matrix[rank].iter().map(|v| v * inverse % prime).collect();
        for (place, row) in matrix.iter_mut().enumerate() {
            if place != rank && row[column] != 0 {
                let factor = row[column];
                for (cell, value) in row.iter_mut().zip(&base) {
                    *cell = (*cell - factor * value % prime + prime) % prime;
                }
            }
        }
        matrix[rank] = base;
        rank += 1;
    }
    rank
}

fn power(mut base: i128, mut exponent: i128, prime: i128) -> i128 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % prime;
        }
        base = base * base % prime;
        exponent >>= 1;
    }
    result
}

fn withheld(shown: &Table) -> Vec<(usize, usize)> {
    let cells = shown.cells.iter().enumerate().flat_map(|(row, cells)| {
        let places = cells.iter().enumerate();
        places
            .filter(|(_, cell)| cell.is_none())
            .map(move |(column, _)| (row, column))
    });
    cells.collect()
}

fn grids() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let count = prop_oneof![
        3 => 0..LEAST,
        5 => LEAST..400_i64,
        1 => 1_000..100_000_i64,
    ];
    (2..7_usize, 2..5_usize).prop_flat_map(move |(rows, columns)| {
        proptest::collection::vec(proptest::collection::vec(count.clone(), columns), rows)
    })
}

proptest! {
    #[test]
    fn no_withheld_cell_can_be_computed_from_the_totals(
        grid in grids(),
        is_two_way in any::<bool>(),
    ) {
        let margins = if is_two_way { Margins::Both } else { Margins::Columns };
        let shown = publish(&grid, margins);
        let places = withheld(&shown);
        for target in 0..places.len() {
            prop_assert!(!is_determined(&places, target, margins), "{places:?} gives {target}");
        }
    }

    #[test]
    fn every_small_figure_is_withheld_and_every_other_is_a_round_one(grid in grids()) {
        let shown = publish(&grid, Margins::Both);
        for (counts, cells) in grid.iter().zip(&shown.cells) {
            for (count, cell) in counts.iter().zip(cells) {
                prop_assert!(*count >= LEAST || cell.is_none());
                prop_assert!(cell.is_none_or(|shown| shown % BASE == 0));
                prop_assert!(cell.is_none_or(|shown| (shown - count).abs() <= BASE / 2));
            }
        }
    }

    #[test]
    fn the_same_table_is_published_the_same_way(grid in grids()) {
        prop_assert_eq!(publish(&grid, Margins::Both), publish(&grid, Margins::Both));
    }
}
