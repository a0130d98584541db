//! What an agent told is what its recording tells, whatever happened to it.
//!
//! The core is pure, so a replay can only go wrong where the agent told it something that the recording does not
//! have, or has otherwise. So real agents are recorded through faults that lead to every kind of input, and their
//! events are compared with those of the replay, one by one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::event::{
    AGENT_RESTARTING, CONFIG_DIFFERS, Event, MEMBER_JOINED, OPERATOR, PATH_LOST, PATH_RESTORED,
    Scope,
};
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_lab};
use serde_json::Value;

const TESTS: &[Test] = &[
    (
        "a replay tells what two runs of an agent told, through faults, restarts and reloads",
        replay_tells_the_same,
    ),
    (
        "a recording of a running agent, and of a killed one, is replayed as far as it goes",
        unfinished,
    ),
    (
        "an agent whose recording cannot be made watches all the same",
        no_place,
    ),
];

/// What a run through faults is told.
const FAULTS: &[&str] = &[
    "begin",
    "adopt",
    "promised",
    "soundness",
    "message",
    "sweep",
    "late",
    "depart",
    "end",
];
/// What one that is reloaded is told.
const CHANGES: &[&str] = &["begin", "adopt", "configure", "sweep", "end"];
/// Longer than any deadline here.
const CUT: Duration = Duration::from_millis(1500);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3)
        .two_networks()
        .timing(Duration::from_millis(100), 3)
        .multicast("on")
}

/// Where the node's recording lies.
fn recording(lab: &Lab, node: Node) -> PathBuf {
    lab.files().configuration(node).with_extension("recording")
}

/// Has this node's agent record.
fn record(lab: &Lab, node: Node) -> Result<()> {
    let line = format!("[agent]\nrecord = \"{}\"", recording(lab, node).display());
    lab.rewrite(node, |text| text.replace("[agent]", &line))
}

fn replay_tells_the_same() -> Result<()> {
    in_lab(plan(), |lab| {
        record(lab, A)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        faults(lab)?;
        lab.restart_agent(A)?;
        lab.wait_all_up_again()?;
        changes(lab)?;
        let exit = lab.stop_agent(A)?;
        ensure!(exit == Some(0), "the agent ended with {exit:?}");

        let earlier = recording(lab, A).with_extension("recording.1");
        let (mut told, first) = replayed(lab, &earlier)?;
        let (more, second) = replayed(lab, &recording(lab, A))?;
        told.extend(more);
        ensure!(
            (first, second) == (Some(0), Some(0)),
            "the replays ended with {first:?} and {second:?}"
        );
        same(&by_the_core(lab, A)?, &told)?;
        has_inputs(&earlier, FAULTS)?;
        has_inputs(&recording(lab, A), CHANGES)?;
        for id in [
            PATH_LOST,
            PATH_RESTORED,
            AGENT_RESTARTING,
            CONFIG_DIFFERS,
            MEMBER_JOINED,
        ] {
            ensure!(told.iter().any(|event| event.id == id), "there was no {id}");
        }
        Ok(())
    })
}

/// Every one of these kinds of input is in the recording, or the story has tested less than it says.
fn has_inputs(file: &Path, kinds: &[&str]) -> Result<()> {
    let text = std::fs::read_to_string(file).context("read a recording")?;
    for kind in kinds {
        let written = format!("\"what\":{{\"{kind}\":");
        ensure!(text.contains(&written), "no {kind} is recorded");
    }
    Ok(())
}

/// What other nodes and networks do to the recorded one.
fn faults(lab: &mut Lab) -> Result<()> {
    let cut = lab.drop_between(B, A, PRIVATE)?;
    interrupt::sleep(CUT)?;
    cut.heal()?;
    let pulled = lab.pull_cable(A, PUBLIC)?;
    interrupt::sleep(CUT)?;
    pulled.heal()?;
    lab.restart_agent(B)?;
    lab.wait_all_up_again()?;
    lab.kill_agent(C)?;
    interrupt::sleep(CUT)?;
    lab.start_agent(C)?;
    lab.wait_all_up_again()?;
    // Late, and with a cut to find when it comes back.
    lab.pause_agent(A)?;
    let cut = lab.drop_from(B, PRIVATE)?;
    interrupt::sleep(CUT)?;
    cut.heal()?;
    lab.resume_agent(A)?;
    lab.wait_all_up_again()
}

