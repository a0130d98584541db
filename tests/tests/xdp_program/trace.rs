//! Tracing: refused frames told with their reason, where it is asked for.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use aya_log::EbpfLogger;
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_tests::program::path::{FIRST, INCARNATION, Path};
use heartbeat_tests::program::tables::HostTables;
use heartbeat_tests::program::{Program, open};
use heartbeat_tests::suite::Test;
use log::{Log, Metadata};

pub const TESTS: &[Test] = &[(
    "a refused frame is told with its reason where tracing is on, and an accepted one is not",
    refusals,
)];

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut lines = self.0.lock().expect("no logger panics");
        lines.push(record.args().to_string());
    }

    fn flush(&self) {}
}

fn refusals() -> Result<()> {
    let object = heartbeat_user::object::program()?;
    let mut program = Program::of(open(object)?, "heartbeat_traced")?;
    program.seed(&HostTables::authenticated())?;
    let lines = Lines::default();
    let mut logger = EbpfLogger::init_with_logger(program.ebpf(), lines.clone())
        .context("read the program's log")?;
    let path = Path::plain();
    program.confirm(&path, INCARNATION);
    program.run(&path.heartbeat(FIRST))?;
    program.run(&path.frame().tcp(3343).bytes())?;
    logger.flush();
    assert_eq!(*lines.0.lock().expect("no logger panics"), [""; 0]);
    program.run(&path.send(&Header {
        sender: 3,
        ..path.header(Kind::Heartbeat)
    }))?;
    logger.flush();
    let expected = format!("refused path: interface 1 network {}", path.network);
    assert_eq!(*lines.0.lock().expect("no logger panics"), [expected]);
    Ok(())
}
