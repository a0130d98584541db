//! One trial: a fault in a quiet lab, and what was said of it against what was true.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};

use super::fault::{Draw, Kind, Truth};
use super::inject::{inject, recover};
use super::starve;
use crate::lab::cast::{PRIVATE, PUBLIC};
use crate::lab::event::{Event, MULTICAST_FAILED, PATH_LOST, PATH_RESTORED};
use crate::lab::feed::Feed;
use crate::lab::plan::Node;
use crate::lab::{Lab, interrupt};
use crate::program::random::Random;

/// How long nothing may happen before a fault and after it: an event waits half an interval for the peer's word.
const QUIET: Duration = Duration::from_millis(700);

/// What was said of one path whose truth is known.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What kind of fault it was.
    pub kind: Kind,
    /// What is true.
    pub truth: Vec<&'static str>,
    /// What was said last; `None`: nothing was.
    pub told: Option<String>,
    /// Whether it was said to be sure.
    pub sure: bool,
}

impl Verdict {
    /// Whether it was right.
    pub fn is_right(&self) -> bool {
        self.told
            .as_deref()
            .is_some_and(|told| self.truth.contains(&told))
    }
}

/// A trial that is over.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was done.
    pub draw: Draw,
    /// What was said of each path that had something to say.
    pub verdicts: Vec<Verdict>,
    /// Losses told of paths that were not disturbed.
    pub strays: Vec<String>,
    /// First causes that were sure and wrong.
    pub hasty: Vec<String>,
    /// Everything that was told.
    pub story: String,
}

/// Draws a fault of this kind.
pub fn draw(kind: Kind, nodes: &[Node], random: &mut Random) -> Draw {
    let victim = *random.one_of(nodes);
    let others: Vec<Node> = nodes
        .iter()
        .copied()
        .filter(|node| *node != victim)
        .collect();
    Draw {
        kind,
        victim,
        other: *random.one_of(&others),
        network: *random.one_of(&[PRIVATE, PUBLIC]),
        lasts_ms: least_ms(kind) + random.below(1_400) as u64,
    }
}

/// How long a fault lasts at the least. The kernel tells of a lost carrier up to a second later (linkwatch), and of one
/// that is back by then not at all. That a group has failed shows after some rounds beside unicast.
const fn least_ms(kind: Kind) -> u64 {
    match kind {
        Kind::CablePulled => 1_300,
        Kind::GroupBlocked => 1_000,
        Kind::AgentStopped
        | Kind::AgentKilled
        | Kind::SenderStarved
        | Kind::HostOff
        | Kind::OneWay
        | Kind::BothWays
        | Kind::WiresBroken
        | Kind::Refused
        | Kind::HeldBack
        | Kind::Overtaken
        | Kind::SwitchDead
        | Kind::CardDrops
        | Kind::CardHangs
        | Kind::MachineStill
        | Kind::Restarted
        | Kind::Left
        | Kind::CutAndStopped
        | Kind::CutAndKilled
        | Kind::CutAndStoppedElsewhere => 500,
    }
}

/// Carries it out, and judges.
pub fn run(lab: &mut Lab, draw: Draw) -> Result<Trial> {
    let nodes: Vec<Node> = lab.plan().all_nodes().collect();
    let _alone = (draw.kind == Kind::SenderStarved).then(starve::alone);
    lab.wait_all_up_again()?;
    if draw.kind == Kind::GroupBlocked {
        for node in &nodes {
            lab.wait_sending(*node, draw.network, "multicast")?;
        }
    }
    interrupt::sleep(QUIET)?;
    let mut feed = Feed::all(lab)?;
    inject(lab, &draw).with_context(|| format!("{draw:?}"))?;
    lab.wait_all_up_again()?;
    interrupt::sleep(QUIET)?;
    feed.read()?;
    recover(lab, &draw)?;
    let truths = draw.truths(&nodes);
    let verdicts = truths
        .iter()
        .map(|truth| judge(draw.kind, truth, lab, &feed));
    Ok(Trial {
        draw,
        verdicts: verdicts.collect(),
        strays: strays(&truths, lab, &feed),
        hasty: hasty(&truths, lab, &feed),
        story: story(&feed),
    })
}

fn judge(kind: Kind, truth: &Truth, lab: &Lab, feed: &Feed) -> Verdict {
    let path = lab.plan().path(truth.observer, truth.peer, truth.network);
    let last = feed
        .about(&path, PATH_RESTORED)
        .chain(feed.about(&path, PATH_LOST))
        .chain(feed.about(&path, MULTICAST_FAILED))
        .filter(|event| !event.word("class").is_empty())
        .max_by_key(|event| event.seq);
    Verdict {
        kind,
        truth: truth.classes.clone(),
        told: last.map(|event| event.word("class").to_owned()),
        sure: last.is_some_and(|event| event.word("certainty") == "sure"),
    }
}

/// What was told as lost of paths that nothing was done to, or of groups.
fn strays(truths: &[Truth], lab: &Lab, feed: &Feed) -> Vec<String> {
    let paths: Vec<_> = truths
        .iter()
        .map(|truth| lab.plan().path(truth.observer, truth.peer, truth.network))
        .collect();
    let bad = |event: &&Event| [PATH_LOST, MULTICAST_FAILED].contains(&event.id);
    let lost = feed.events().iter().filter(bad);
    lost.filter(|event| !paths.iter().any(|path| path.is_of(event)))
        .map(line)
        .collect()
}

/// Causes told with 1123 that were said to be sure and were not.
fn hasty(truths: &[Truth], lab: &Lab, feed: &Feed) -> Vec<String> {
    let mut hasty = Vec::new();
    for truth in truths {
        let path = lab.plan().path(truth.observer, truth.peer, truth.network);
        let sure = |event: &&Event| event.word("certainty") == "sure";
        let wrong = |event: &&Event| !is_excused(truth, event.word("class"));
        let first = feed.about(&path, PATH_LOST).filter(sure).filter(wrong);
        hasty.extend(first.map(line));
    }
    hasty
}

/// Whether a first cause is true at its moment: an agent that was killed, or gets no CPU, does send nothing on a host
/// that answers.
fn is_excused(truth: &Truth, class: &str) -> bool {
    let silent = ["agent-restarted", "starved-there"];
    let stalled = class == "agent-stalled" && silent.iter().any(|one| truth.classes.contains(one));
    stalled || truth.classes.contains(&class)
}

fn story(feed: &Feed) -> String {
    let mut story = String::new();
    for event in feed.events() {
        // A string takes whatever is written into it.
        let _ = writeln!(story, "    {}", line(event));
    }
    story
}

fn line(event: &Event) -> String {
    format!(
        "{} {} {} {} {}: {} [{} {} {}] {}",
        &event.time[11..23],
        event.observer,
        event.id,
        event.peer.as_deref().unwrap_or("-"),
        event.network.as_deref().unwrap_or("-"),
        event.cause.as_deref().unwrap_or("-"),
        event.word("certainty"),
        event.word("place"),
        event.word("scope"),
        event.evidence["findings"],
    )
}
