//! Doing it: a fault is there for as long as it is drawn, and mended afterwards.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::fault::{Draw, Kind};
use super::starve;
use crate::lab::card::Failure;
use crate::lab::cast::{PRIVATE, PUBLIC};
use crate::lab::fault::Fault;
use crate::lab::plan::Node;
use crate::lab::{Lab, interrupt};

/// Has the fault happen, from its beginning to its end.
pub fn inject(lab: &mut Lab, draw: &Draw) -> Result<()> {
    let Draw {
        kind,
        victim,
        other,
        network,
        lasts_ms,
    } = *draw;
    let wait = || interrupt::sleep(Duration::from_millis(lasts_ms));
    match kind {
        Kind::AgentStopped => {
            lab.pause_agent(victim)?;
            wait()?;
            lab.resume_agent(victim)
        }
        Kind::AgentKilled => {
            lab.kill_agent(victim)?;
            wait()?;
            lab.start_agent(victim)
        }
        Kind::SenderStarved => starve::sender(
            lab.agent(victim)?.thread(starve::SENDER)?,
            Duration::from_millis(lasts_ms),
        ),
        Kind::HostOff => {
            let off = lab.power_off(victim)?;
            wait()?;
            lab.power_on(victim, off)
        }
        Kind::OneWay => during(lab.drop_between(victim, other, network)?, wait),
        Kind::BothWays => during(both_ways(lab, draw)?, wait),
        Kind::WiresBroken => during(wires(lab, victim)?, wait),
        Kind::CablePulled => during(lab.pull_cable(victim, network)?, wait),
        Kind::Refused => during(lab.refuse_to_send(victim, other, network)?, wait),
        Kind::HeldBack => {
            let held = lab.hold_back(victim, other, network)?;
            wait()?;
            held.pass_on(lab).map(drop)
        }
        Kind::Overtaken => {
            let held = lab.hold_back(victim, other, network)?;
            wait()?;
            held.pass_on_reversed(lab).map(drop)
        }
        Kind::SwitchDead => during(lab.network_down(network)?, wait),
        Kind::CardDrops => {
            let before = lab.dropped_by_card(victim, network)?;
            during(lab.fail_card(victim, network, Failure::Drops)?, wait)?;
            let dropped = lab.dropped_by_card(victim, network)? - before;
            ensure!(0 < dropped, "the card dropped no frame");
            Ok(())
        }
        Kind::CardHangs => during(lab.fail_card(victim, network, Failure::Hangs)?, wait),
        Kind::GroupBlocked => {
            let fault = lab.block_groups_to(victim, network)?;
            wait()?;
            ensure!(
                0 < fault.heal()?.dropped,
                "the switch dropped no frame of the group"
            );
            Ok(())
        }
        Kind::MachineStill => {
            let wires = wires(lab, victim)?;
            lab.pause_agent(victim)?;
            wait()?;
            // A machine that goes on is heard and answers at once.
            lab.resume_agent(victim)?;
            wires.heal().map(drop)
        }
        Kind::Restarted => lab.restart_agent(victim),
        Kind::Left => {
            lab.leave_agent(victim)?;
            wait()?;
            lab.start_agent(victim)
        }
        Kind::CutAndStopped => {
            let cut = lab.drop_between(victim, other, network)?;
            wait()?;
            lab.pause_agent(victim)?;
            wait()?;
            cut.heal()?;
            lab.resume_agent(victim)
        }
        Kind::CutAndKilled => {
            let wires = wires(lab, victim)?;
            lab.kill_agent(victim)?;
            wait()?;
            lab.spawn_agent(victim)?;
            wires.heal()?;
            lab.wait_answering(victim)
        }
        Kind::CutAndStoppedElsewhere => {
            let nodes: Vec<Node> = lab.plan().all_nodes().collect();
            let third = draw.third(&nodes);
            let cut = lab.drop_between(victim, other, network)?;
            lab.pause_agent(third)?;
            wait()?;
            cut.heal()?;
            lab.resume_agent(third)
        }
    }
}

/// Undoes what outlives the fault, once everything is told: nobody but the agent itself can reserve a CPU for it, and a
/// group that failed rests for minutes.
pub fn recover(lab: &mut Lab, draw: &Draw) -> Result<()> {
    match draw.kind {
        Kind::SenderStarved => lab.restart_agent(draw.victim),
        Kind::GroupBlocked => {
            let mut peers = lab.plan().peers(draw.victim);
            peers.try_for_each(|peer| lab.restart_agent(peer))
        }
        _ => Ok(()),
    }
}

fn during(fault: Fault, wait: impl FnOnce() -> Result<(), interrupt::Interrupted>) -> Result<()> {
    wait()?;
    fault.heal().map(drop)
}

fn both_ways(lab: &Lab, draw: &Draw) -> Result<Fault> {
    let Draw {
        victim,
        other,
        network,
        ..
    } = *draw;
    Ok(Fault::together(
        "both ways",
        vec![
            lab.drop_between(victim, other, network)?,
            lab.drop_between(other, victim, network)?,
        ],
    ))
}

fn wires(lab: &Lab, victim: Node) -> Result<Fault> {
    Ok(Fault::together(
        "all wires",
        vec![
            lab.break_wire(victim, PRIVATE)?,
            lab.break_wire(victim, PUBLIC)?,
        ],
    ))
}
