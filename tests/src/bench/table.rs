//! A table of series, in 80 columns and in JSON.

use std::fmt;

use serde_json::{Value, json};

use super::series::Series;

/// Columns of every printed line.
pub const COLUMNS: usize = 80;
const NAME_COLUMNS: usize = 33;
const FIGURE_COLUMNS: usize = 9;
const RATIO_COLUMNS: usize = 8;

/// What a printed figure counts; JSON has nanoseconds and bytes always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Mebibytes, of a series of bytes.
    Mebibytes,
}

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The measurements.
    pub series: Series,
    /// How many times as much as what the table compares with, if this is compared.
    pub ratio: Option<f64>,
}

/// Series that belong together.
#[derive(Clone, Debug)]
pub struct Table {
    /// A word for JSON.
    pub name: &'static str,
    /// What the figures are.
    pub title: String,
    /// What they are printed in.
    pub unit: Unit,
    /// The lines.
    pub rows: Vec<Row>,
    /// What one must know to read it.
    pub remark: String,
}

impl Row {
    /// A line that is compared with nothing.
    pub fn new(name: impl Into<String>, series: Series) -> Self {
        Row {
            name: name.into(),
            series,
            ratio: None,
        }
    }

    /// A line that is compared with another series of the same turns.
    pub fn against(name: impl Into<String>, series: Series, base: &Series) -> Self {
        Row {
            ratio: series.ratio_to(base),
            ..Row::new(name, series)
        }
    }
}

impl Table {
    /// The line with this name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// For machines: nanoseconds or bytes throughout.
    pub fn to_json(&self) -> Value {
        let rows = self.rows.iter().map(|row| row.to_json(self.unit));
        let rows: Vec<Value> = rows.collect();
        json!({"name": self.name, "title": self.title, "rows": rows})
    }
}

impl Row {
    fn to_json(&self, unit: Unit) -> Value {
        let figures = self.series.figures();
        let mut value = json!({"name": self.name, unit.smallest(): figures});
        if let Some(ratio) = self.ratio {
            value["ratio"] = json!(ratio);
        }
        value
    }
}

impl Unit {
    fn label(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "ns",
            Unit::Microseconds => "us",
            Unit::Milliseconds => "ms",
            Unit::Mebibytes => "MiB",
        }
    }

    /// What a series of this unit counts.
    fn smallest(self) -> &'static str {
        match self {
            Unit::Nanoseconds | Unit::Microseconds | Unit::Milliseconds => "ns",
            Unit::Mebibytes => "bytes",
        }
    }

    /// With as many digits as are worth reading.
    fn print(self, figure: u64) -> String {
        let value = figure as f64;
        match self {
            Unit::Nanoseconds => figure.to_string(),
            Unit::Microseconds => format!("{:.2}", value / 1e3),
            Unit::Milliseconds => format!("{:.3}", value / 1e6),
            Unit::Mebibytes => format!("{:.1}", value / f64::from(1 << 20)),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let unit = self.unit.label();
        write!(f, "  {unit:<NAME_COLUMNS$}")?;
        for heading in ["min", "median", "p99", "max"] {
            write!(f, "{heading:>FIGURE_COLUMNS$}")?;
        }
        match self.rows.iter().any(|row| row.ratio.is_some()) {
            true => writeln!(f, "{:>RATIO_COLUMNS$}", "ratio")?,
            false => writeln!(f)?,
        }
        for row in &self.rows {
            self.print_row(f, row)?;
        }
        for line in wrapped(&self.remark, COLUMNS - 2) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl Table {
    fn print_row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        write!(f, "  {:<NAME_COLUMNS$}", row.name)?;
        let Some(figures) = row.series.figures() else {
            return writeln!(f, "{:>FIGURE_COLUMNS$}", "none");
        };
        for figure in [
            figures.minimum,
            figures.median,
            figures.p99,
            figures.maximum,
        ] {
            write!(f, "{:>FIGURE_COLUMNS$}", self.unit.print(figure))?;
        }
        match row.ratio {
            Some(ratio) => writeln!(f, "{ratio:>RATIO_COLUMNS$.2}"),
            None => writeln!(f),
        }
    }
}

/// The text in lines of at most so many columns.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let base: Series = [10; 5].into_iter().collect();
        let other: Series = [10_000_000_000; 5].into_iter().collect();
        Table {
            name: "sample",
            title: "Two things".to_owned(),
            unit: Unit::Microseconds,
            rows: vec![
                Row::new("a".repeat(NAME_COLUMNS), base.clone()),
                Row::against("the other", other, &base),
            ],
            remark: "word ".repeat(40),
        }
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        let mut small = table();
        small.rows.pop();
        let printed = small.to_string();
        assert!(
            printed.lines().all(|line| line.len() <= COLUMNS),
            "{printed}"
        );
    }

    #[test]
    fn json_has_nanoseconds_and_ratios() {
        let value = table().to_json();
        assert_eq!(value["rows"][0]["ns"]["median"], 10);
        assert_eq!(value["rows"][1]["ratio"], 1e9);
        assert!(value["rows"][0].get("ratio").is_none());
        let bytes = Table {
            unit: Unit::Mebibytes,
            ..table()
        };
        assert_eq!(bytes.to_json()["rows"][0]["bytes"]["median"], 10);
    }
}
