//! What a frame costs in the XDP program.
//!
//! The kernel runs the program a million times on one frame and says how long one run took on average. A heartbeat
//! is new only once, so the program measured forgets the newest sequence before each run; the counters prove that
//! a million heartbeats were recorded. An echo request is answered in the frame's own memory, where a second run
//! would find the reply, so those are single runs, which cost some time of the clock's own; they have a table of
//! their own, with the empty program measured the same way.

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_ebpf::wire::{Header, Kind};
use heartbeat_user::object;

use super::check::{Check, Limit};
use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use crate::frames::Frame;
use crate::lab::interrupt;
use crate::program::path::{INCARNATION, Path, seal};
use crate::program::tables::{HostTables, NODE, PEER};
use crate::program::{Program, open};

/// Runs of the program in one measurement.
const REPEAT: u32 = 1_000_000;
/// Measurements of each frame.
const TURNS: usize = 15;
/// Single runs of each kind.
const SINGLE_RUNS: u64 = 20_000;

const EMPTY: &str = "empty program";
const FOREIGN: [&str; 4] = [
    "foreign: TCP, IPv4",
    "foreign: TCP, IPv4 in a VLAN",
    "foreign: TCP, IPv6",
    "foreign: UDP, another port",
];
const HEARTBEAT: &str = "heartbeat, authenticated";

/// A program and the frame that it runs on.
struct Runner {
    name: &'static str,
    program: Program,
    frame: Vec<u8>,
    verdict: Option<Verdict>,
    series: Series,
}

/// Measures, prints and checks.
pub fn run(report: &mut Report) -> Result<()> {
    let table = repeated()?;
    let ratio = |name: &str| table.row(name).and_then(|row| row.ratio);
    let foreign = FOREIGN.iter().filter_map(|name| ratio(name));
    let foreign = foreign.fold(0.0, f64::max);
    report.check(Check::new(
        "foreign frame / empty program",
        foreign,
        Limit::AtMost(2.0),
    ));
    let heartbeat = ratio(HEARTBEAT).context("a heartbeat was measured")?;
    report.check(Check::new(
        "authenticated heartbeat / empty program",
        heartbeat,
        Limit::AtMost(25.0),
    ));
    report.add(table);
    report.add(single()?);
    Ok(())
}

fn repeated() -> Result<Table> {
    let mut runners = runners()?;
    for _ in 0..TURNS {
        for runner in &mut runners {
            interrupt::check()?;
            runner.measure()?;
        }
    }
    let [empty, ..] = &runners[..] else {
        unreachable!("there are runners");
    };
    let empty = empty.series.clone();
    let rows = runners
        .into_iter()
        .map(|runner| Row::against(runner.name, runner.series, &empty));
    Ok(Table {
        name: "frames",
        title: format!("One frame in the XDP program: {TURNS} turns of {REPEAT} runs"),
        unit: Unit::Nanoseconds,
        rows: rows.collect(),
        remark:
            "The ratio is to the empty program. What the driver and the stack cost is not in it."
                .to_owned(),
    })
}

/// One path, over slot 0, which is the one that is rewound.
fn path() -> Path {
    Path {
        slot: 0,
        ..Path::plain()
    }
}

fn over_ipv6_in_a_vlan() -> Path {
    let [.., tagged, _] = Path::all();
    Path { slot: 0, ..tagged }
}

fn runners() -> Result<Vec<Runner>> {
    let path = path();
    let [plain, tagged, _, over_ipv6, ..] = Path::all();
    let tcp = |path: &Path| path.frame().tcp(443).payload([0; 64]);
    let dns = path.frame().udp(53).payload([0; 64]);
    let heartbeat = seal(&path.header(Kind::Heartbeat));
    let transit = path.frame_to(path.stranger()).payload(heartbeat);
    let mut forged = heartbeat;
    forged[63] ^= 1;
    let foreign = [tcp(&plain), tcp(&tagged), tcp(&over_ipv6), dns];
    let mut runners = vec![Runner::new(
        EMPTY,
        Program::of(open(object::BENCH)?, "empty")?,
        &foreign[0],
        None,
    )];
    for (name, frame) in FOREIGN.into_iter().zip(&foreign) {
        runners.push(Runner::new(name, judging(&path)?, frame, None));
    }
    let again = path.frame().payload(heartbeat);
    let deep = over_ipv6_in_a_vlan();
    let six = deep.frame().payload(seal(&deep.header(Kind::Heartbeat)));
    let plain_heartbeat = Header {
        key_id: 0,
        ..path.header(Kind::Heartbeat)
    };
    let open_frame = path.frame().payload(seal(&plain_heartbeat));
    let refused = path.frame().payload(forged);
    let recorded = Some(Verdict::Heartbeat);
    runners.extend([
        Runner::new("transit", judging(&path)?, &transit, Some(Verdict::Transit)),
        Runner::new(
            "heartbeat, not authenticated",
            plainly(&path)?,
            &open_frame,
            recorded,
        ),
        Runner::new(HEARTBEAT, rewinding(&path)?, &again, recorded),
        Runner::new(
            "the same, IPv6 in a VLAN",
            rewinding(&deep)?,
            &six,
            recorded,
        ),
        Runner::new(
            "refused: wrong tag",
            judging(&path)?,
            &refused,
            Some(Verdict::Tag),
        ),
    ]);
    Ok(runners)
}

