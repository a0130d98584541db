//! Figures that pages quote are those of the place where they were measured.
//!
//! The README and ARCHITECTURE.md keep what was measured; pages of the handbook say it again where it is needed. Who
//! measures anew is told here which pages quote the old figure.

use anyhow::{Result, ensure};
use heartbeat_tests::suite::Test;

use crate::document::Document;

pub const TESTS: &[Test] = &[("figures are quoted as they were measured", quoted)];

const README: &str = "README.md";
const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// A figure, where it is kept, and the pages that quote it.
type Figure = (&'static str, &'static str, &'static [&'static str]);

const FIGURES: [Figure; 14] = [
    ("35 to 40 ns", README, &["sizing.md"]),
    ("344 ns", README, &["sizing.md", "comparison.md"]),
    ("1.4 us", README, &["sizing.md"]),
    ("68 us", README, &["sizing.md"]),
    ("0.82 to 0.91 %", README, &["sizing.md", "comparison.md"]),
    ("43 ms", README, &["sizing.md"]),
    ("53 ms", README, &["sizing.md"]),
    ("11 to 15 ms", README, &["comparison.md"]),
    ("36 to 117 ms", README, &["comparison.md"]),
    ("126 to 202 ms", README, &["faster-detection.md"]),
    ("113 ms", README, &["faster-detection.md", "comparison.md"]),
    ("1.3 s", README, &["faster-detection.md", "comparison.md"]),
    ("p99 4.5", README, &["faster-detection.md", "comparison.md"]),
    ("all 1080 verdicts", ARCHITECTURE, &["causes.md"]),
];

fn quoted() -> Result<()> {
    for (figure, source, pages) in FIGURES {
        let kept = Document::read(source)?.text.contains(figure);
        ensure!(
            kept,
            "{source} no longer has {figure}: renew it in {pages:?}, and here"
        );
        for page in pages {
            let text = Document::read(format!("heartbeat-user/docs/{page}"))?.text;
            ensure!(
                text.contains(figure),
                "{page} does not quote {figure} of {source}"
            );
        }
    }
    Ok(())
}
