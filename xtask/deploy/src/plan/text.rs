//! The plan as text: a host in a few lines, what is odd first.

use std::fmt::{self, Write};

use heartbeat_user::check::NetworkFinding;

use super::{Action, Plan, remarks};
use crate::staging::Staged;
use crate::survey::Manager;

/// What would be done, host by host.
pub fn text(plans: &[Plan], staged: &[Option<Staged>]) -> String {
    let mut text = String::new();
    let written = plans.iter().zip(staged).try_for_each(|(plan, staged)| {
        let networks = staged.as_ref().map(|staged| &staged.findings.networks[..]);
        host(&mut text, plan, networks.unwrap_or_default())
    });
    written.expect("writing to a string does not fail");
    text
}

/// What changes on a host, in some words.
pub fn change(plan: &Plan) -> String {
    let files: Vec<&str> = plan.changes.iter().map(|file| file.path.as_str()).collect();
    let then = match plan.action {
        Action::Nothing => return "nothing to do".to_owned(),
        Action::Reload => "reload the agent, without a lost heartbeat",
        Action::Restart => "restart the agent, for which its peers wait",
        Action::Start => "start the agent",
    };
    match files[..] {
        [] => then.to_owned(),
        _ => format!("install {}; {then}", files.join(", ")),
    }
}

fn host(text: &mut String, plan: &Plan, networks: &[NetworkFinding]) -> fmt::Result {
    let survey = &plan.survey;
    let manager = match survey.manager {
        Manager::Systemd => "systemd",
        Manager::Init => "init scripts",
    };
    let name = match plan.host.destination == plan.host.node {
        true => plan.host.node.clone(),
        false => format!("{} ({})", plan.host.node, plan.host.destination),
    };
    writeln!(
        text,
        "{name}: Linux {}, {}, {manager}",
        survey.kernel, survey.machine
    )?;
    for network in networks {
        let interface = network.interface.as_deref().unwrap_or("no interface");
        let driver = network.driver.as_deref().unwrap_or("unknown driver");
        let mtu = network.mtu.unwrap_or_default();
        let (address, xdp) = (&network.address, &network.xdp);
        writeln!(
            text,
            "  {}: {address} on {interface}, {driver}, MTU {mtu}: {xdp}",
            network.network
        )?;
    }
    if let Some(remark) = remarks(survey) {
        writeln!(text, "  ! {remark}")?;
    }
    if survey.pending {
        writeln!(
            text,
            "  ! an earlier roll-out was not seen to end well here"
        )?;
    }
    match plan.host.chosen {
        true => writeln!(text, "  -> {}", change(plan)),
        false => writeln!(text, "  -> not chosen by --only"),
    }
}
