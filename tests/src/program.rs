//! The real XDP program, loaded into this kernel and handed one frame at a time.
//!
//! BPF_PROG_TEST_RUN runs a loaded program on a built frame and returns what it did, without an interface and
//! without traffic, so every verdict can be provoked on purpose and thousands of times. The awkward case is the
//! ingress interface, which the kernel chooses: it is always the loopback device of the caller's namespace,
//! number 1 everywhere. So "came in through another interface" is told the other way round, by tables that know
//! the path on another interface.
//!
//! The agent is not involved. What it would tell the kernel stands in [`tables::HostTables`], which the host's
//! own judge reads as well; what it would map is mapped here too.

use std::io;

use anyhow::{Context, Result, bail, ensure};
use aya::maps::{Array, HashMap, Map, MapData, RingBuf};
use aya::programs::{ProgramError, TestRun, TestRunOptions, Xdp};
use aya::{Ebpf, EbpfLoader};
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::map::{KEYS_MAX, NO_NETWORK, Network, Node};
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::trail::Step;
use heartbeat_ebpf::verdict::{Fate, Verdict};
use heartbeat_ebpf::wake::{Control, Record};
use nix::unistd::Uid;

use crate::lab::interrupt;

pub mod counts;
pub mod judge;
pub mod mapped;
pub mod path;
pub mod random;
pub mod scramble;
pub mod tables;

use counts::{Counts, Growth};
use mapped::Mapped;
use path::Path;
use tables::HostTables;

/// Number of the loopback device, through which every frame of a test run comes in.
pub const INTERFACE: u32 = 1;
/// Fewest bytes that the kernel runs a program on: an Ethernet header.
pub const FRAME_MIN: usize = 14;
/// This node's interval on every network, ms: the longest there is, so that no pause of a busy machine is one.
pub const INTERVAL_MS: u64 = 60_000;
/// Room for what the program made of a frame: jumbo frames included.
const FRAME_MAX: usize = 16 * 1024;

/// A loaded program with maps of its own, which nobody else sees and which go with it.
pub struct Program {
    name: &'static str,
    /// `SLOTS`.
    pub slots: Mapped<Slot>,
    /// `ECHOES`.
    pub echoes: Mapped<Echo>,
    /// `CONTROLS`.
    pub controls: Mapped<Control>,
    /// `TRAIL`.
    pub trail: Mapped<Step>,
    /// `NODE`.
    pub node: Mapped<Node>,
    /// `NETWORKS`.
    pub networks: Mapped<Network>,
    frames: MapData,
    wakes: RingBuf<MapData>,
    keys: Array<MapData, [u64; 5]>,
    ebpf: Ebpf,
}

/// What the program did with a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// What becomes of it.
    pub fate: Fate,
    /// Its bytes afterwards.
    pub frame: Vec<u8>,
}

/// What is missing here to load the program: one sentence, or nothing.
pub fn missing() -> Option<String> {
    if !Uid::effective().is_root() {
        return Some("loading an XDP program needs root; run this again with sudo".to_owned());
    }
    let object = heartbeat_user::object::program();
    object.err().map(|error| format!("{error:#}"))
}

/// What is missing here to measure it: one sentence, or nothing.
pub fn missing_for_bench() -> Option<String> {
    let absent = heartbeat_user::object::BENCH.is_empty();
    missing().or_else(|| {
        absent.then(|| {
            "the XDP program was built elsewhere, without the programs it is measured by; build without \
             HEARTBEAT_EBPF_OBJECT"
                .to_owned()
        })
    })
}

/// The object's bytes in the loader's hands: maps made, nothing verified yet.
pub fn open(object: &[u8]) -> Result<Ebpf> {
    EbpfLoader::new()
        .load(object)
        .context("make the maps of the XDP object")
}

/// Has the verifier judge the program of this name.
pub fn verify<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program = ebpf
        .program_mut(name)
        .with_context(|| format!("the object has no program {name}"))?;
    let program: &mut Xdp = program.try_into()?;
    program
        .load()
        .with_context(|| format!("load the program {name}"))?;
    Ok(program)
}

impl Program {
    /// Loads the program of the agent, without tracing.
    pub fn load() -> Result<Self> {
        let object = heartbeat_user::object::program()?;
        Self::of(open(object)?, "heartbeat")
    }

