//! Messages between nodes.
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::Suite;

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[&[("reports arrive", reports)]],
    }
    .run()
}

fn reports() -> Result<()> {
    let lab = Lab::running(
        Plan::nodes(3)
            .network("private", "Private Network")
            .network_v6("public", "Public Network")
            .timing(Duration::from_millis(100), 3),
    )?;
    interrupt::sleep(Duration::from_secs(5))?;
    for node in lab.plan().all_nodes() {
        let metrics = lab.metrics(node)?;
        for sample in metrics.matching("heartbeat_message_datagrams_total", &[]) {
            println!("{node} {:?} {}", sample.labels, sample.value);
        }
        for sample in metrics.matching("heartbeat_agent_lateness_max_1m_seconds", &[]) {
            println!("{node} {} {}", sample.name, sample.value);
        }
        let taken = metrics.value("heartbeat_message_datagrams_total", &[("verdict", "taken")])?;
        ensure!(0.0 < taken, "nothing");
    }
    println!(
        "{}",
        std::fs::read_to_string(lab.files().log(heartbeat_tests::lab::plan::Node(0)))?
    );
    Ok(())
}
