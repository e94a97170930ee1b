//! A table on a terminal: words to the left, figures to the right.

use std::fmt::Write as _;

/// Spaces between two columns.
const GAP: usize = 2;

/// Rows of cells; the first column holds words, all others figures.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Columns of words, from the left.
    words: usize,
}

impl Table {
    /// `words` columns of words, then figures.
    pub(super) fn new<const N: usize>(words: usize, head: [&str; N]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned).to_vec()],
            words,
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table, with a rule under its head and above its last row.
    pub(super) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| width(cell)).max().unwrap_or_default()
            })
            .collect();
        let rule = "-".repeat(widths.iter().sum::<usize>() + GAP * columns.saturating_sub(1));
        let mut text = String::new();
        for (place, row) in self.rows.iter().enumerate() {
            if place == 1 || place + 1 == self.rows.len() {
                let _ = writeln!(text, "{rule}");
            }
            let _ = writeln!(text, "{}", self.line(row, &widths));
        }
        text.trim_end().to_owned()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, wide))| {
            let space = " ".repeat(wide.saturating_sub(width(cell)));
            if column < self.words {
                format!("{cell}{space}")
            } else {
                format!("{space}{cell}")
            }
        });
        let cells: Vec<String> = cells.collect();
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}

/// Chinese signs take two places on a terminal.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if c >= '\u{2e80}' { 2 } else { 1 })
        .sum()
}

/// `803,700`, or a dash for what is withheld.
pub(super) fn figure(count: Option<i64>) -> String {
    let Some(count) = count else {
        return "-".to_owned();
    };
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Table, figure};

    #[test]
    fn figures_stand_to_the_right_with_commas() {
        for (count, text) in [
            (Some(0), "0"),
            (Some(999), "999"),
            (Some(1_000), "1,000"),
            (Some(803_700), "803,700"),
            (None, "-"),
        ] {
            assert_eq!(figure(count), text);
        }
        let mut table = Table::new(1, ["Age", "Basic"]);
        table.row(["11-20".to_owned(), figure(Some(17_000))]);
        table.row(["Total".to_owned(), figure(Some(17_000))]);
        let text = "Age     Basic\n-------------\n11-20  17,000\n-------------\nTotal  17,000";
        assert_eq!(table.text(), text);
    }
}
