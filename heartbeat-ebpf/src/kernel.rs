//! The XDP program's body: one frame from the driver to its verdict.
//!
//! Everything that decides is in the contract's other modules, which the host tests; what is here touches
//! packets and maps. The rule that shapes it is least privilege: the verifier accepts the program with
//! CAP_BPF and CAP_NET_ADMIN alone, so it has no variable stack index, no packet pointer with a variable
//! offset and no struct copied into a map.

mod maps;
mod packet;
mod reply;
mod tables;

use aya_ebpf::bindings::xdp_action::{XDP_DROP, XDP_PASS, XDP_TX};
use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::programs::XdpContext;
use aya_log_ebpf::info;

use crate::admit::{self, Admitted};
use crate::echo::Answer;
use crate::frame::{self, Datagram};
use crate::map::Local;
use crate::trail::Beat;
use crate::verdict::{Fate, Verdict};
use crate::wake::{self, Reason};
use crate::wire::{Kind, Words, flags};
use packet::Packet;
use tables::MapTables;

pub use maps::rewind;

/// What becomes of a frame.
pub struct Outcome {
    /// The XDP action.
    pub action: u32,
    /// Why it was refused, if it was.
    refusal: Option<Refusal>,
}

struct Refusal {
    verdict: Verdict,
    interface: u32,
    network: u16,
}

/// Judges one frame.
#[inline(always)]
pub fn run(context: &XdpContext) -> Outcome {
    match frame::walk(&Packet(context)) {
        None => Outcome::of(XDP_PASS),
        Some(datagram) => judged(context, &datagram),
    }
}

/// Judges one frame and logs a refusal. A program of its own: before Linux 6.17 the verifier follows even
/// branches that are never taken, and what a log line takes it accepts with CAP_PERFMON only.
#[inline(always)]
pub fn run_traced(context: &XdpContext) -> u32 {
    let outcome = run(context);
    if let Some(Refusal {
        verdict,
        interface,
        network,
    }) = outcome.refusal
    {
        info!(
            context,
            "refused {}: interface {} network {}",
            verdict.label(),
            interface,
            network
        );
    }
    outcome.action
}

impl Outcome {
    #[inline(always)]
    const fn of(action: u32) -> Self {
        Outcome {
            action,
            refusal: None,
        }
    }
}

#[inline(always)]
fn judged(context: &XdpContext, datagram: &Datagram) -> Outcome {
    let interface = packet::interface(context);
    let Some(local) = admit::addressed(datagram, &MapTables) else {
        maps::count(maps::network_of_device(interface), Verdict::Transit);
        return Outcome::of(XDP_PASS);
    };
    let verdict = judge(context, datagram, local, interface);
    maps::count(local.index as u32, verdict);
    match verdict.fate() {
        Fate::Pass => Outcome::of(XDP_PASS),
        Fate::Reply => Outcome::of(XDP_TX),
        Fate::Drop
            if matches!(
                verdict,
                Verdict::Heartbeat | Verdict::Copy | Verdict::EchoReply
            ) =>
        {
            Outcome::of(XDP_DROP)
        }
        Fate::Drop => Outcome {
            action: XDP_DROP,
            refusal: Some(Refusal {
                verdict,
                interface,
                network: local.network,
            }),
        },
    }
}

#[inline(always)]
fn judge(context: &XdpContext, datagram: &Datagram, local: Local, interface: u32) -> Verdict {
    if let Some(flaw) = datagram.flaw {
        return admit::flawed(flaw);
    }
    let Some(words) = packet::payload(context, datagram.payload) else {
        return Verdict::Length;
    };
    match admit::admit(datagram, local, &words, interface, &MapTables) {
        Err(verdict) => verdict,
        Ok(admitted) => match admitted.kind {
            Kind::Heartbeat => heartbeat(&words, admitted),
            Kind::EchoRequest => request(context, datagram, &words, admitted, local),
            Kind::EchoReply => answered(&words, admitted),
            Kind::Message => Verdict::Message,
        },
    }
}

