//! The kernel programs, as built with this binary.

/// The object with the program `heartbeat` and its maps.
pub const PROGRAM: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/heartbeat-xdp"));

/// The object with the programs `empty` and `heartbeat_again`, by which the first is measured.
pub const BENCH: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/heartbeat-bench-xdp"));

/// The object, or an error that says why this build has none and what mends it.
pub fn program() -> anyhow::Result<&'static [u8]> {
    anyhow::ensure!(
        !PROGRAM.is_empty(),
        "this build of heartbeat has no XDP program: {}",
        env!("HEARTBEAT_EBPF_MISSING")
    );
    Ok(PROGRAM)
}
