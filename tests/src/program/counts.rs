//! The frame counters, and what was added to them.
//!
//! A verdict is right only if its counter grew by one and no other counter grew at all, on any network. So the
//! counters are compared whole, and a difference is told in words.

use std::fmt;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};

use anyhow::{Context, Result, ensure};
use aya::maps::MapData;
use heartbeat_ebpf::map::NO_NETWORK;
use heartbeat_ebpf::verdict::{VERDICTS_MAX, Verdict};
use nix::errno::Errno;
use nix::libc::{self, c_int};

/// The counters of some networks at one moment, summed over the CPUs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Index of the first counter.
    first: usize,
    values: Vec<u64>,
}

/// What one counter grew by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Growth {
    /// Index of the network, or [`NO_NETWORK`].
    pub network: u32,
    /// Which of its counters.
    pub verdict: Verdict,
    /// By how much; never 0.
    pub by: u64,
}

/// `BPF_MAP_LOOKUP_BATCH` of bpf(2).
const LOOKUP_BATCH: c_int = 24;

/// The argument of bpf(2) for a look at many elements of a map.
#[repr(C)]
struct Batch {
    after: u64,
    last: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

impl Counts {
    /// Reads those of these networks, in one system call: tests do so twice a frame.
    pub fn read(frames: &MapData, networks: Range<u32>) -> Result<Self> {
        let cpus = aya::util::nr_cpus().map_err(|(what, error)| {
            anyhow::Error::from(error).context(format!("count the CPUs: {what}"))
        })?;
        let [first, end] = [networks.start, networks.end].map(|at| at as usize * VERDICTS_MAX);
        let count = end - first;
        let (mut keys, mut values) = (vec![0u32; count], vec![0u64; count * cpus]);
        let (before, mut last) = (networks.start * VERDICTS_MAX as u32, 0u32);
        let before = before.checked_sub(1);
        let mut batch = Batch {
            after: before.as_ref().map_or(0, |key| &raw const *key as u64),
            last: &raw mut last as u64,
            keys: keys.as_mut_ptr() as u64,
            values: values.as_mut_ptr() as u64,
            count: u32::try_from(count).expect("few counters"),
            map: frames.fd().as_fd().as_raw_fd().cast_unsigned(),
            element_flags: 0,
            flags: 0,
        };
        // SAFETY: the kernel reads one key, and writes `count` keys, as many values of one word a CPU, and one
        // key more, for all of which there is room until the call returns.
        let result = unsafe {
            let argument = &raw mut batch;
            libc::syscall(libc::SYS_bpf, LOOKUP_BATCH, argument, size_of::<Batch>())
        };
        Errno::result(result).context("read the frame counters")?;
        ensure!(
            keys.iter().map(|key| *key as usize).eq(first..end),
            "the kernel returned other counters than {networks:?}"
        );
        let values = values.chunks(cpus).map(|of_cpus| of_cpus.iter().sum());
        Ok(Counts {
            first,
            values: values.collect(),
        })
    }

    /// What has been counted since `before`, in order of network and verdict.
    pub fn since(&self, before: &Counts) -> Vec<Growth> {
        assert_eq!(self.first, before.first, "counters of the same networks");
        let pairs = self.values.iter().zip(&before.values);
        (self.first..)
            .zip(pairs)
            .filter(|(_, (now, then))| now != then)
            .map(|(index, (now, then))| Growth {
                network: u32::try_from(index / VERDICTS_MAX).expect("few networks"),
                verdict: *Verdict::ALL
                    .get(index % VERDICTS_MAX)
                    .expect("only verdicts are counted"),
                by: now.checked_sub(*then).expect("counters only grow"),
            })
            .collect()
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.verdict.label();
        match self.network {
            NO_NETWORK => write!(f, "{label} +{} on no network", self.by),
            network => write!(f, "{label} +{} on network index {network}", self.by),
        }
    }
}
