//! One node's kernel: what XDP stamps, answers and writes down, by the contract's own code.
//!
//! The slots, the replay window, the echo rules and the wake-ups are those that the XDP program is compiled
//! from; what is written anew here is only what touches packets and maps there (`kernel.rs` of the contract),
//! and how the agent reads a slot. It outlives the agent, as pinned maps do.

use heartbeat_core::view::Epoch;
use heartbeat_ebpf::echo::{Answer, Echo};
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::trail::Beat;
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wake::{self, Control};
use heartbeat_ebpf::wire::{Header, Kind, Words, flags};

mod reading;

/// All records of one node.
#[derive(Debug, Default)]
pub struct Kernel {
    /// By path.
    pub slots: Vec<Slot>,
    /// By path.
    pub echoes: Vec<Echo>,
    /// By path.
    pub controls: Vec<Control>,
    /// Last sequence sent, by network.
    pub sent: Vec<u64>,
    /// Gaps that were written down.
    gaps: Vec<Note>,
    /// When the loop last made progress, ns of its clock.
    pub progress: u64,
    /// When the run began, ns of its clock.
    pub begun: u64,
    /// The agent's incarnation.
    pub incarnation: u64,
    /// The pinned word of the promised epoch.
    pub promised: Option<Epoch>,
}

/// One gap, as the ring buffer tells it.
#[derive(Clone, Copy, Debug)]
struct Note {
    path: u32,
    start: u64,
    end: u64,
    arrivals: u64,
    before: Beat,
    beat: Beat,
}

/// Whether the agent is woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// It is.
    Yes,
    /// It sleeps on.
    No,
}

/// What became of a heartbeat.
#[derive(Clone, Copy, Debug)]
pub struct Stamped {
    /// The verdict.
    pub verdict: Verdict,
    /// The arrival before it, ns; 0: none. Only of a heartbeat that moved the last arrival.
    pub previous: Option<u64>,
    /// Whether the agent is woken.
    pub wake: Wake,
}

impl Kernel {
    /// Fresh records for so many paths and networks.
    pub fn new(paths: usize, networks: usize) -> Self {
        let mut kernel = Kernel::default();
        kernel.slots.resize_with(paths, Slot::default);
        kernel.echoes.resize_with(paths, Echo::default);
        kernel.controls.resize_with(paths, Control::default);
        kernel.sent.resize(networks, 0);
        kernel
    }

    /// A heartbeat arrives.
    pub fn heartbeat(&mut self, path: usize, words: &Words, now: u64) -> Stamped {
        let (slot, control) = (&self.slots[path], &self.controls[path]);
        let before = Beat::newest(slot);
        let (verdict, arrived) = slot.record(&self.echoes[path], words, now, false);
        let armed = match verdict {
            Verdict::Heartbeat => control.disarm(wake::ARRIVAL),
            Verdict::Candidate => control.disarm(wake::CANDIDATE),
            _ => false,
        };
        let previous = arrived.map(|arrived| arrived.previous_ns);
        let start = previous.unwrap_or(0);
        let notable = control.notable_gap.get();
        if start != 0 && notable != 0 && start + notable < now {
            self.gaps.push(Note {
                path: path as u32,
                start,
                end: now,
                arrivals: slot.arrivals.get(),
                before,
                beat: Beat::of(words),
            });
        }
        Stamped {
            verdict,
            previous,
            wake: if armed { Wake::Yes } else { Wake::No },
        }
    }

    /// An echo request arrives: the reply, and whether the agent is woken.
    pub fn request(
        &mut self,
        path: usize,
        words: &Words,
        now: u64,
        interval: u64,
        sent: u64,
    ) -> (Option<Words>, Wake) {
        let (slot, echo) = (&self.slots[path], &self.echoes[path]);
        let wake = match echo.answer(words, now, interval, self.begun) {
            Answer::None => return (None, Wake::No),
            Answer::TooSoon if echo.remark(slot, words, now, interval) => {
                return (None, Wake::Yes);
            }
            Answer::TooSoon => return (None, Wake::No),
            Answer::Outdated => Wake::No,
            Answer::Newest if echo.learn(slot, words, now, interval) => Wake::Yes,
            Answer::Newest => Wake::No,
        };
        let asker = words.incarnation();
        let by_group = echo.hears_group(slot, asker);
        let age = now.saturating_sub(self.progress) / 1_000_000;
        let reply = Header {
            kind: Kind::EchoReply,
            flags: if by_group { flags::MULTICAST } else { 0 },
            key_id: words.key_id(),
            sender: words.receiver(),
            cluster: words.cluster(),
            receiver: words.sender(),
            network: words.network(),
            interval_ms: (interval / 1_000_000) as u16,
            agent_age_ms: u16::try_from(age).unwrap_or(u16::MAX),
            config_digest: words.config_digest(),
            incarnation: self.incarnation,
            sequence: sent,
            sent: echo.highest_known(slot, asker),
            heard: words.heard(),
        };
        (Some(reply.words()), wake)
    }

    /// An echo reply arrives. Says whether it was asked for.
    pub fn reply(&mut self, path: usize, words: &Words, now: u64) -> Wake {
        let control = &self.controls[path];
        let nonce = words.heard();
        if nonce == 0 || control.nonce.get() != nonce {
            return Wake::No;
        }
        control.nonce.set(0);
        self.echoes[path].confirm(words, words.announced(), now);
        Wake::Yes
    }
}
