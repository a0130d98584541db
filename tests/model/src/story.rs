//! The way to a state as people read it.

use std::fmt::Write;

use heartbeat_core::membership::News;
use heartbeat_core::message::Message;
use heartbeat_core::nodes::NodeSet;

use crate::bounds::Bounds;
use crate::mutant::Mutant;
use crate::step::{First, Step};
use crate::world::{Told, World};

/// Goes the way again, and tells what happens on it; messages that just come only where they change something.
pub fn tell(bounds: &Bounds, mutant: Mutant, way: &[Step]) -> String {
    let mut story = String::new();
    let mut world = World::new(bounds, mutant);
    let mut time = 0;
    for step in way {
        let line = line(&world, *step);
        let (next, told) = world.after(*step, mutant);
        if *step == Step::Tick {
            time += 1;
        }
        if let Some(line) = line {
            let _ = writeln!(story, "{time:>4}  {line}");
        }
        for told in &told {
            let _ = writeln!(story, "{time:>4}    {}", news(told));
        }
        world = next;
    }
    for (node, host) in world.hosts.iter().enumerate() {
        let view = host.core.as_ref().and_then(|core| core.view());
        let view = view.map_or(String::from("no view"), |view| {
            format!("view {} of {}", view.epoch, names(&view.set()))
        });
        let quorate = if host.acts_by().is_some() {
            ", quorate"
        } else {
            ""
        };
        let _ = writeln!(
            story,
            "      {}: {:?}, {view}{quorate}",
            node + 1,
            host.condition
        );
    }
    story
}

fn line(world: &World, step: Step) -> Option<String> {
    let of = |place: usize| {
        let letter = &world.fresh()[place];
        format!(
            "{} from {} to {}",
            name(&letter.message),
            letter.from + 1,
            letter.to + 1
        )
    };
    match step {
        Step::Tick => None,
        Step::Come(place) => match world.fresh()[place].message {
            Message::Report(_) | Message::Question(_) | Message::Accounts(_) => None,
            Message::Proposal(_) | Message::Accept(_) | Message::Install(_) => {
                Some(format!("{} comes", of(place)))
            }
        },
        Step::Repeat(place) => Some(format!("{} comes, and will once more", of(place))),
        Step::Delay(place) => Some(format!("{} is late", of(place))),
        Step::Lose(place) => Some(format!("{} is lost", of(place))),
        Step::Late(_) => Some(String::from("a late message comes")),
        Step::Fault(fault) => Some(fault.to_string()),
        Step::Heal => Some(String::from("all cuts are mended")),
        Step::Boot(node) => Some(format!("{} starts", node + 1)),
        Step::Wake(node, First::Paths) => Some(format!("{} goes on", node + 1)),
        Step::Wake(node, First::Messages) => Some(format!("{} goes on, messages first", node + 1)),
    }
}

fn name(message: &Message) -> String {
    match message {
        Message::Report(_) => String::from("a report"),
        Message::Proposal(view) => format!("proposal {} of {}", view.epoch, names(&view.set())),
        Message::Accept(epoch) => format!("accept {epoch}"),
        Message::Install(view) => format!("install {} of {}", view.epoch, names(&view.set())),
        Message::Question(_) => String::from("a question"),
        Message::Accounts(_) => String::from("accounts"),
    }
}

fn news(told: &Told) -> String {
    let node = told.node + 1;
    match &told.news {
        News::Installed {
            view,
            joined,
            removed,
        } => format!(
            "{node}: view {} of {} (joined {}; removed {})",
            view.epoch,
            names(&view.set()),
            names(joined),
            names(removed)
        ),
        News::QuorumLost(epoch) => format!("{node}: lost the quorum of view {epoch}"),
        News::Quarantined(other, _) => format!("{node}: keeps out {}", other.0 + 1),
    }
}

fn names(set: &NodeSet) -> String {
    let names: Vec<String> = set.iter().map(|node| (node.0 + 1).to_string()).collect();
    names.join(",")
}