/// The agent's program.
fn judging(path: &Path) -> Result<Program> {
    seeded(Program::load()?, path, tables(path))
}

/// The program to which the same heartbeat is new every time.
fn rewinding(path: &Path) -> Result<Program> {
    let program = Program::of(open(object::BENCH)?, "heartbeat_again")?;
    seeded(program, path, tables(path))
}

/// The same without authentication.
fn plainly(path: &Path) -> Result<Program> {
    let program = Program::of(open(object::BENCH)?, "heartbeat_again")?;
    let tables = HostTables {
        identity: HostTables::unauthenticated().identity,
        keys: [None; 2],
        ..tables(path)
    };
    seeded(program, path, tables)
}

fn tables(path: &Path) -> HostTables {
    HostTables::of(std::slice::from_ref(path), NODE, PEER)
}

/// As an agent would leave it: the peer confirmed, gaps worth noting, nobody waiting.
fn seeded(mut program: Program, path: &Path, tables: HostTables) -> Result<Program> {
    program.seed(&tables)?;
    program.confirm(path, INCARNATION);
    program.controls[path.slot].notable_gap.set(2_400_000_000);
    Ok(program)
}

impl Runner {
    fn new(name: &'static str, program: Program, frame: &Frame, verdict: Option<Verdict>) -> Self {
        Runner {
            name,
            program,
            frame: frame.bytes(),
            verdict,
            series: Series::default(),
        }
    }

    /// One measurement, and the proof of what was measured.
    fn measure(&mut self) -> Result<()> {
        let before = self.program.counts()?;
        let (fate, nanoseconds) = self.program.run_repeatedly(&self.frame, REPEAT)?;
        let grown = self.program.counts()?.since(&before);
        let counted: Vec<_> = grown
            .iter()
            .map(|growth| (growth.verdict, growth.by))
            .collect();
        let expected = self.verdict.map(|verdict| (verdict, u64::from(REPEAT)));
        ensure!(
            counted.iter().eq(&expected) && fate == self.verdict.map_or(Fate::Pass, Verdict::fate),
            "{}: the program counted {counted:?} and did {fate:?}",
            self.name
        );
        self.series.push_ns(nanoseconds);
        Ok(())
    }
}

/// Empty program, heartbeat and answered echo request, run by run.
fn single() -> Result<Table> {
    let path = path();
    let empty = Program::of(open(object::BENCH)?, "empty")?;
    let program = judging(&path)?;
    let before = program.counts()?;
    let [mut nothing, mut heartbeats, mut echoes] = [const { Vec::new() }; 3];
    for number in 1..=SINGLE_RUNS {
        interrupt::check()?;
        let heartbeat = path.heartbeat(number);
        let request = path.send(&Header {
            sent: number,
            ..path.header(Kind::EchoRequest)
        });
        nothing.push(empty.run_repeatedly(&heartbeat, 1)?.1);
        heartbeats.push(program.run_repeatedly(&heartbeat, 1)?.1);
        echoes.push(program.run_repeatedly(&request, 1)?.1);
    }
    let grown = program.counts()?.since(&before);
    let counted: Vec<_> = grown
        .iter()
        .map(|growth| (growth.verdict, growth.by))
        .collect();
    let expected = [Verdict::Heartbeat, Verdict::Echo].map(|verdict| (verdict, SINGLE_RUNS));
    ensure!(counted == expected, "the program counted {counted:?}");
    let [nothing, heartbeats, echoes] = [nothing, heartbeats, echoes].map(Series::from_iter);
    Ok(Table {
        name: "single_frames",
        title: format!("One frame alone: {SINGLE_RUNS} single runs in turns"),
        unit: Unit::Nanoseconds,
        rows: vec![
            Row::against(EMPTY, nothing.clone(), &nothing),
            Row::against(HEARTBEAT, heartbeats, &nothing),
            Row::against("echo request, answered", echoes, &nothing),
        ],
        remark: "Each figure contains two readings of the clock, and no run finds its code in the cache \
                 because of the one before."
            .to_owned(),
    })
}
