//! What the guest says on its serial console.
//!
//! A console carries the firmware, the kernel and everybody else too, so what the guest found is told on lines of
//! its own with a mark in front. The awkward case is a guest that stops half way: silence must not look like
//! success, so the guest says when it is done, and here is a list of what it must have tried.

use std::fmt;

/// In front of every line that is meant for us.
const MARK: &str = "heartbeat-guest: ";

/// What the last line says.
const END: &str = "end";

/// What every run must have tried, and passed.
const REQUIRED: [&str; 10] = [
    "verifier",
    "heartbeats",
    "echo",
    "cut",
    "heal",
    "stall",
    "restart",
    "vlan",
    "bond",
    "bond-port",
];

/// How something went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// As it must.
    Passed,
    /// Otherwise.
    Failed,
    /// It is worth knowing, and may go one way or the other.
    Found,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::Found => "found",
        })
    }
}

/// One thing that the guest tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How it went.
    pub outcome: Outcome,
    /// What was tried.
    pub name: String,
    /// What was seen.
    pub detail: String,
}

impl Finding {
    /// One that we came to ourselves.
    fn failed(name: &str, detail: &str) -> Self {
        Finding {
            outcome: Outcome::Failed,
            name: name.to_owned(),
            detail: detail.to_owned(),
        }
    }
}

/// All that a guest said.
#[derive(Default, Debug)]
pub struct Console {
    findings: Vec<Finding>,
    ended: bool,
}

impl Console {
    /// Takes in a line.
    pub fn hear(&mut self, line: &str) {
        // The firmware may leave escape sequences in front.
        let Some((_, said)) = line.split_once(MARK) else {
            return;
        };
        match said.trim() {
            END => self.ended = true,
            said => self.findings.push(finding(said)),
        }
    }

    /// The findings, and what is missing among them as failures.
    pub fn close(mut self) -> Vec<Finding> {
        let tried = |findings: &[Finding], name: &str| {
            findings
                .iter()
                .any(|finding| finding.name == name && finding.outcome != Outcome::Found)
        };
        for name in REQUIRED {
            if !tried(&self.findings, name) {
                self.findings
                    .push(Finding::failed(name, "the guest did not come to it"));
            }
        }
        if !self.ended {
            let detail = "the guest did not say that it is done: read the console's record";
            self.findings.push(Finding::failed("end", detail));
        }
        self.findings
    }
}

/// What a line says after the mark; one that can't be read is a failure with its text.
fn finding(said: &str) -> Finding {
    let parsed = said.split_once(' ').and_then(|(outcome, rest)| {
        let outcome = match outcome {
            "passed" => Outcome::Passed,
            "failed" => Outcome::Failed,
            "found" => Outcome::Found,
            _ => return None,
        };
        let (name, detail) = rest.split_once(": ")?;
        Some(Finding {
            outcome,
            name: name.to_owned(),
            detail: detail.trim().to_owned(),
        })
    });
    parsed.unwrap_or_else(|| Finding::failed("console", &format!("cannot read `{said}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(lines: &[String]) -> Vec<Finding> {
        let mut console = Console::default();
        for line in lines {
            console.hear(line);
        }
        console.close()
    }

    fn complete() -> Vec<String> {
        let passed = REQUIRED.map(|name| format!("{MARK}passed {name}: seen"));
        passed.into_iter().chain([format!("{MARK}end\r")]).collect()
    }

    fn failures(lines: &[String]) -> Vec<String> {
        let findings = closed(lines).into_iter();
        let failed = findings.filter(|finding| finding.outcome == Outcome::Failed);
        failed.map(|finding| finding.name).collect()
    }

    #[test]
    fn a_guest_that_passed_everything_has_no_failure() {
        assert_eq!(failures(&complete()), [""; 0]);
        assert_eq!(closed(&complete()).len(), REQUIRED.len());
    }

    #[test]
    fn name_and_detail_are_what_the_guest_said() {
        let mut console = Console::default();
        console.hear("\u{1b}[2Jheartbeat-guest: found bond native: native, 3: all\r");
        assert_eq!(
            console.findings,
            [Finding {
                outcome: Outcome::Found,
                name: "bond native".to_owned(),
                detail: "native, 3: all".to_owned(),
            }]
        );
        assert!(!console.ended);
    }

    #[test]
    fn what_others_print_is_passed_over() {
        let mut lines = complete();
        lines.insert(
            0,
            "[    4.2] failed to guess: passed verifier: no".to_owned(),
        );
        assert_eq!(closed(&lines).len(), REQUIRED.len());
    }

    #[test]
    fn silence_is_a_failure_of_everything() {
        let mut expected = REQUIRED.map(str::to_owned).to_vec();
        expected.push("end".to_owned());
        assert_eq!(failures(&[]), expected);
    }

    #[test]
    fn what_is_only_found_was_not_passed() {
        let mut lines = complete();
        lines[0] = format!("{MARK}found verifier: something");
        assert_eq!(failures(&lines), ["verifier"]);
    }

    #[test]
    fn a_failure_of_the_guest_is_one_of_the_run() {
        let mut lines = complete();
        lines[1] = format!("{MARK}failed heartbeats: none");
        lines.push(format!("{MARK}passed"));
        lines.push(format!("{MARK}perhaps echo: so"));
        assert_eq!(failures(&lines), ["heartbeats", "console", "console"]);
    }
}
