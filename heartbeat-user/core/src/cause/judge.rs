//! The rules: from what was found to a cause.
//!
//! Each is a sentence that an expert would say. They are ordered by what they rest on: own knowledge first, then what
//! the peer's kernel says, then numbers, then what others say. A rule says "sure" only where every finding that could
//! speak against it is there.

use core::time::Duration;

use super::findings::{Echoed, Findings, Numbers, Run};
use super::place::place;
use super::{Cause, Certainty, Class, Scope};
use crate::account::Account;
use crate::interface::Soundness;

/// A class, and how certain it is.
type Verdict = (Class, Certainty);

/// Echo requests without an answer that are no accident.
const SEVERAL: u32 = 2;

const UNKNOWN: Verdict = (Class::Unknown, Certainty::Unknown);

/// The cause that these findings speak for.
pub fn judge(findings: &Findings) -> Cause {
    let (class, certainty) = match &findings.numbers {
        None => lasting(findings),
        Some(numbers) => over(findings, numbers),
    };
    let scope = if 0 < findings.elsewhere.heard {
        Scope::Network
    } else {
        Scope::AllNetworks
    };
    Cause {
        class,
        certainty,
        place: place(findings, class),
        scope,
    }
}

/// Whether `part` is at least half of `whole`.
fn is_most(part: Duration, whole: Duration) -> bool {
    whole <= part * 2
}

/// Of a silence that lasts.
fn lasting(findings: &Findings) -> Verdict {
    let Findings { own, elsewhere, .. } = findings;
    if !own.interface_down.is_zero() {
        return (Class::InterfaceDownHere, Certainty::Sure);
    }
    if is_most(own.paused, findings.silence) {
        return (Class::PausedHere, Certainty::Likely);
    }
    match findings.echo {
        Echoed::Idle => return (Class::AgentStalled, Certainty::Sure),
        Echoed::NotAsked | Echoed::Unanswered | Echoed::Sending => {}
    }
    if 0 < elsewhere.idle && elsewhere.heard == 0 {
        return (Class::AgentStalled, Certainty::Sure);
    }
    if findings.peer_interface == Soundness::Failed {
        return (Class::InterfaceDownThere, Certainty::Likely);
    }
    if let Some(account) = &findings.account {
        return told(findings, account);
    }
    if findings.echo == Echoed::Sending || 0 < elsewhere.heard {
        return (Class::LostToUs, Certainty::Likely);
    }
    if 0 < findings.company.silent && findings.company.heard == 0 {
        return if is_most(own.late.max(own.sender_late), findings.silence) {
            (Class::PausedHere, Certainty::Likely)
        } else {
            (Class::LostBothWays, Certainty::Likely)
        };
    }
    let asked = findings.echo == Echoed::Unanswered || 0 < elsewhere.unanswered;
    if asked && elsewhere.answering == 0 {
        return (Class::HostSilent, Certainty::Likely);
    }
    UNKNOWN
}

/// Of a silence that lasts, with what the peer says by another network.
fn told(findings: &Findings, account: &Account) -> Verdict {
    if account.interface == Soundness::Failed {
        return (Class::InterfaceDownThere, Certainty::Sure);
    }
    if 0 < account.refused {
        return (Class::DroppedThere, Certainty::Likely);
    }
    if is_most(account.unheard, findings.silence) {
        (Class::LostBothWays, Certainty::Likely)
    } else {
        (Class::LostToUs, Certainty::Likely)
    }
}

/// Of a silence that is over.
fn over(findings: &Findings, numbers: &Numbers) -> Verdict {
    match numbers.run {
        Run::Rebooted => (Class::HostDown, Certainty::Sure),
        Run::Announced => (Class::AgentRestarted, Certainty::Sure),
        Run::Another => another_run(findings),
        Run::Same => same_run(findings, numbers),
    }
}

/// Another run, unannounced: its agent ended, or its host did.
fn another_run(findings: &Findings) -> Verdict {
    let elsewhere = &findings.elsewhere;
    if findings.echo.is_answered() || 0 < elsewhere.answering {
        return (Class::AgentRestarted, Certainty::Sure);
    }
    let asked = findings.echo == Echoed::Unanswered;
    if asked && elsewhere.heard == 0 && elsewhere.unanswered == elsewhere.silent {
        return (Class::HostDown, Certainty::Likely);
    }
    (Class::AgentRestarted, Certainty::Likely)
}

fn same_run(findings: &Findings, numbers: &Numbers) -> Verdict {
    let Findings { own, silence, .. } = findings;
    if is_most(own.interface_down, *silence) {
        return (Class::InterfaceDownHere, Certainty::Sure);
    }
    let account = findings.account.as_ref();
    if account.is_some_and(|account| account.interface == Soundness::Failed) {
        return (Class::InterfaceDownThere, Certainty::Sure);
    }
    let due = Numbers::due(findings);
    if due <= numbers.skipped.saturating_mul(2) && 0 < numbers.skipped {
        return lost(findings, numbers);
    }
    let missing = silence.saturating_sub(numbers.sent);
    if is_most(missing, *silence) {
        return held_back(findings, numbers);
    }
    not_sent(findings, numbers)
}

