//! What a run of `cargo test` says about its tests, read from what it prints.
//!
//! Every test binary ends with a `test result:` line, whether libtest wrote it or libtest-mimic, so
//! those lines are the count. Two things are not in them and are read from the lines between: which
//! tests failed or were skipped and why, and binaries that died before they could say anything,
//! which would otherwise look like binaries without tests. The first lines of what a failed test says stand beside its
//! name: whoever sees the end of a long log only must know where to begin.

/// The outcome of the tests of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, and binaries that died.
    pub failed: u64,
    /// Tests that did not run.
    pub skipped: u64,
    /// Names of those that failed, each with the first lines of what it said.
    pub failures: Vec<String>,
    /// Names of those that did not run, each with its reason if it gave one.
    pub skips: Vec<String>,
}

/// Lines of a failure that are kept.
const LINES_MAX: usize = 6;
/// Characters of each.
const WIDTH_MAX: usize = 240;

/// Reads the output as it comes, in pieces of any size.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// The binary that runs, until it has said how it went.
    running: Option<String>,
    /// The binary that the lines are from.
    binary: String,
    /// The failure that the lines are of, and how many more of them are kept.
    saying: Option<(usize, usize)>,
    tally: Tally,
}

impl Reader {
    /// Takes the next piece of output.
    pub fn hear(&mut self, piece: &[u8]) {
        for &byte in piece {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                self.read(&without_colour(&String::from_utf8_lossy(&line)));
            } else {
                self.line.push(byte);
            }
        }
    }

    /// The outcome, once the output has ended.
    pub fn finish(mut self) -> Tally {
        self.hear(b"\n");
        self.bury();
        self.tally
    }

    fn read(&mut self, line: &str) {
        if let Some(binary) = binary(line) {
            self.bury();
            self.running = Some(binary.clone());
            self.binary = binary;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            (self.running, self.saying) = (None, None);
            self.tally.passed += number_before(result, " passed");
            self.tally.failed += number_before(result, " failed");
            self.tally.skipped += number_before(result, " ignored");
        } else if let Some(test) = line.strip_prefix("test ") {
            self.read_test(test);
        } else if let Some(test) = heading(line) {
            let name = format!("{}: {test}", self.binary);
            let failed = self
                .tally
                .failures
                .iter()
                .position(|failed| *failed == name);
            self.saying = failed.map(|failed| (failed, LINES_MAX));
        } else {
            self.keep(line);
        }
    }

    /// Keeps one line of what a failed test says, up to the logs that follow.
    fn keep(&mut self, line: &str) {
        if line.starts_with("--- ") || line == "failures:" {
            self.saying = None;
        }
        if let Some((failed, lines)) = &mut self.saying
            && 0 < *lines
            && !line.trim().is_empty()
        {
            *lines -= 1;
            let said: String = line.chars().take(WIDTH_MAX).collect();
            self.tally.failures[*failed].push_str(&format!("\n    {said}"));
        }
    }

    /// Keeps the names that matter: `NAME ... OUTCOME`.
    fn read_test(&mut self, test: &str) {
        let Some((name, outcome)) = test.rsplit_once(" ... ") else {
            return;
        };
        let name = format!("{}: {}", self.binary, name.trim());
        if outcome.starts_with("FAILED") {
            self.tally.failures.push(name);
        } else if let Some(reason) = outcome.strip_prefix("ignored") {
            self.tally
                .skips
                .push(format!("{name}: {}", reason_in(reason)));
        }
    }

    /// Counts a binary that never said how it went.
    fn bury(&mut self) {
        if let Some(binary) = self.running.take() {
            self.tally.failed += 1;
            self.tally
                .failures
                .push(format!("{binary}: ended without a result"));
        }
    }
}

/// The test binary that cargo announces with this line.
fn binary(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(library) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{library} (documentation)"));
    }
    let (source, file) = line.strip_prefix("Running ")?.split_once(" (")?;
    let file = file.strip_suffix(')')?.rsplit('/').next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _hash)| name);
    // An integration test is named by its file already; of the unit tests all are `src/lib.rs`.
    Some(match source.strip_prefix("unittests ") {
        Some(_) => name.to_owned(),
        None => source.to_owned(),
    })
}

/// The test whose failure is told below this line: `---- NAME ----`, and libtest says what it shows.
fn heading(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    Some(name.strip_suffix(" stdout").unwrap_or(name))
}

/// The reason behind `ignored`: libtest sets it off by a comma, libtest-mimic puts it in brackets.
fn reason_in(rest: &str) -> &str {
    let bracketed = || rest.trim().strip_prefix('(')?.strip_suffix(')');
    match rest.strip_prefix(", ").or_else(bracketed) {
        Some(reason) => reason,
        None => "no reason given",
    }
}

/// The number in front of this word, 0 if there is none.
fn number_before(text: &str, word: &str) -> u64 {
    let number = text
        .split(word)
        .next()
        .and_then(|before| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A line without the colours that cargo gives it on a terminal.
fn without_colour(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        let end = part
            .find(|byte: char| byte.is_ascii_alphabetic())
            .map_or(0, |at| at + 1);
        plain + &part[end..]
    })
}

#[cfg(test)]
mod tests;
