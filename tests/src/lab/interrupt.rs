//! Ctrl-C and SIGTERM as an error that travels up.
//!
//! A lab is taken down by `Drop`, and a signal's default action runs no destructors. So the handler only
//! raises a flag, every wait in the lab looks at it and fails with [`Interrupted`], and the error unwinds
//! the program through all that has to be undone.

use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::libc::c_int;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

static RECEIVED: AtomicI32 = AtomicI32::new(0);
/// How often a sleeper looks up.
const PERIOD: Duration = Duration::from_millis(20);

/// The program was asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interrupted(pub Signal);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted by {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

extern "C" fn note(signal: c_int) {
    RECEIVED.store(signal, Ordering::Relaxed);
}

/// From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending the process on the spot.
pub fn install() -> Result<()> {
    let action = SigAction::new(
        SigHandler::Handler(note),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler stores to an atomic and does nothing else.
        unsafe { sigaction(signal, &action) }
            .with_context(|| format!("install the handler of {signal}"))?;
    }
    Ok(())
}

/// An error once a signal was noted.
pub fn check() -> Result<(), Interrupted> {
    match Signal::try_from(RECEIVED.load(Ordering::Relaxed)) {
        Ok(signal) => Err(Interrupted(signal)),
        Err(_) => Ok(()),
    }
}

/// How a program ends that may be interrupted: 0 or 1 by its outcome, 1 with a sentence where it broke off,
/// 128 and the signal's number where it was asked to end. `what` begins the sentence.
pub fn exit(what: &str, outcome: Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => match error.downcast_ref::<Interrupted>() {
            Some(Interrupted(signal)) => {
                eprintln!("Interrupted; everything was removed.");
                ExitCode::from(128 + *signal as u8)
            }
            None => {
                eprintln!("{what} broke off: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Sleeps, unless interrupted.
pub fn sleep(duration: Duration) -> Result<(), Interrupted> {
    let end = Instant::now() + duration;
    loop {
        check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(PERIOD));
    }
}
