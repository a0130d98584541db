//! Whether a lab can be built here, and if not, why.
//!
//! The cluster tests and the demo need things that a developer's machine may lack. A test that cannot run
//! must say so in one sentence with the remedy; it must neither fail nor look as if it had passed.

use std::env;
use std::path::Path;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::Uid;

use super::plan::{Node, Plan};
use super::{Lab, binary};

/// What is missing for a lab without agents: one sentence, or nothing.
pub fn missing_for_networks() -> Option<String> {
    if !Uid::effective().is_root() {
        return Some("making network namespaces needs root; run this again with sudo".to_owned());
    }
    for (program, package) in [("ip", "iproute2"), ("nft", "nftables")] {
        if !is_installed(program) {
            return Some(format!(
                "the program {program} is not installed; `apt-get install {package}` brings it"
            ));
        }
    }
    let made = thread::spawn(|| unshare(CloneFlags::CLONE_NEWNET)).join();
    match made {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!(
            "this system does not let root make network namespaces ({error}); a container needs CAP_SYS_ADMIN"
        )),
        Err(_) => Some("the thread that tried a network namespace panicked".to_owned()),
    }
}

/// What is missing for a lab with agents: one sentence, or nothing.
pub fn missing_for_agents() -> Option<String> {
    missing_for_networks()
        .or_else(|| binary::find().err().map(|error| format!("{error:#}")))
        .or_else(missing_program)
}

/// A binary built without an eBPF compiler runs everything but the agent, and says so when asked for that.
/// Whatever else keeps an agent from starting is no excuse, so it is left for the tests to fail on.
fn missing_program() -> Option<String> {
    let plan = Plan::nodes(2).network("probe", "Probe");
    let said = Lab::build(plan)
        .and_then(|mut lab| lab.start_agent(Node(0)))
        .err()?;
    let said = format!("{said:#}");
    let begin = said.find(WITHOUT_PROGRAM)?;
    said[begin..].lines().next().map(str::to_owned)
}

/// What such a binary says.
const WITHOUT_PROGRAM: &str = "this build of heartbeat has no XDP program";

/// Whether a program of this name is where programs are looked for.
pub fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // Where `su` without a dash leaves them out.
    let more = ["/usr/sbin", "/sbin"].map(Path::new);
    env::split_paths(&path)
        .chain(more.map(Path::to_owned))
        .any(|directory| directory.join(program).is_file())
}
