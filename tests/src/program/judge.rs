//! The host's own judge, by which the kernel's is judged.
//!
//! Walk, admission, window and echo rules are one source for both, but the kernel's were compiled for another
//! machine, rewritten by a linker and cut by a verifier. This judge runs the same functions where the compiler is
//! trusted, over the same tables and over slots of its own. Of the program's own code it repeats only the order.

use heartbeat_ebpf::admit::{self, Admitted};
use heartbeat_ebpf::echo::{Answer, Echo};
use heartbeat_ebpf::frame::{self, Datagram};
use heartbeat_ebpf::map::{Local, NO_NETWORK};
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wake::Control;
use heartbeat_ebpf::wire::{Kind, LENGTH, Words, flags};

use super::INTERFACE;
use super::tables::HostTables;

/// A judge with slots of its own. Echoes are answered as often as they are asked: time is not compared.
#[derive(Debug)]
pub struct HostJudge {
    tables: HostTables,
    records: Vec<(Slot, Echo, Control)>,
}

impl HostJudge {
    /// By these tables, having heard nothing, with room for slots below `slots`.
    pub fn new(tables: HostTables, slots: usize) -> Self {
        let records = std::iter::repeat_with(Default::default).take(slots);
        HostJudge {
            tables,
            records: records.collect(),
        }
    }

    /// What it has recorded in the slot with this index.
    pub fn slot(&self, index: usize) -> &Slot {
        &self.records[index].0
    }

    /// The slot's echo record.
    pub fn echo(&self, index: usize) -> &Echo {
        &self.records[index].1
    }

    /// The slot's control record.
    pub fn control(&self, index: usize) -> &Control {
        &self.records[index].2
    }

    /// Judges a frame and records it. Returns the verdict and the index of the network that it counts for;
    /// `None` is a foreign frame, which nobody counts.
    pub fn judge(&self, bytes: &[u8], now_ns: u64) -> Option<(u32, Verdict)> {
        let datagram = frame::walk(bytes)?;
        Some(match admit::addressed(&datagram, &self.tables) {
            None => {
                let network = self.tables.devices.get(&INTERFACE);
                (network.copied().unwrap_or(NO_NETWORK), Verdict::Transit)
            }
            Some(local) => {
                let verdict = self.addressed(bytes, &datagram, local, now_ns);
                (local.index.into(), verdict)
            }
        })
    }

    fn addressed(&self, bytes: &[u8], datagram: &Datagram, local: Local, now_ns: u64) -> Verdict {
        if let Some(flaw) = datagram.flaw {
            return admit::flawed(flaw);
        }
        let payload = bytes.get(datagram.payload as usize..);
        let Some(payload) = payload.and_then(|rest| rest.first_chunk::<LENGTH>()) else {
            return Verdict::Length;
        };
        let words = Words::from_bytes(payload);
        match admit::admit(datagram, local, &words, INTERFACE, &self.tables) {
            Err(verdict) => verdict,
            Ok(admitted) => self.record(&words, admitted, now_ns),
        }
    }

    fn record(&self, words: &Words, admitted: Admitted, now_ns: u64) -> Verdict {
        let (slot, echo, control) = &self.records[admitted.slot as usize];
        match admitted.kind {
            Kind::Heartbeat => slot.record(echo, words, now_ns, !admitted.authenticated).0,
            Kind::Message => Verdict::Message,
            Kind::EchoRequest => asked(slot, echo, words, now_ns),
            Kind::EchoReply if words.heard() == 0 || control.nonce.get() != words.heard() => {
                Verdict::EchoUnexpected
            }
            Kind::EchoReply => {
                control.nonce.set(0);
                echo.confirm(words, words.announced(), now_ns);
                Verdict::EchoReply
            }
        }
    }
}

fn asked(slot: &Slot, echo: &Echo, words: &Words, now_ns: u64) -> Verdict {
    match echo.answer(words, now_ns, 0, 0) {
        Answer::None => return Verdict::EchoLimited,
        Answer::TooSoon => {
            echo.remark(slot, words, now_ns, 0);
            return Verdict::EchoLimited;
        }
        Answer::Outdated => {}
        Answer::Newest => {
            echo.learn(slot, words, now_ns, 0);
        }
    }
    if words.flags() & flags::BY_AGENT != 0 {
        Verdict::Message
    } else {
        Verdict::Echo
    }
}
