//! An announced restart with another build in the binary's place, again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::event::AGENT_RESTARTING;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::objects::Objects;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::{Lab, binary, interrupt, other_build};
use heartbeat_tests::suite::{Test, in_lab};

use super::books::Books;
use super::silence::Witness;
use super::{INTERVAL, LIMIT, plan};

pub const TESTS: &[Test] = &[(
    "20 times upgraded, an agent that says it restarts is accused of nothing and loses nothing",
    upgraded,
)];

const UPGRADES: usize = 20;

/// The binary as it is installed, and what it is replaced by.
struct Installation {
    place: PathBuf,
    builds: [PathBuf; 2],
}

impl Installation {
    fn in_directory(directory: &Path) -> Result<Self> {
        let builds = ["one", "other"].map(|name| directory.join(format!("heartbeat-{name}")));
        let binary = binary::find()?;
        fs::copy(&binary, &builds[0]).context("copy the binary")?;
        other_build::write(&binary, &builds[1])?;
        Ok(Installation {
            place: directory.join("heartbeat"),
            builds,
        })
    }

    /// Puts the next build in the binary's place as package managers do, under a running agent.
    fn install(&self, round: usize) -> Result<()> {
        let new = self.place.with_extension("new");
        fs::hard_link(&self.builds[round % 2], &new)
            .and_then(|()| fs::rename(&new, &self.place))
            .with_context(|| format!("install {}", self.place.display()))?;
        // Where both were links to one file already, rename(2) does nothing at all.
        if new.exists() {
            fs::remove_file(&new).context("remove the second link")?;
        }
        Ok(())
    }
}

fn upgraded() -> Result<()> {
    in_lab(plan(), |lab| {
        let installation = Installation::in_directory(&lab.name().directory())?;
        let nodes: Vec<Node> = lab.plan().all_nodes().collect();
        installation.install(0)?;
        for node in &nodes {
            lab.start_agent_with(*node, &installation.place)?;
        }
        lab.wait_all_up()?;
        let witness = Witness::listen(lab)?;
        let (mut arrived, mut longest) = (0.0, Duration::ZERO);
        // Every node is upgraded, and then every node back: two builds live beside each other meanwhile.
        let turns =
            (0..UPGRADES).map(|round| (1 + round / nodes.len(), nodes[round % nodes.len()]));
        for (build, node) in turns {
            installation.install(build)?;
            interrupt::sleep(2 * INTERVAL)?;
            arrived += upgrade(lab, node, &installation.place)?;
            for silence in witness.silences_of(lab, node)? {
                longest = longest.max(silence.length);
            }
        }
        println!(
            "{UPGRADES} upgrades: nobody accused, {arrived} heartbeats arrived meanwhile and none was lost; longest \
             silence {longest:?} at a detection time of {:?}",
            lab.plan().detection_time()
        );
        Ok(())
    })
}

/// One announced restart; returns how many heartbeats arrived at the node meanwhile.
fn upgrade(lab: &mut Lab, node: Node, binary: &Path) -> Result<f64> {
    let mut feed = Feed::from_now(lab)?;
    let books = Books::open(lab, node)?;
    let before = Objects::of(lab, node)?;
    ensure!(
        lab.stop_agent(node)? == Some(0),
        "SIGTERM did not end the agent of {node} with status 0"
    );
    lab.start_agent_with(node, binary)?;
    replaced(&before, &Objects::of(lab, node)?)?;
    for peer in lab.plan().peers(node) {
        feed.wait_for_event(peer, AGENT_RESTARTING, node, LIMIT)?;
    }
    feed.nothing_but(&[], lab.plan().detection_time() + 2 * INTERVAL)?;
    lab.wait_all_up()?;
    for peer in lab.plan().peers(node) {
        let said = feed.said(peer, AGENT_RESTARTING, node).count();
        ensure!(said == 1, "{peer} said {said} times that {node} restarts");
    }
    books.close(lab)
}

/// The devices kept their links, and each link leads to another program now.
fn replaced(before: &Objects, after: &Objects) -> Result<()> {
    ensure!(
        before.attachments.keys().eq(after.attachments.keys()),
        "other devices have a program now: {before:?}, {after:?}"
    );
    for (name, old) in &before.attachments {
        let new = &after.attachments[name];
        ensure!(old.link == new.link, "{name} was detached meanwhile");
        ensure!(
            old.program != new.program && old.tag != new.tag,
            "{name} runs the old program: {new:?}"
        );
    }
    Ok(())
}