    /// Loads the agent's program and writes these tables, by which [`Path::all`] of them are believed.
    pub fn seeded(tables: &HostTables) -> Result<Self> {
        let mut program = Self::load()?;
        program.seed(tables)?;
        Ok(program)
    }

    /// Has the program of this name verified and maps what it shares.
    pub fn of(mut ebpf: Ebpf, name: &'static str) -> Result<Self> {
        verify(&mut ebpf, name)?;
        Ok(Program {
            name,
            slots: Mapped::of(&ebpf, "SLOTS")?,
            echoes: Mapped::of(&ebpf, "ECHOES")?,
            controls: Mapped::of(&ebpf, "CONTROLS")?,
            trail: Mapped::of(&ebpf, "TRAIL")?,
            node: Mapped::of(&ebpf, "NODE")?,
            networks: Mapped::of(&ebpf, "NETWORKS")?,
            frames: match take(&mut ebpf, "FRAMES")? {
                Map::PerCpuArray(frames) => frames,
                _ => bail!("FRAMES is not an array with a value for each CPU"),
            },
            wakes: RingBuf::try_from(take(&mut ebpf, "WAKES")?)?,
            keys: Array::try_from(take(&mut ebpf, "KEYS")?)?,
            ebpf,
        })
    }

    /// The loader's view of it.
    pub fn ebpf(&mut self) -> &mut Ebpf {
        &mut self.ebpf
    }

    /// The loaded program.
    pub fn xdp(&self) -> &Xdp {
        let program = self.ebpf.program(self.name);
        let program = program.expect("it was found when it was loaded");
        program.try_into().expect("it was XDP when it was loaded")
    }

    /// The same, to attach it.
    pub fn xdp_mut(&mut self) -> &mut Xdp {
        let program = self.ebpf.program_mut(self.name);
        let program = program.expect("it was found when it was loaded");
        program.try_into().expect("it was XDP when it was loaded")
    }

    /// Writes what the agent would: addresses, devices, paths, keys and this node's identity. What was seeded
    /// before and is not in these tables goes; slots stay as they are.
    pub fn seed(&mut self, tables: &HostTables) -> Result<()> {
        self.node[0].identity.set(tables.identity);
        let locals = tables.locals.iter().map(|(at, local)| (at.0, local.pack()));
        self.fill("LOCALS", locals)?;
        let devices = tables.devices.iter().map(|(at, index)| (*at, *index));
        self.fill("DEVICES", devices)?;
        let paths = tables.paths.iter().map(|(at, entry)| (at.0, entry.pack()));
        self.fill("PATHS", paths)?;
        for (index, keys) in (0..KEYS_MAX as u32).zip(&tables.keys) {
            let words = keys.map_or([0; 5], |keys| keys.pack());
            self.keys.set(index, words, 0)?;
        }
        Ok(())
    }

    fn fill<K: aya::Pod, V: aya::Pod>(
        &mut self,
        name: &str,
        entries: impl Iterator<Item = (K, V)>,
    ) -> Result<()> {
        let map = self.ebpf.map_mut(name);
        let map = map.with_context(|| format!("the object has no map {name}"))?;
        let mut map: HashMap<_, K, V> = HashMap::try_from(map)?;
        let stale: Vec<K> = map.keys().collect::<Result<_, _>>()?;
        for key in stale {
            map.remove(&key)?;
        }
        for (key, value) in entries {
            map.insert(key, value, 0)
                .with_context(|| format!("write to {name}"))?;
        }
        Ok(())
    }

    /// Hands it one frame. Fewer than [`FRAME_MIN`] bytes are an error.
    pub fn run(&self, frame: &[u8]) -> Result<Ran> {
        let mut after = vec![0; FRAME_MAX];
        let options = TestRunOptions {
            data_in: Some(frame),
            data_out: Some(&mut after),
            ..TestRunOptions::new()
        };
        let ran = self.xdp().test_run(options).context("run the program")?;
        after.truncate(ran.data_size_out as usize);
        Ok(Ran {
            fate: fate(ran.return_value)?,
            frame: after,
        })
    }