/// What operators do to it.
fn changes(lab: &mut Lab) -> Result<()> {
    let slower = |text: &str| text.replacen("lost_after = 3", "lost_after = 4", 1);
    lab.rewrite(A, slower)?;
    let output = lab.reload_agent(A)?;
    ensure!(
        output.status.success(),
        "the reload was refused: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let cut = lab.network_down(PRIVATE)?;
    interrupt::sleep(CUT)?;
    cut.heal()?;
    lab.wait_all_up_again()
}

fn unfinished() -> Result<()> {
    in_lab(plan(), |lab| {
        record(lab, A)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let (running, exit) = replayed(lab, &recording(lab, A))?;
        ensure!(
            exit == Some(1),
            "a running agent's replay ended with {exit:?}"
        );
        ensure!(!running.is_empty(), "it told nothing");
        let cut = lab.drop_between(B, A, PRIVATE)?;
        interrupt::sleep(CUT)?;
        cut.heal()?;
        lab.wait_all_up_again()?;
        lab.kill_agent(A)?;
        let (told, exit) = replayed(lab, &recording(lab, A))?;
        ensure!(
            exit == Some(1),
            "a killed agent's replay ended with {exit:?}"
        );
        // What is on the disk as an event was told to the core and recorded a moment before.
        let kept = by_the_core(lab, A)?;
        let both = told.len().min(kept.len());
        ensure!(running.len() < both, "{both} events only");
        same(&kept[..both], &told[..both])
    })
}

fn no_place() -> Result<()> {
    in_lab(plan(), |lab| {
        record(lab, A)?;
        std::fs::write(recording(lab, A), "somebody else's\n").context("write a file")?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let log = std::fs::read_to_string(lab.files().log(A)).context("read the log")?;
        ensure!(
            log.contains("nothing is recorded: ")
                && log.contains("is no recording and is left alone"),
            "the log does not say why: {log}"
        );
        let output = lab.run_heartbeat(A, &["replay", &recording(lab, A).display().to_string()])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.code() == Some(2) && said.contains("it is no recording"),
            "replaying another's file ended with {}: {said}",
            output.status
        );
        Ok(())
    })
}

/// The node's events that its core has told.
fn by_the_core(lab: &Lab, node: Node) -> Result<Vec<Event>> {
    let events = lab.events(node).showing(Scope::All).all()?;
    let judged = |event: &Event| event.id != OPERATOR && !(1131..=1134).contains(&event.id);
    Ok(events.into_iter().filter(judged).collect())
}

/// What `heartbeat replay` prints, and its exit status.
fn replayed(lab: &Lab, file: &Path) -> Result<(Vec<Event>, Option<i32>)> {
    let file = file.display().to_string();
    let output = lab.run_heartbeat(A, &["replay", "--json", &file])?;
    let lines = String::from_utf8(output.stdout).context("events are text")?;
    let event = |line: &str| {
        serde_json::from_str::<Event>(line).with_context(|| format!("understand {line}"))
    };
    let events = lines.lines().map(event).collect::<Result<_>>()?;
    println!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    Ok((events, output.status.code()))
}

/// Both lists say the same, but for what only an agent knows: the number, the moments in wall time and on the
/// disk, maintenance.
fn same(kept: &[Event], told: &[Event]) -> Result<()> {
    for (place, (kept, told)) in kept.iter().zip(told).enumerate() {
        ensure!(
            without_seal(kept) == without_seal(told),
            "event {place} was {kept:?}, and is {told:?} in the replay"
        );
    }
    let count = |events: &[Event]| events.len();
    ensure!(
        count(kept) == count(told),
        "the agent told {} events, the replay {}: {:?}",
        count(kept),
        count(told),
        kept.iter().zip(told).next_back()
    );
    Ok(())
}

fn without_seal(event: &Event) -> Event {
    let mut event = Event {
        seq: 0,
        time: String::new(),
        maintenance: false,
        ..event.clone()
    };
    if let Value::Object(evidence) = &mut event.evidence {
        evidence.remove("emitted_ns");
        // The newest heartbeats are a copy of what the kernel had; no verdict rests on them.
        evidence.remove("trail");
    }
    event
}
