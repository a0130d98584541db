//! What spoke for a cause, what against others, and what could not be known.

use std::time::Duration;

use crate::record::findings::{Findings, Told};

/// The sentences of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasons {
    /// What speaks for the cause, or shows what happened.
    pub speaks_for: Vec<String>,
    /// What rules other causes out.
    pub against: Vec<String>,
    /// What nobody could tell.
    pub unknown: Vec<String>,
}

/// Reads the findings of an event about `peer`, seen by `us`.
pub fn of(found: &Findings, peer: &str, us: &str) -> Reasons {
    let mut reasons = Reasons::default();
    numbers(found, peer, &mut reasons);
    echo(found, peer, &mut reasons);
    elsewhere(found, peer, &mut reasons);
    own(found, us, &mut reasons);
    match &found.account {
        Some(account) => told(account, peer, us, &mut reasons),
        None => reasons.unknown.push(format!(
            "{peer}'s own side: it was not asked, or did not answer"
        )),
    }
    others(found, peer, &mut reasons);
    reasons
}

fn numbers(found: &Findings, peer: &str, reasons: &mut Reasons) {
    let Some(numbers) = &found.numbers else {
        let open = "whether anything was sent meanwhile: the numbers tell when it is heard again";
        reasons.unknown.push(open.to_owned());
        return;
    };
    reasons.speaks_for.push(match numbers.run.as_str() {
        "same" if numbers.skipped == 0 => format!(
            "the numbers go on without a hole: {peer} made no round for {}",
            seconds(numbers.sent_ns)
        ),
        "same" => format!(
            "{} numbers are missing where {} were due: {peer} did send",
            numbers.skipped, numbers.due
        ),
        "rebooted" => format!("another run of {peer}'s agent, on a clock that began anew"),
        "announced" => format!("another run of {peer}'s agent, as it had announced"),
        _ => format!("another run of {peer}'s agent, which it had not announced"),
    });
    if 0 < numbers.burst_ns {
        let burst = seconds(numbers.burst_ns);
        let line = format!("what came afterwards had waited: a burst of {burst} of sending");
        reasons.speaks_for.push(line);
    }
    if 0 < numbers.reordered {
        let line = format!(
            "{} heartbeats came late and out of order",
            numbers.reordered
        );
        reasons.speaks_for.push(line);
    }
}

fn echo(found: &Findings, peer: &str, reasons: &mut Reasons) {
    let line = match found.echo.as_str() {
        "idle" => format!("{peer}'s kernel answered: nothing was sent since"),
        "sending" => format!("{peer}'s kernel answered: heartbeats were sent that did not come"),
        "unanswered" => format!("{peer}'s kernel did not answer on this network"),
        _ => {
            let line = format!("{peer}'s kernel: it was not asked in time");
            reasons.unknown.push(line);
            return;
        }
    };
    reasons.speaks_for.push(line);
}

fn elsewhere(found: &Findings, peer: &str, reasons: &mut Reasons) {
    let other = &found.elsewhere;
    if 0 < other.heard {
        let line = format!(
            "{peer} was heard on {} other network(s): its host lives",
            other.heard
        );
        reasons.against.push(line);
    }
    if 0 < other.silent {
        let line = format!(
            "silent on {} other network(s) as well, {} of which its kernel answered on",
            other.silent, other.answering
        );
        reasons.speaks_for.push(line);
    }
}

fn own(found: &Findings, us: &str, reasons: &mut Reasons) {
    let own = &found.own;
    let mut clean = Vec::new();
    if 0 < own.absent_ns {
        let line = format!(
            "{us}'s own agent began {} after the last arrival",
            seconds(own.absent_ns)
        );
        reasons.speaks_for.push(line);
    }
    if 0 < own.interface_down_ns {
        let down = seconds(own.interface_down_ns);
        let line = format!("{us}'s own interface was down for {down}");
        reasons.speaks_for.push(line);
    } else {
        clean.push("interface up".to_owned());
    }
    clean.push(format!("{} frames dropped", own.dropped));
    clean.push(format!("loop at most {} late", seconds(own.late_ns)));
    if 0 < found.company.heard {
        clean.push(format!("{} other peer(s) heard there", found.company.heard));
    }
    reasons
        .against
        .push(format!("our side: {}", clean.join(", ")));
    if 0 < found.company.silent {
        let line = format!("{} other peer(s) silent there too", found.company.silent);
        reasons.speaks_for.push(line);
    }
}

fn told(account: &Told, peer: &str, us: &str, reasons: &mut Reasons) {
    let line = format!(
        "{peer} says: it missed {us} for {} at most, its loop was {} late, its sender {}",
        seconds(account.unheard_ns),
        seconds(account.late_ns),
        seconds(account.sender_late_ns)
    );
    reasons.speaks_for.push(line);
    let mut faults = Vec::new();
    if account.interface == "failed" {
        faults.push("its interface was down".to_owned());
    }
    if 0 < account.refused {
        faults.push(format!("its kernel refused {} heartbeats", account.refused));
    }
    if 0 < account.unsent {
        let line = format!("its interface dropped {} frames unsent", account.unsent);
        faults.push(line);
    }
    if 0 < account.paused_ns {
        faults.push(format!(
            "its machine stood still for {}",
            seconds(account.paused_ns)
        ));
    }
    if faults.is_empty() {
        let line = format!("{peer}'s side: interface up, nothing refused, nothing dropped");
        reasons.against.push(line);
    } else {
        reasons
            .speaks_for
            .push(format!("{peer} says: {}", faults.join(", ")));
    }
}

fn others(found: &Findings, peer: &str, reasons: &mut Reasons) {
    let views = &found.views;
    if views.hear_peer + views.miss_peer == 0 {
        let line = "what others see there: nobody else reported";
        reasons.unknown.push(line.to_owned());
        return;
    }
    let line = format!(
        "others on this network: {} hear {peer}, {} miss it",
        views.hear_peer, views.miss_peer
    );
    reasons.speaks_for.push(line);
}

/// A length for people.
pub fn seconds(ns: u64) -> String {
    let span = Duration::from_nanos(ns);
    if span < Duration::from_millis(10) {
        format!("{:.1} ms", span.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", span.as_secs_f64())
    }
}
