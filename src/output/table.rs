//! Texts in columns.

use super::sanitize::{columns, fit};

/// What stands between two columns.
const GAP: usize = 2;

/// A column: its heading and cells, which must be printable.
#[derive(Clone, Debug)]
pub struct Column {
    heading: String,
    cells: Vec<String>,
    align: Align,
    width: usize,
}

/// To which side cells are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

impl Column {
    /// A column whose cells are cut to `width_max` columns of the terminal.
    #[must_use]
    pub fn new(heading: &str, align: Align, width_max: usize, cells: impl IntoIterator<Item = String>) -> Self {
        let heading = fit(heading, width_max);
        let cells: Vec<String> = cells.into_iter().map(|cell| fit(&cell, width_max)).collect();
        let width = cells.iter().map(|cell| columns(cell)).chain([columns(&heading)]).max().unwrap_or(0);
        Self { heading, cells, align, width }
    }
}

/// How many of the columns, from the first on, fit side by side into `width`; at least one.
#[must_use]
pub fn fitting(table: &[Column], width: Option<usize>) -> usize {
    let Some(width) = width else { return table.len() };
    let mut end = 0;
    let fits = |column: &&Column| {
        end += column.width + if end == 0 { 0 } else { GAP };
        end <= width
    };
    table.iter().take_while(fits).count().max(1).min(table.len())
}

/// The columns side by side, headings first; lines end without spaces.
#[must_use]
pub fn render(table: &[Column]) -> String {
    let rows = table.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let mut text = line(table, |column| &column.heading);
    for row in 0..rows {
        text.push_str(&line(table, |column| column.cells.get(row).map_or("", String::as_str)));
    }
    text
}

fn line(table: &[Column], cell: impl Fn(&Column) -> &str) -> String {
    let mut line = String::new();
    for (index, column) in table.iter().enumerate() {
        let cell = cell(column);
        let padding = " ".repeat(column.width.saturating_sub(columns(cell)));
        let gap = if index == 0 { "" } else { "  " };
        match column.align {
            Align::Left => line.extend([gap, cell, &padding]),
            Align::Right => line.extend([gap, &padding, cell]),
        }
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cut() {
        let table = [
            Column::new("trial", Align::Right, 10, ["1".into(), "200".into()]),
            Column::new("名前", Align::Left, 6, ["学習率".into(), "a long name".into()]),
            Column::new("end", Align::Left, 9, ["x".into()]),
        ];
        assert_eq!(render(&table), "trial  名前    end\n    1  学習率  x\n  200  a lon…\n");
        assert_eq!((fitting(&table, None), fitting(&table, Some(18)), fitting(&table, Some(17))), (3, 3, 2));
        assert_eq!((fitting(&table, Some(1)), fitting(&[], Some(1))), (1, 0));
    }
}
