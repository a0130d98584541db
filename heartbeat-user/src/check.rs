//! `heartbeat check`: being written.

/// Prints the plan.
pub fn run(_: &std::path::Path, _: Option<&str>) -> anyhow::Result<()> {
    anyhow::bail!("heartbeat check is being written")
}
