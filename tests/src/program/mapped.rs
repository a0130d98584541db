//! A map of records, mapped into this process as the agent maps it.
//!
//! A look at a slot should read like a look at a slot, not like a system call. The records of the contract are
//! made of words that anyone may read and write at any time, so a shared reference to a mapped one is sound.

use std::marker::PhantomData;
use std::ops::Index;
use std::os::fd::{AsFd, AsRawFd};

use anyhow::{Context, Result, bail, ensure};
use aya::Ebpf;
use aya::maps::Map;
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::map::{Network, Node};
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::trail::Step;
use heartbeat_ebpf::wake::Control;
use heartbeat_ebpf::word::Word;
use memmap2::{MmapOptions, MmapRaw};

/// The records of one array map, shared with the kernel.
#[derive(Debug)]
pub struct Mapped<T> {
    memory: MmapRaw,
    entries: usize,
    id: u32,
    record: PhantomData<T>,
}

/// A record of the contract.
///
/// # Safety
/// It is made of nothing but [`Word`]s, so any bytes are one and a shared one may change.
pub unsafe trait Words {}

// SAFETY: each field of these is a word or an array of words.
unsafe impl Words for Slot {}
// SAFETY: as above.
unsafe impl Words for Echo {}
// SAFETY: as above.
unsafe impl Words for Control {}
// SAFETY: as above.
unsafe impl Words for Step {}
// SAFETY: as above.
unsafe impl Words for Node {}
// SAFETY: as above.
unsafe impl Words for Network {}

impl<T: Words> Mapped<T> {
    /// Maps the object's map of this name, whose values must be `T`s.
    pub fn of(ebpf: &Ebpf, name: &str) -> Result<Self> {
        let map = ebpf.map(name);
        let Map::Array(data) = map.with_context(|| format!("the object has no map {name}"))? else {
            bail!("{name} is not an array");
        };
        let info = data
            .info()
            .with_context(|| format!("ask for the shape of {name}"))?;
        ensure!(
            info.value_size() as usize == size_of::<T>(),
            "{name} has values of {} bytes",
            info.value_size()
        );
        let entries = info.max_entries() as usize;
        let memory = MmapOptions::new()
            .len(entries * size_of::<T>())
            .map_raw(data.fd().as_fd().as_raw_fd())
            .with_context(|| format!("map {name}"))?;
        Ok(Mapped {
            memory,
            entries,
            id: info.id(),
            record: PhantomData,
        })
    }

    /// How many records there are.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The map's number in this kernel, to open it once more.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Writes zeros over one record.
    pub fn clear(&self, index: usize) {
        for word in self.words(index) {
            word.set(0);
        }
    }

    /// One record as it is now, word by word.
    pub fn snapshot(&self, index: usize) -> Vec<u64> {
        self.words(index).iter().map(Word::get).collect()
    }

    fn words(&self, index: usize) -> &[Word] {
        let record: *const T = &self[index];
        // SAFETY: a record is made of words and lives as long as the mapping.
        unsafe { std::slice::from_raw_parts(record.cast(), size_of::<T>() / size_of::<Word>()) }
    }
}

impl<T: Words> Index<usize> for Mapped<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        assert!(index < self.entries, "the map has {} records", self.entries);
        // SAFETY: the mapping holds that many records at a page's alignment, any bytes are one, and they may
        // change under a shared reference.
        unsafe { &*self.memory.as_ptr().cast::<T>().add(index) }
    }
}
