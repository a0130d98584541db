//! The scheduling of the threads that must not wait: the best that this host grants.
//!
//! Deadline scheduling may be refused (no CAP_SYS_NICE, a cpuset, no bandwidth left), so fixed priority comes
//! next, then whatever there is; which one it became is reported, because an operator must know what this node
//! is worth under load. Where deadline scheduling is granted, the kernel guarantees each thread its
//! reservation and lends it what nobody else has reserved (SCHED_FLAG_RECLAIM), but never a whole CPU.
//!
//! The sender needs it because its peers judge by what it sends. The main loop needs it because a cut of the
//! network that happens meanwhile must be told in bounded time. How late a loop woke that wants to every 10 ms
//! for 0.1 ms of work, under SCHED_FIFO 50 hogs on both CPUs (Linux 6.18, a virtual machine, 5 s each, ms):
//!
//! | scheduling | p50 | p99 | largest |
//! |---|---|---|---|
//! | normal, without hogs | 0.06 | 3.6 | 6.8 |
//! | normal, beside hogs at normal priority | 0.05 | 5.1 | 8.8 |
//! | normal | 0.07 | 798 | 808 |
//! | SCHED_FIFO 1, SCHED_RR 1 | never ran | | 5 100 |
//! | SCHED_FIFO 55 | 0.06 | 20 | 50 |
//! | SCHED_DEADLINE, 1 ms in 20 ms | 0.09 | 0.6 | 1.8 |
//! | SCHED_DEADLINE, 1 ms in 20 ms, reclaiming | 0.06 | 0.1 | 0.4 |
//! | the same with 3 ms of work a turn | 0.05 | 0.1 | 0.2 |
//! | SCHED_DEADLINE, 1 ms in 20 ms, with 3 ms of work a turn | 0.08 | 60 | 60 |
//!
//! A whole agent at 100 ms times 3, in the same plight: verdicts 0.05 to 0.07 ms after their deadline, against
//! 0.12 to 0.13 ms on a calm machine. On the disk, and told, they were up to 740 ms later, because the journal
//! stays at normal priority: it waits for disks.
//!
//! The awkward case is the low fixed priority that looks like a modest choice: the time that the kernel keeps
//! from real-time hogs goes to normal threads and to nobody else, so it is worse than none at all. The other
//! awkward case is a mistake of our own that makes the loop spin; [`leash`] ends that.
//!
//! Threads that these threads make start at normal priority (SCHED_FLAG_RESET_ON_FORK).

pub mod leash;
mod reservation;

use std::io;
use std::time::Duration;

use leash::Leash;
use reservation::Reservation;

/// What a thread got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheduling {
    /// SCHED_DEADLINE.
    Deadline,
    /// SCHED_FIFO.
    Fifo,
    /// Like any other thread.
    Normal,
}

impl Scheduling {
    /// As commands print it.
    pub const fn label(self) -> &'static str {
        match self {
            Scheduling::Deadline => "deadline",
            Scheduling::Fifo => "fifo",
            Scheduling::Normal => "normal",
        }
    }
}

/// Above what interrupt threads have by default (50); what hogs have, experience says, too.
const SENDER_PRIORITY: u32 = 60;
/// Below the sender's, which sends for a loop that spins, too.
const LOOP_PRIORITY: u32 = 55;

/// Asks for the calling thread, as the one that sends to so many paths; `interval` is the shortest.
pub fn obtain(paths: usize, interval: Duration) -> Scheduling {
    let reservation = Reservation::of_sender(paths, interval);
    best("the sender", reservation, SENDER_PRIORITY).unwrap_or_else(|| {
        log::warn!(
            "the sender runs at normal priority (CAP_SYS_NICE is missing): under load peers may miss our heartbeats"
        );
        Scheduling::Normal
    })
}

/// Asks for the calling thread, as the one that sweeps and judges so many paths. Whoever gets more than normal
/// priority also gets a leash, for [`super::Sender::hold`].
pub fn obtain_for_loop(paths: usize) -> (Scheduling, Option<Leash>) {
    let reservation = Reservation::of_loop(paths);
    match best("the main loop", reservation, LOOP_PRIORITY) {
        Some(scheduling) => (scheduling, Some(Leash::on_this_thread(leash::CPU_MAX))),
        None => {
            log::warn!(
                "the main loop runs at normal priority (CAP_SYS_NICE is missing): under load events may come late"
            );
            (Scheduling::Normal, None)
        }
    }
}

fn best(who: &str, reservation: Reservation, priority: u32) -> Option<Scheduling> {
    let refused = match set(&deadline(reservation)) {
        Ok(()) => return Some(Scheduling::Deadline),
        Err(error) => error,
    };
    set(&policy(libc::SCHED_FIFO, priority)).ok()?;
    log::info!(
        "{who} runs at SCHED_FIFO {priority}, because SCHED_DEADLINE was refused: {refused} (EBUSY: its bandwidth is reserved by others; EPERM: this process may not run on all CPUs)"
    );
    Some(Scheduling::Fifo)
}

/// struct sched_attr of sched_setattr(2), version 0.
#[repr(C)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

const RESET_ON_FORK: u64 = 1;
const RECLAIM: u64 = 2;

fn deadline(reservation: Reservation) -> Attributes {
    let period_ns = reservation.period.as_nanos() as u64;
    Attributes {
        flags: RESET_ON_FORK | RECLAIM,
        runtime_ns: reservation.runtime.as_nanos() as u64,
        deadline_ns: period_ns,
        period_ns,
        ..policy(libc::SCHED_DEADLINE, 0)
    }
}

fn policy(policy: i32, priority: u32) -> Attributes {
    Attributes {
        size: size_of::<Attributes>() as u32,
        policy: policy as u32,
        flags: RESET_ON_FORK,
        nice: 0,
        priority,
        runtime_ns: 0,
        deadline_ns: 0,
        period_ns: 0,
    }
}

fn set(attributes: &Attributes) -> io::Result<()> {
    set_for(0, attributes)
}

/// Sets the scheduling of a thread; 0: of the calling one.
fn set_for(thread: i32, attributes: &Attributes) -> io::Result<()> {
    // SAFETY: the kernel reads `size` bytes of the attributes.
    let result =
        unsafe { libc::syscall(libc::SYS_sched_setattr, thread, &raw const *attributes, 0) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