/// Fewer heartbeats were sent than were due, and the sender's clock shows the hole.
fn not_sent(findings: &Findings, numbers: &Numbers) -> Verdict {
    let deaf = findings.echo.is_answered() && 0 < findings.unanswered;
    let whole = numbers.skipped.saturating_mul(4) <= Numbers::due(findings) && !deaf;
    let proved = if whole {
        Certainty::Sure
    } else {
        Certainty::Likely
    };
    if let Some(account) = &findings.account {
        if is_most(account.paused, findings.silence) {
            return (Class::PausedThere, proved);
        }
        let late = account.sender_late.max(account.late);
        // A silence may be made of several waits, of which the account has the longest.
        if is_most(account.waited, late) && findings.interval <= account.waited {
            return (Class::StarvedThere, Certainty::Likely);
        }
    }
    let elsewhere = &findings.elsewhere;
    // A kernel that answers once, after it let several requests pass, had stood still as well.
    if SEVERAL <= findings.unanswered && elsewhere.heard == 0 {
        return (Class::PausedThere, Certainty::Likely);
    }
    if findings.echo.is_answered() || 0 < elsewhere.answering {
        return (Class::AgentStalled, proved);
    }
    if findings.echo == Echoed::Unanswered && elsewhere.heard == 0 {
        return (Class::PausedThere, Certainty::Likely);
    }
    (Class::AgentStalled, Certainty::Likely)
}

/// Heartbeats were sent closer together than the silence was long, and came after it all the same.
fn held_back(findings: &Findings, numbers: &Numbers) -> Verdict {
    let Findings { own, silence, .. } = findings;
    if is_most(own.paused, *silence) {
        return (Class::PausedHere, Certainty::Likely);
    }
    if is_most(own.late.max(own.sender_late), *silence) && findings.elsewhere.heard == 0 {
        return (Class::StarvedHere, Certainty::Likely);
    }
    let account = findings.account.as_ref();
    if account.is_some_and(|account| is_most(account.paused, *silence)) {
        return (Class::PausedThere, Certainty::Sure);
    }
    if is_most(numbers.burst, *silence) || 0 < findings.elsewhere.heard {
        return (Class::Delayed, Certainty::Sure);
    }
    if findings.echo == Echoed::Unanswered {
        return (Class::PausedThere, Certainty::Likely);
    }
    (Class::Delayed, Certainty::Likely)
}

/// Heartbeats were sent and did not come.
fn lost(findings: &Findings, numbers: &Numbers) -> Verdict {
    let Findings { own, silence, .. } = findings;
    if numbers.skipped <= numbers.reordered.saturating_mul(2) {
        return (Class::Disordered, Certainty::Likely);
    }
    if !own.interface_down.is_zero() {
        return (Class::InterfaceDownHere, Certainty::Likely);
    }
    if let Some(account) = &findings.account
        && numbers.skipped <= u64::from(account.refused).saturating_mul(2)
    {
        return (Class::DroppedThere, Certainty::Sure);
    }
    let alone = findings.company.heard == 0 && findings.elsewhere.heard == 0;
    let still = own.paused.max(own.late);
    if alone && is_most(still, *silence) {
        return (Class::PausedHere, Certainty::Likely);
    }
    if numbers.skipped <= u64::from(own.dropped).saturating_mul(2) {
        return (Class::DroppedHere, Certainty::Likely);
    }
    direction(findings, numbers)
}

/// On the way: whether ours got through meanwhile.
fn direction(findings: &Findings, numbers: &Numbers) -> Verdict {
    if let Some(account) = &findings.account {
        if numbers.skipped <= u64::from(account.unsent).saturating_mul(2) {
            return (Class::DroppedThere, Certainty::Likely);
        }
        let absent = findings.own.absent;
        let cut = account.unheard.saturating_sub(absent);
        return if !absent.is_zero() {
            // What was not sent was not heard, and may have been lost as well.
            let both = is_most(cut, findings.silence);
            let class = if both {
                Class::LostBothWays
            } else {
                Class::LostToUs
            };
            (class, Certainty::Likely)
        } else if is_most(account.unheard, findings.silence) {
            (Class::LostBothWays, Certainty::Sure)
        } else if account.unheard < findings.interval * 2 {
            (Class::LostToUs, Certainty::Sure)
        } else {
            (Class::LostToUs, Certainty::Likely)
        };
    }
    match findings.own.unheard {
        Some(unheard) if numbers.skipped <= unheard.saturating_mul(2) => {
            (Class::LostBothWays, Certainty::Likely)
        }
        Some(_) | None => (Class::LostToUs, Certainty::Likely),
    }
}

#[cfg(test)]
mod tests;
