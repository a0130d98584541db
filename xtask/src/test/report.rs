//! The outcome of a run: counts, times, and everything a reader must know by name.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::tally::Tally;

/// What ran and how it went.
#[derive(Debug, Default)]
pub struct Report {
    /// Whether somebody relies on the run to be complete.
    complete: bool,
    passed: u64,
    failed: u64,
    skipped: u64,
    failures: Vec<String>,
    skips: Vec<String>,
    phases: Vec<(&'static str, Duration)>,
}

impl Report {
    /// An empty report; in one that must be `complete`, a skip is a failure.
    pub fn new(complete: bool) -> Self {
        Report {
            complete,
            ..Report::default()
        }
    }

    /// Something passed.
    pub fn pass(&mut self) {
        self.passed += 1;
    }

    /// Something failed: what, and how.
    pub fn fail(&mut self, what: String) {
        self.failed += 1;
        println!("FAILED: {what}");
        self.failures.push(what);
    }

    /// Something did not run: what, and why.
    pub fn skip(&mut self, what: &str) {
        if self.complete {
            self.fail(format!("{what} (skipped, and CI is set)"));
        } else {
            self.skipped += 1;
            self.skips.push(what.to_owned());
        }
    }

    /// Adds what a run of `cargo test` counted.
    pub fn absorb(&mut self, tally: Tally) {
        self.passed += tally.passed;
        self.failed += tally.failed;
        self.failures.extend(tally.failures);
        let unnamed = tally.skipped.saturating_sub(tally.skips.len() as u64);
        for skip in &tally.skips {
            self.skip(skip);
        }
        for _ in 0..unnamed {
            self.skip("a test that did not say which");
        }
    }

    /// Keeps how long a part of the run took.
    pub fn phase(&mut self, name: &'static str, started: Instant) {
        self.phases.push((name, started.elapsed()));
    }

    /// Prints the summary, closes with the line of counts, and says how to exit.
    pub fn close(&self) -> ExitCode {
        println!("\n{}", self.summary());
        ExitCode::from(u8::from(self.failed > 0))
    }

    fn summary(&self) -> String {
        let mut lines = Vec::new();
        for (name, took) in &self.phases {
            lines.push(format!("{:<14}{:>7}", name, minutes(*took)));
        }
        for (title, names) in [("skipped", &self.skips), ("failed", &self.failures)] {
            lines.extend(names.iter().map(|name| format!("{title}: {name}")));
        }
        lines.push(self.closing_line());
        lines.join("\n")
    }

    /// The line that counts tests, alone at the end.
    fn closing_line(&self) -> String {
        let Report {
            passed,
            failed,
            skipped,
            ..
        } = self;
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Minutes and seconds, such as `1:05`.
fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        Tally {
            passed: 7,
            failed: 1,
            skipped: 2,
            failures: vec!["tests/cluster.rs: one".into()],
            skips: vec!["tests/cluster.rs: two: needs root".into()],
        }
    }

    #[test]
    fn the_last_line_counts_and_nothing_else() {
        let mut report = Report::new(false);
        report.pass();
        report.absorb(tally());
        report.phases.push(("tests", Duration::from_secs(65)));
        let summary = report.summary();
        assert_eq!(summary.lines().next(), Some("tests            1:05"));
        assert_eq!(
            summary.lines().last(),
            Some("8 passed, 1 failed, 2 skipped")
        );
        assert!(summary.contains("skipped: tests/cluster.rs: two: needs root\n"));
        assert!(summary.contains("failed: tests/cluster.rs: one\n"));
    }

    #[test]
    fn a_skip_fails_where_the_run_must_be_complete() {
        let mut report = Report::new(true);
        report.absorb(tally());
        assert_eq!(report.closing_line(), "7 passed, 3 failed, 0 skipped");
    }
}
