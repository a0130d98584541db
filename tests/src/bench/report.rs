//! All of one run: printed as it comes, and in JSON at the end.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::check::Check;
use super::machine::{Machine, load};
use super::table::{COLUMNS, Table};

/// Figures and promises of one run.
#[derive(Clone, Debug)]
pub struct Report {
    machine: Machine,
    tables: Vec<Table>,
    checks: Vec<Check>,
}

impl Report {
    /// Of a run on this machine, which it prints.
    pub fn begin() -> Result<Self> {
        let machine = Machine::look()?;
        println!("{machine}\n");
        Ok(Report {
            machine,
            tables: Vec::new(),
            checks: Vec::new(),
        })
    }

    /// Prints a table and keeps it.
    pub fn add(&mut self, table: Table) {
        println!("{table}");
        self.tables.push(table);
    }

    /// Keeps a promise's check for the end.
    pub fn check(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// Prints what became of the promises; returns whether all that were checked are kept.
    pub fn conclude(&self) -> Result<bool> {
        let [one, _, _] = load()?;
        println!("{}", "-".repeat(COLUMNS));
        println!("load average at the end {one:.2}");
        for check in &self.checks {
            println!("{check}");
        }
        Ok(self.checks.iter().all(|check| check.kept))
    }

    /// Writes the same figures for machines.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(&self.to_json()).context("print JSON")?;
        text.push('\n');
        fs::write(path, text).with_context(|| format!("write {}", path.display()))
    }

    fn to_json(&self) -> Value {
        let tables: Vec<Value> = self.tables.iter().map(Table::to_json).collect();
        json!({"machine": self.machine, "tables": tables, "checks": self.checks})
    }
}
