//! The world: all machines, what is on its way between them, and one time for all.
//!
//! ```text
//!   queue ─> rounds of heartbeats ──> wires ──> kernels (stamps) ─┐
//!        ─> turns of agents <─────────────── wakes, deadlines <───┤
//!             sweep ─> core ─> actions ─> messages, echoes ─> wires
//!        ─> faults begin and end                  truth, checks <─┘
//! ```
//!
//! It drives each core exactly as the agent does: the same inputs in the same order, turns at the core's next
//! deadline and when something comes, with the same rests between. Nothing in it reads a clock or a random
//! number that the seed does not give.

use std::rc::Rc;

use heartbeat_core::action::Action;
use heartbeat_core::arrival::Arrival;
use heartbeat_core::node::Node;
use heartbeat_ebpf::wire::Words;

use crate::check::{Checks, Property, Violation};
use crate::clock::Clock;
use crate::coverage::Coverage;
use crate::host::{Host, Letter};
use crate::lanes::{Way, Wires};
use crate::mutant::Mutant;
use crate::queue::Queue;
use crate::random::Random;
use crate::script::Episode;
use crate::shape::Shape;
use crate::transcript::{Detail, Transcript};
use crate::truth::Truth;

mod act;
mod deliver;
mod faults;
mod hear;
mod misread;
mod quiet;
mod rounds;
mod start;
mod tell;
mod turn;

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides all that is left to chance.
    pub seed: u64,
    /// The cluster.
    pub shape: Shape,
    /// What goes wrong.
    pub script: Vec<Episode>,
    /// What is broken on purpose.
    pub mutant: Mutant,
    /// The properties that are looked at.
    pub looked_at: Vec<Property>,
    /// How much is written down.
    pub detail: Detail,
    /// How long it goes on at least, ns of the world.
    pub least: u64,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The first property that did not hold.
    pub violation: Option<Violation>,
    /// What happened in it.
    pub coverage: Coverage,
    /// What was written down.
    pub transcript: Transcript,
    /// When it ended, ns of the world.
    pub ended: u64,
}

/// Everything.
pub struct World {
    now: u64,
    plan: Plan,
    queue: Queue<Event>,
    wires: Wires,
    hosts: Vec<Host>,
    truth: Truth,
    checks: Checks,
    coverage: Coverage,
    transcript: Transcript,
    random: Random,
    lasting: Vec<bool>,
    /// What a sweep reads into, again and again.
    scratch: Vec<Arrival>,
    actions: Vec<Action>,
    quiet: quiet::Quiet,
    blinded: Vec<Option<Arrival>>,
}

/// What happens.
#[derive(Debug)]
enum Event {
    Round { node: u16, network: u8, ticket: u32 },
    Heartbeat(Heartbeat),
    Ghost(Heartbeat),
    Echo(Way, Box<Words>),
    Letter(Way, Rc<Letter>),
    Turn { node: u16, ticket: u32 },
    Witness { node: u16, network: u8, run: u32 },
    Start(u16),
    Begin(u16),
    End(u16),
    Look,
}

/// A heartbeat on its way.
#[derive(Clone, Copy, Debug)]
struct Heartbeat {
    from: u16,
    to: u16,
    network: u8,
    flags: u8,
    interval_ms: u16,
    agent_age_ms: u16,
    digest: u32,
    incarnation: u64,
    sequence: u64,
    sent: u64,
}

impl World {
    /// The world at its beginning: all machines run, no agent does yet.
    pub fn new(plan: Plan) -> Self {
        let shape = &plan.shape;
        let mut random = Random::new(plan.seed, 3);
        let hosts: Vec<Host> = (0..shape.nodes())
            .map(|node| {
                let clock = Clock {
                    offset: random.between(1, 1 << 40),
                    drift: random.between(0, 200) as i64 - 100,
                };
                Host::new(shape, node, clock)
            })
            .collect();
        let blinded = vec![None; hosts[0].paths.len()];
        World {
            now: 0,
            queue: Queue::default(),
            wires: Wires::new(shape),
            hosts,
            truth: Truth::new(shape),
            checks: Checks::new(shape, &plan.looked_at),
            coverage: Coverage::default(),
            transcript: Transcript::new(plan.detail),
            random,
            lasting: vec![false; plan.script.len()],
            scratch: Vec::new(),
            actions: Vec::new(),
            quiet: quiet::Quiet::default(),
            blinded,
            plan,
        }
    }

    /// Runs it to its end: until a property is violated, or the cluster has healed.
    pub fn run(mut self) -> Outcome {
        self.prepare();
        while let Some((at, event)) = self.queue.take() {
            self.now = at;
            self.happen(event);
            if self.checks.violation.is_some() || self.quiet.is_over() {
                break;
            }
        }
        Outcome {
            violation: self.checks.violation,
            coverage: self.coverage,
            transcript: self.transcript,
            ended: self.now,
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Round {
                node,
                network,
                ticket,
            } => {
                self.round(node.into(), network.into(), ticket);
            }
            Event::Heartbeat(heartbeat) => self.heartbeat(&heartbeat),
            Event::Ghost(heartbeat) => self.ghost(&heartbeat),
            Event::Echo(way, words) => self.echo(way, &words),
            Event::Letter(way, letter) => self.letter(way, letter),
            Event::Turn { node, ticket } => self.turn(node.into(), ticket),
            Event::Witness { node, network, run } => {
                self.witness(node.into(), network.into(), run);
            }
            Event::Start(node) => self.start(node.into()),
            Event::Begin(episode) => self.begin(episode.into()),
            Event::End(episode) => self.end(episode.into()),
            Event::Look => self.look(),
        }
    }

    fn core(&self, node: usize) -> Option<&Node> {
        self.hosts[node].agent.as_ref().map(|agent| &agent.core)
    }
}
