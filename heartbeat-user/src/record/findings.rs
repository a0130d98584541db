//! What a cause was judged by, as a record holds it: everything that `heartbeat explain` shows later, whether or not the
//! agent that judged still lives. Lengths are in ns; what is not known is absent, and counts of nothing are 0.

use std::time::Duration;

use heartbeat_core::account::Account;
use heartbeat_core::cause::{Echoed, Explanation, Findings as Found, Numbers, Run};
use heartbeat_core::interface::Soundness;
use serde::{Deserialize, Serialize};

/// See [`heartbeat_core::cause::Findings`]; its fields have the same names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the finding of that name")]
pub struct Findings {
    pub silence_ns: u64,
    pub interval_ns: u64,
    pub detection_ns: u64,
    /// not-asked, unanswered, sending or idle.
    pub echo: String,
    pub unanswered: u32,
    pub elsewhere: Elsewhere,
    pub company: Company,
    pub own: Own,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Counted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Told>,
    /// unknown, sound or failed.
    pub peer_interface: String,
    pub views: Views,
}

/// The other networks to the peer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the finding of that name")]
pub struct Elsewhere {
    pub heard: u8,
    pub silent: u8,
    pub answering: u8,
    pub idle: u8,
    pub unanswered: u8,
}

/// The other peers on the network.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the finding of that name")]
pub struct Company {
    pub heard: u16,
    pub silent: u16,
}

/// This node's own side.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the finding of that name")]
pub struct Own {
    pub absent_ns: u64,
    pub interface_down_ns: u64,
    pub late_ns: u64,
    pub sender_late_ns: u64,
    pub waited_ns: u64,
    pub paused_ns: u64,
    pub dropped: u32,
    pub unsent: u32,
    pub refused: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unheard: Option<u64>,
}

/// The heartbeats before and after.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the finding of that name")]
pub struct Counted {
    /// same, announced, another or rebooted.
    pub run: String,
    pub skipped: u64,
    pub due: u64,
    pub sent_ns: u64,
    pub burst_ns: u64,
    pub reordered: u64,
}

/// The peer's own account.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the account's field of that name"
)]
pub struct Told {
    pub unheard_ns: u64,
    pub late_ns: u64,
    pub sender_late_ns: u64,
    pub waited_ns: u64,
    pub paused_ns: u64,
    /// unknown, sound or failed.
    pub interface: String,
    pub refused: u32,
    pub unsent: u32,
}

/// What other nodes report.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the finding of that name")]
pub struct Views {
    pub hear_peer: u16,
    pub miss_peer: u16,
    pub hear_us: u16,
    pub miss_us: u16,
}

impl Findings {
    /// Of an explanation.
    pub fn of(why: &Explanation) -> Self {
        let found = &why.findings;
        let Found {
            elsewhere,
            company,
            views,
            ..
        } = found;
        Findings {
            silence_ns: ns(found.silence),
            interval_ns: ns(found.interval),
            detection_ns: ns(found.detection),
            echo: echo(found.echo).to_owned(),
            unanswered: found.unanswered,
            elsewhere: Elsewhere {
                heard: elsewhere.heard,
                silent: elsewhere.silent,
                answering: elsewhere.answering,
                idle: elsewhere.idle,
                unanswered: elsewhere.unanswered,
            },
            company: Company {
                heard: company.heard,
                silent: company.silent,
            },
            own: own(found),
            numbers: found.numbers.map(|numbers| counted(found, &numbers)),
            account: found.account.map(|account| told(&account)),
            peer_interface: soundness(found.peer_interface).to_owned(),
            views: Views {
                hear_peer: views.hear_peer,
                miss_peer: views.miss_peer,
                hear_us: views.hear_us,
                miss_us: views.miss_us,
            },
        }
    }
}

fn own(found: &Found) -> Own {
    let own = &found.own;
    Own {
        absent_ns: ns(own.absent),
        interface_down_ns: ns(own.interface_down),
        late_ns: ns(own.late),
        sender_late_ns: ns(own.sender_late),
        waited_ns: ns(own.waited),
        paused_ns: ns(own.paused),
        dropped: own.dropped,
        unsent: own.unsent,
        refused: own.refused,
        unheard: own.unheard,
    }
}

fn counted(found: &Found, numbers: &Numbers) -> Counted {
    let run = match numbers.run {
        Run::Same => "same",
        Run::Announced => "announced",
        Run::Another => "another",
        Run::Rebooted => "rebooted",
    };
    Counted {
        run: run.to_owned(),
        skipped: numbers.skipped,
        due: Numbers::due(found),
        sent_ns: ns(numbers.sent),
        burst_ns: ns(numbers.burst),
        reordered: numbers.reordered,
    }
}

fn told(account: &Account) -> Told {
    Told {
        unheard_ns: ns(account.unheard),
        late_ns: ns(account.late),
        sender_late_ns: ns(account.sender_late),
        waited_ns: ns(account.waited),
        paused_ns: ns(account.paused),
        interface: soundness(account.interface).to_owned(),
        refused: account.refused,
        unsent: account.unsent,
    }
}

fn echo(echo: Echoed) -> &'static str {
    match echo {
        Echoed::NotAsked => "not-asked",
        Echoed::Unanswered => "unanswered",
        Echoed::Sending => "sending",
        Echoed::Idle => "idle",
    }
}

fn soundness(soundness: Soundness) -> &'static str {
    match soundness {
        Soundness::Unknown => "unknown",
        Soundness::Sound => "sound",
        Soundness::Failed => "failed",
    }
}

fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
