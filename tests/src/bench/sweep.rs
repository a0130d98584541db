//! The agent's look at all slots: mapped, and by system calls.
//!
//! Mapped is the agent's own sweep, which reads three records of every path. The system calls read the slot alone,
//! so the comparison favours them.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use aya::maps::{Array, Map, MapData};
use heartbeat_core::config::PathIndex;
use heartbeat_user::sweep;

use super::check::{Check, Limit};
use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use crate::lab::interrupt;
use crate::program::Program;
use crate::program::path::INCARNATION;

/// Slots in use.
const SIZES: [usize; 3] = [64, 1_000, 4_096];
/// Measurements of each size and way.
const TURNS: usize = 51;
/// Sweeps in one measurement: a small one is shorter than the clock is exact.
const SWEEPS: u32 = 20;

type Slots = Array<MapData, [u64; 16]>;

/// Measures, prints and checks.
pub fn run(report: &mut Report) -> Result<()> {
    let program = Program::load()?;
    let slots = by_calls(&program)?;
    fill(&program);
    let mut series = vec![[Series::default(), Series::default()]; SIZES.len()];
    for _ in 0..TURNS {
        for (size, [mapped, called]) in SIZES.into_iter().zip(&mut series) {
            interrupt::check()?;
            let start = Instant::now();
            for _ in 0..SWEEPS {
                sweep_mapped(&program, size)?;
            }
            mapped.push(start.elapsed() / SWEEPS);
            let start = Instant::now();
            sweep_by_calls(&slots, size)?;
            called.push(start.elapsed());
        }
    }
    report.add(table(&series));
    let [.., [mapped, called]] = &series[..] else {
        unreachable!("there are sizes");
    };
    let ratio = called.ratio_to(mapped).context("something was measured")?;
    report.check(Check::new(
        "sweep of 4096 slots, a call each / mapped",
        ratio,
        Limit::AtLeast(20.0),
    ));
    Ok(())
}

fn table(series: &[[Series; 2]]) -> Table {
    let mut rows = Vec::new();
    for (size, [mapped, called]) in SIZES.into_iter().zip(series) {
        rows.push(Row::against(
            format!("{size} slots, mapped"),
            mapped.clone(),
            mapped,
        ));
        rows.push(Row::against(
            format!("{size} slots, a call each"),
            called.clone(),
            mapped,
        ));
    }
    Table {
        name: "sweep",
        title: format!("One sweep of all slots: {TURNS} turns"),
        unit: Unit::Microseconds,
        rows,
        remark: "The ratio is to the mapped sweep of as many slots. Mapped reads slot, echo and control \
                 of each path; the calls read the slot alone."
            .to_owned(),
    }
}

/// A second descriptor of the map, for the system calls.
fn by_calls(program: &Program) -> Result<Slots> {
    let id = program.slots.id();
    let data = MapData::from_id(id).context("open SLOTS a second time")?;
    Ok(Array::try_from(Map::Array(data))?)
}

/// As a running cluster leaves them.
fn fill(program: &Program) {
    for index in 0..program.slots.entries() {
        let slot = &program.slots[index];
        let number = index as u64 + 1;
        slot.identity.set(number << 32 | 1);
        slot.incarnation.set(INCARNATION);
        slot.last_arrival.set(number * 1_000_000);
        slot.sequence.set(number);
        slot.arrivals.set(number);
        program.echoes[index].confirmed.set(INCARNATION);
    }
}

/// The agent's sweep; fails where it saw something else than is there.
fn sweep_mapped(program: &Program, size: usize) -> Result<()> {
    let mut arrivals = 0;
    for (number, index) in (0..).zip(0..size) {
        let slot = &program.slots[index];
        let path = PathIndex(number);
        let (echo, control) = (&program.echoes[index], &program.controls[index]);
        let arrival = black_box(sweep::arrival(path, slot, echo, control, 7));
        arrivals += arrival.arrivals;
    }
    seen(arrivals, size)
}

fn sweep_by_calls(slots: &Slots, size: usize) -> Result<()> {
    let mut arrivals = 0;
    for index in 0..size {
        let index = u32::try_from(index).context("few slots")?;
        let words = black_box(slots.get(&index, 0)?);
        arrivals += words[ARRIVALS];
    }
    seen(arrivals, size)
}

/// Word of a slot that counts its arrivals.
const ARRIVALS: usize = std::mem::offset_of!(heartbeat_ebpf::slot::Slot, arrivals) / 8;

fn seen(arrivals: u64, size: usize) -> Result<()> {
    let size = size as u64;
    ensure!(
        arrivals == size * (size + 1) / 2,
        "the sweep saw {arrivals} arrivals"
    );
    Ok(())
}