#[inline(always)]
fn heartbeat(words: &Words, admitted: Admitted) -> Verdict {
    let (Some(slot), Some(echo), Some(control)) = (
        maps::slot(admitted.slot),
        maps::echo(admitted.slot),
        maps::control(admitted.slot),
    ) else {
        return Verdict::Path;
    };
    // SAFETY: the helper has no preconditions.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    let before = Beat::newest(slot);
    let (verdict, arrived) = slot.record(echo, words, now_ns, !admitted.authenticated);
    if matches!(verdict, Verdict::Heartbeat | Verdict::Reordered) {
        maps::keep(admitted.slot, slot, words, now_ns);
    }
    let armed = match verdict {
        Verdict::Heartbeat => control.disarm(wake::ARRIVAL),
        Verdict::Candidate => control.disarm(wake::CANDIDATE),
        _ => false,
    };
    let start_ns = match arrived {
        Some(arrived) => arrived.previous_ns,
        None => 0,
    };
    let notable = control.notable_gap.get();
    let gap = start_ns != 0 && notable != 0 && start_ns + notable < now_ns;
    if gap || armed {
        let reason = match verdict {
            Verdict::Candidate => Reason::Candidate,
            _ if gap => Reason::Gap,
            _ => Reason::Arrival,
        };
        maps::record(
            reason,
            admitted.slot,
            slot,
            words,
            &before,
            start_ns,
            now_ns,
            armed,
        );
    }
    verdict
}

#[inline(always)]
fn request(
    context: &XdpContext,
    datagram: &Datagram,
    words: &Words,
    admitted: Admitted,
    local: Local,
) -> Verdict {
    let (Some(slot), Some(echo), Some(network), Some(node)) = (
        maps::slot(admitted.slot),
        maps::echo(admitted.slot),
        maps::network(local.index as u32),
        maps::node(),
    ) else {
        return Verdict::Path;
    };
    // SAFETY: the helper has no preconditions.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    let interval_ns = network.interval_ms.get() * 1_000_000;
    let answer = echo.answer(words, now_ns, interval_ns, node.begun.get());
    let missed = match answer {
        Answer::None | Answer::Outdated => false,
        Answer::TooSoon => echo.remark(slot, words, now_ns, interval_ns),
        Answer::Newest => echo.learn(slot, words, now_ns, interval_ns),
    };
    if missed {
        maps::record(
            Reason::Missed,
            admitted.slot,
            slot,
            words,
            &Beat::newest(slot),
            0,
            now_ns,
            true,
        );
    }
    match answer {
        Answer::None | Answer::TooSoon => return Verdict::EchoLimited,
        Answer::Outdated | Answer::Newest => {}
    }
    if words.flags() & flags::BY_AGENT != 0 {
        return Verdict::Message;
    }
    let reply = reply::words(words, slot, echo, node, network, now_ns);
    match reply::send(context, datagram, reply) {
        Some(()) => Verdict::Echo,
        None => Verdict::EchoLimited,
    }
}

#[inline(always)]
fn answered(words: &Words, admitted: Admitted) -> Verdict {
    let (Some(slot), Some(echo), Some(control)) = (
        maps::slot(admitted.slot),
        maps::echo(admitted.slot),
        maps::control(admitted.slot),
    ) else {
        return Verdict::Path;
    };
    let nonce = words.heard();
    if nonce == 0 || control.nonce.get() != nonce {
        return Verdict::EchoUnexpected;
    }
    control.nonce.set(0);
    // SAFETY: the helper has no preconditions.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    echo.confirm(words, words.announced(), now_ns);
    maps::record(
        Reason::EchoReply,
        admitted.slot,
        slot,
        words,
        &Beat::newest(slot),
        0,
        now_ns,
        true,
    );
    Verdict::EchoReply
}
