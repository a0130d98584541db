//! The screen: what, why, what to do, when, what spoke for and against, and what comes next.

use std::fmt::Write as _;
use std::time::SystemTime;

use super::advice;
use super::case::{Case, Line};
use super::reasons::{self, Reasons, seconds};

/// Columns of the words at the left.
const MARGIN: usize = 13;
/// Columns in all.
const WIDTH: usize = 100;

/// The whole of it.
pub fn of(case: &Case<'_>) -> String {
    let mut sheet = Sheet::default();
    let event = case.event;
    let best = case.best();
    sheet.head(event);
    sheet.say(
        "CAUSE",
        best.cause
            .as_deref()
            .unwrap_or("none is known of this kind of event"),
    );
    if best.seq != event.seq {
        sheet.say(
            "",
            &format!("as event {} has it, when it was heard again", best.seq),
        );
    }
    sheet.say("DO", &advice::of(case));
    if let Some(loss) = case.loss {
        sheet.loss(case, loss);
    }
    if let Some(end) = case.end {
        sheet.end(end);
    }
    let (peer, us) = (
        best.peer.as_deref().unwrap_or("the peer"),
        best.observer.as_str(),
    );
    if let Some(found) = &best.evidence.findings {
        sheet.reasons(&reasons::of(found, peer, us));
    } else {
        sheet.say("TEXT", &event.message);
    }
    sheet.say("NEXT", &next(best));
    sheet.text.trim_end().to_owned()
}

/// What to type now.
fn next(line: &Line) -> String {
    let peer = line.peer.as_ref().map(|peer| format!(" --peer {peer}"));
    let network = line
        .network
        .as_ref()
        .map(|network| format!(" --network \"{network}\""));
    format!(
        "heartbeat diagnose{}{}",
        peer.unwrap_or_default(),
        network.unwrap_or_default()
    )
}

#[derive(Default)]
struct Sheet {
    text: String,
}

impl Sheet {
    fn head(&mut self, event: &Line) {
        let about = match (&event.peer, &event.network) {
            (Some(peer), Some(network)) => format!("{peer} on {network}"),
            (Some(about), None) | (None, Some(about)) => about.clone(),
            (None, None) => String::new(),
        };
        // A string takes whatever is written into it.
        let _ = writeln!(
            self.text,
            "{} {}  {about}, seen by {}   {}",
            event.id, event.name, event.observer, event.time
        );
    }

    /// A line with a word at its left, broken at words.
    fn say(&mut self, word: &str, what: &str) {
        let mut left = word.to_owned();
        let mut line = String::new();
        for part in what.split(' ') {
            if WIDTH < MARGIN + line.chars().count() + part.chars().count() && !line.is_empty() {
                let _ = writeln!(self.text, "{left:<MARGIN$}{}", line.trim_end());
                left.clear();
                line.clear();
            }
            line.push_str(part);
            line.push(' ');
        }
        let _ = writeln!(self.text, "{left:<MARGIN$}{}", line.trim_end());
    }

    fn loss(&mut self, case: &Case<'_>, loss: &Line) {
        let evidence = &loss.evidence;
        let (Some(last), Some(deadline)) = (evidence.last_arrival_ns, evidence.deadline_ns) else {
            return;
        };
        self.arrivals(loss, last);
        let found = evidence.findings.clone().unwrap_or_default();
        let late = evidence.judged_ns.saturating_sub(deadline);
        let rule = format!(
            "deadline     {} after it; judged {} later; own lateness {}",
            seconds(deadline.saturating_sub(last)),
            seconds(late),
            seconds(found.own.late_ns)
        );
        self.say(&clock(loss.wall(deadline)), &rule);
        if case.end.is_some() && evidence.class != case.best().evidence.class {
            let first = loss.cause.as_deref().unwrap_or("not known");
            self.say("", &format!("then thought  {first}"));
        }
    }

    /// The heartbeats before the silence, as the kernel stamped them.
    fn arrivals(&mut self, loss: &Line, last: u64) {
        let before: Vec<_> = loss
            .evidence
            .trail
            .iter()
            .filter(|step| step.0 <= last)
            .collect();
        if let ([first, .., newest], true) = (&before[..], 2 < before.len()) {
            let gaps = before.windows(2).map(|pair| pair[1].0 - pair[0].0);
            let (least, most) = gaps.fold((u64::MAX, 0), |(least, most), gap| {
                (least.min(gap), most.max(gap))
            });
            let line = format!(
                "{:<3} arrivals seq {} to {}, {} to {} apart",
                before.len(),
                first.2,
                newest.2,
                seconds(least),
                seconds(most)
            );
            self.say(&clock(loss.wall(first.0)), &line);
        }
        let number = before.last().map_or(String::new(), |step| {
            format!("seq {}, its loop {} ms old", step.2, step.3)
        });
        self.say(&clock(loss.wall(last)), &format!("last arrival {number}"));
    }

    fn end(&mut self, end: &Line) {
        let (Some(arrival), Some(outage)) = (end.evidence.arrival_ns, end.evidence.outage_ns)
        else {
            return;
        };
        let line = format!("heard again  after {}", seconds(outage));
        self.say(&clock(end.wall(arrival)), &line);
    }

    fn reasons(&mut self, reasons: &Reasons) {
        for (word, lines) in [
            ("FOR", &reasons.speaks_for),
            ("AGAINST", &reasons.against),
            ("UNKNOWN", &reasons.unknown),
        ] {
            for (place, line) in lines.iter().enumerate() {
                self.say(if place == 0 { word } else { "" }, line);
            }
        }
    }
}

/// The time of day in UTC.
fn clock(at: Option<SystemTime>) -> String {
    at.and_then(|at| {
        let text = humantime::format_rfc3339_millis(at).to_string();
        text.get(11..23).map(str::to_owned)
    })
    .unwrap_or_default()
}
