//! Scheduling: what is granted, who inherits it, and what it is worth under hogs.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use heartbeat_tests::suite::Test;
use heartbeat_user::ksoftirqd::scheduling;
use heartbeat_user::privilege;
use heartbeat_user::sender::priority::leash::Leash;
use heartbeat_user::sender::priority::{Scheduling, obtain, obtain_for_loop};
use nix::libc;

use crate::hogs::Hogs;
use crate::rights::{NOBODY, START, become_nobody, thread_id};

pub const TESTS: &[Test] = &[
    (
        "root gets deadline scheduling for the largest and the fastest cluster",
        every_size,
    ),
    (
        "a user with CAP_SYS_NICE gets it too, keeps it without, and hands it on to nobody",
        inherited_by_nobody,
    ),
    (
        "a thread that may not use all CPUs gets a fixed priority instead",
        fixed_priority,
    ),
    (
        "without CAP_SYS_NICE threads stay at normal priority, and say so",
        normal,
    ),
    (
        "a loop that spins loses its priority, one that waits or works keeps it",
        leash,
    ),
    (
        "under hogs on every CPU loop and sender wake in time, where a normal thread does not",
        under_hogs,
    ),
];

/// For the kernel: the policy, whoever asks, and whether children start anew.
const RESET_ON_FORK: i32 = 0x4000_0000;

fn apart<T: Send>(deed: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(deed);
        thread.join().expect("nobody panics on that thread")
    })
}

fn policy() -> Result<i32> {
    let (policy, _) = scheduling(0).context("ask for this thread's policy")?;
    Ok(policy)
}

fn every_size() -> Result<()> {
    for (paths, interval_ms) in [(1, 10), (4_096, 10), (1, 60_000), (4_096, 1_200)] {
        apart(|| {
            let got = obtain(paths, Duration::from_millis(interval_ms));
            ensure!(got == Scheduling::Deadline, "{paths} paths: {got:?}");
            ensure!(policy()? == libc::SCHED_DEADLINE | RESET_ON_FORK);
            Ok(())
        })?;
        apart(|| {
            let (got, leash) = obtain_for_loop(paths);
            ensure!(got == Scheduling::Deadline, "{paths} paths: {got:?}");
            ensure!(leash.is_some(), "a loop without a leash");
            Ok(())
        })?;
    }
    Ok(())
}

fn inherited_by_nobody() -> Result<()> {
    apart(|| {
        become_nobody(&START)?;
        let (got, _) = obtain_for_loop(2);
        ensure!(got == Scheduling::Deadline, "{got:?} as user {NOBODY}");
        privilege::drop_for_good()?;
        ensure!(policy()? == libc::SCHED_DEADLINE | RESET_ON_FORK);
        let made = apart(policy)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let blocking = runtime.block_on(async { tokio::task::spawn_blocking(policy).await })??;
        ensure!(made == libc::SCHED_OTHER, "a thread got policy {made}");
        ensure!(blocking == libc::SCHED_OTHER, "a thread got {blocking}");
        Ok(())
    })
}

fn fixed_priority() -> Result<()> {
    if thread::available_parallelism()?.get() == 1 {
        println!("there is one CPU: nothing to show");
        return Ok(());
    }
    apart(|| {
        let mut first = nix::sched::CpuSet::new();
        first.set(0)?;
        nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &first)?;
        let (got, leash) = obtain_for_loop(2);
        ensure!(got == Scheduling::Fifo && leash.is_some(), "{got:?}");
        ensure!(scheduling(0)? == (libc::SCHED_FIFO | RESET_ON_FORK, 55));
        Ok(())
    })
}

fn normal() -> Result<()> {
    apart(|| {
        become_nobody(&[])?;
        let (got, leash) = obtain_for_loop(2);
        ensure!(got == Scheduling::Normal && leash.is_none(), "{got:?}");
        ensure!(obtain(2, Duration::from_secs(1)) == Scheduling::Normal);
        ensure!(policy()? == libc::SCHED_OTHER);
        Ok(())
    })
}

fn leash() -> Result<()> {
    const LIMIT: Duration = Duration::from_millis(100);
    let (progress, over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (hand, take) = std::sync::mpsc::channel();
        let looping = scope.spawn(|| -> Result<()> {
            let (got, _) = obtain_for_loop(2);
            ensure!(got == Scheduling::Deadline, "{got:?}");
            hand.send((Leash::on_this_thread(LIMIT), thread_id()))?;
            drop(hand);
            privilege::drop_all()?;
            thread::sleep(3 * LIMIT);
            let works = Instant::now();
            while works.elapsed() < 3 * LIMIT {
                progress.fetch_add(1, Relaxed);
            }
            ensure!(
                policy()? & !RESET_ON_FORK == libc::SCHED_DEADLINE,
                "lost too early"
            );
            let spins = Instant::now();
            while !over.load(Relaxed) && spins.elapsed() < Duration::from_secs(5) {
                spin_loop();
            }
            ensure!(
                policy()? & !RESET_ON_FORK == libc::SCHED_OTHER,
                "never lost"
            );
            Ok(())
        });
        let (mut leash, held) = take.recv()?;
        let (progress, over) = (&progress, &over);
        let watching = scope.spawn(move || -> Result<()> {
            privilege::drop_all()?;
            let begin = Instant::now();
            // What was held is gone when its test has failed.
            while let Ok((policy, _)) = scheduling(held) {
                if policy & !RESET_ON_FORK == libc::SCHED_OTHER || 10 < begin.elapsed().as_secs() {
                    break;
                }
                leash.check(progress.load(Relaxed));
                thread::sleep(Duration::from_millis(5));
            }
            over.store(true, Relaxed);
            Ok(())
        });
        looping.join().expect("nobody panics on that thread")?;
        watching.join().expect("nobody panics on that thread")
    })
}

/// How late a thread wakes at most that wants to every 10 ms, and works for a tenth of a millisecond.
fn largest_lateness(span: Duration) -> Duration {
    let (period, work) = (Duration::from_millis(10), Duration::from_micros(100));
    let begin = Instant::now();
    let (mut due, mut largest) = (begin + period, Duration::ZERO);
    while due < begin + span {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let woke = Instant::now();
        largest = largest.max(woke - due);
        while woke.elapsed() < work {}
        due = (due + period).max(Instant::now());
    }
    largest
}

fn under_hogs() -> Result<()> {
    const SPAN: Duration = Duration::from_secs(3);
    thread::scope(|scope| {
        let normal = scope.spawn(|| largest_lateness(SPAN));
        let sender = scope.spawn(|| {
            let got = obtain(4, Duration::from_millis(10));
            (got, largest_lateness(SPAN))
        });
        let main = scope.spawn(|| {
            let (got, _leash) = obtain_for_loop(4);
            (got, largest_lateness(SPAN))
        });
        thread::sleep(Duration::from_millis(100));
        let hogs = Hogs::hold(SPAN)?;
        let join = "nobody panics on that thread";
        let (got_sender, sender) = sender.join().expect(join);
        let (got_loop, main) = main.join().expect(join);
        let normal = normal.join().expect(join);
        hogs.end()?;
        println!("largest lateness: loop {main:?}, sender {sender:?}, a normal thread {normal:?}");
        ensure!(got_sender == Scheduling::Deadline, "{got_sender:?}");
        ensure!(got_loop == Scheduling::Deadline, "{got_loop:?}");
        let bound = Duration::from_millis(100);
        ensure!(
            main < bound && sender < bound,
            "late by {main:?}, {sender:?}"
        );
        ensure!(bound < normal, "a normal thread did not stall: no witness");
        Ok(())
    })
}