    /// Hands it the same frame `repeat` times; returns what became of the last one, and how long one took on
    /// average in whole nanoseconds, as the kernel measured it.
    pub fn run_repeatedly(&self, frame: &[u8], repeat: u32) -> Result<(Fate, u64)> {
        let mut after = vec![0; FRAME_MAX];
        let options = TestRunOptions {
            data_in: Some(frame),
            data_out: Some(&mut after),
            repeat,
            ..TestRunOptions::new()
        };
        let ran = self.xdp().test_run(options).or_else(|error| {
            // A signal ends a long run, and then it is the signal that should be told of.
            interrupt::check()?;
            Err(error).context("run the program")
        })?;
        let nanoseconds = u64::try_from(ran.duration.as_nanos()).context("a duration")?;
        Ok((fate(ran.return_value)?, nanoseconds))
    }

    /// Hands it one frame and returns the verdict, `None` for a foreign frame. Fails unless that verdict was
    /// counted once and nothing else was, the frame's fate is the verdict's, and what passes passes untouched.
    pub fn verdict(&self, frame: &[u8]) -> Result<Option<Verdict>> {
        let before = self.counts()?;
        let ran = self.run(frame)?;
        let grown = self.counts()?.since(&before);
        let verdict = match grown[..] {
            [] => None,
            [Growth { verdict, by: 1, .. }] => Some(verdict),
            _ => bail!("one frame was counted as {grown:?}"),
        };
        let fate = verdict.map_or(Fate::Pass, Verdict::fate);
        ensure!(ran.fate == fate, "{:?} after {verdict:?}", ran.fate);
        if fate == Fate::Pass {
            ensure_untouched(&ran, frame)?;
        }
        Ok(verdict)
    }

    /// The frame counters as they stand.
    pub fn counts(&self) -> Result<Counts> {
        Counts::read(&self.frames, 0..NO_NETWORK + 1)
    }

    /// Those of one network, which is quicker.
    pub fn counts_of(&self, network: u32) -> Result<Counts> {
        Counts::read(&self.frames, network..network + 1)
    }

    /// The ring buffer, to wait for.
    pub fn ring(&self) -> &RingBuf<MapData> {
        &self.wakes
    }

    /// The records written since the last call.
    pub fn wakes(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        while let Some(bytes) = self.wakes.next() {
            records.push(Record::from_bytes(&bytes).expect("a record has 64 bytes"));
        }
        records
    }

    /// A program that has heard the peer once on every path, with sequence [`path::FIRST`] of
    /// [`path::INCARNATION`], confirmed before.
    pub fn hearing() -> Result<Self> {
        let program = Self::seeded(&HostTables::authenticated())?;
        for path in Path::all() {
            program.hear_first(&path)?;
        }
        Ok(program)
    }

    /// Makes the path one over which the peer was heard once.
    pub fn hear_first(&self, path: &Path) -> Result<()> {
        self.forget(path);
        self.networks[path.index.into()]
            .interval_ms
            .set(INTERVAL_MS);
        self.confirm(path, path::INCARNATION);
        let verdict = self.verdict(&path.heartbeat(path::FIRST))?;
        ensure!(
            verdict == Some(Verdict::Heartbeat),
            "the first heartbeat was judged {verdict:?}"
        );
        Ok(())
    }

    /// Takes this incarnation of the path's peer for confirmed, as an echo's reply would.
    pub fn confirm(&self, path: &Path, incarnation: u64) {
        self.echoes[path.slot].confirmed.set(incarnation);
    }

    /// Makes the path one over which nothing was ever heard.
    pub fn forget(&self, path: &Path) {
        self.slots.clear(path.slot);
        self.echoes.clear(path.slot);
        self.controls.clear(path.slot);
    }
}

/// What the return value of an XDP program means for its frame.
fn fate(action: u32) -> Result<Fate> {
    Ok(match action {
        1 => Fate::Drop,
        2 => Fate::Pass,
        3 => Fate::Reply,
        other => bail!("the program returned {other}, which it never should"),
    })
}

/// Whether running the program failed because the kernel refuses frames this short.
pub fn is_refusal(error: &anyhow::Error) -> bool {
    let program = error.downcast_ref::<ProgramError>();
    let Some(ProgramError::SyscallError(error)) = program else {
        return false;
    };
    error.io_error.kind() == io::ErrorKind::InvalidInput
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<Map> {
    let map = ebpf.take_map(name);
    map.with_context(|| format!("the object has no map {name}"))
}

/// Fails unless the frame went on exactly as it came.
pub fn ensure_untouched(ran: &Ran, before: &[u8]) -> Result<()> {
    ensure!(ran.fate == Fate::Pass, "{:?} instead of pass", ran.fate);
    ensure!(ran.frame == before, "the frame was changed on its way");
    Ok(())
}
