//! How long after its deadline a lost path is judged and written down, by real agents.
//!
//! A cut at 1.2 s takes four seconds until the path is well again, so cuts overlap: every path of five nodes on two
//! networks is a place to cut, and a new cut begins every few dozen milliseconds wherever all is well. So deadlines
//! are spread as they are in a real cluster and not heaped on one moment. The switch drops one direction between
//! two nodes, which is one lost path.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use crate::lab::event::{Event, PATH_LOST, PATH_RESTORED};
use crate::lab::fault::Fault;
use crate::lab::feed::Feed;
use crate::lab::plan::{Network, Node, Plan};
use crate::lab::transcript::Path;
use crate::lab::{Lab, interrupt};
use crate::program::random::Random;

/// Lost paths to measure at each timing.
const CUTS: usize = 200;
const NODES: usize = 5;
/// Between two looks at the events.
const LOOK: Duration = Duration::from_millis(20);
/// No timing takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(180);
/// The order of the cuts is the same in every run.
const SEED: u64 = 7;

/// Measures and prints.
pub fn run(report: &mut Report) -> Result<()> {
    let mut rows = Vec::new();
    let mut unasked = 0;
    for (interval_ms, lost_after) in [(1200, 2), (100, 3)] {
        let interval = Duration::from_millis(interval_ms);
        let mut cuts = Cuts::new(interval, lost_after)?;
        let lateness = cuts.measure()?;
        unasked += lateness.unasked;
        let timing = format!("{interval_ms} ms x {lost_after}");
        rows.push(Row::new(format!("{timing}: judged"), lateness.judged));
        rows.push(Row::new(
            format!("{timing}: event written"),
            lateness.written,
        ));
    }
    report.add(Table {
        name: "lateness",
        title: format!(
            "After the deadline of a cut path: {CUTS} cuts at each timing, {NODES} nodes"
        ),
        unit: Unit::Milliseconds,
        rows,
        remark: format!("Paths lost without a cut, which this machine's own pauses do: {unasked}."),
    });
    Ok(())
}

/// What the events of the cuts said.
#[derive(Default)]
struct Lateness {
    judged: Series,
    written: Series,
    unasked: usize,
}

/// One path, which is well, cut, or healing.
struct Place {
    path: Path,
    ends: [Node; 2],
    network: Network,
    state: State,
}

enum State {
    Well,
    Cut(Fault),
    Healing,
}

/// A lab whose paths are cut one after the other.
struct Cuts {
    places: Vec<Place>,
    feed: Feed,
    random: Random,
    lateness: Lateness,
    /// Last, so that faults are undone before it goes.
    lab: Lab,
}

impl Cuts {
    fn new(interval: Duration, lost_after: u32) -> Result<Self> {
        let plan = Plan::nodes(NODES)
            .two_networks()
            .timing(interval, lost_after);
        let lab = Lab::running(plan)?;
        let plan = lab.plan();
        let places = plan.all_networks().flat_map(|network| {
            plan.all_nodes().flat_map(move |observer| {
                plan.peers(observer).map(move |peer| Place {
                    path: plan.path(observer, peer, network),
                    ends: [peer, observer],
                    network,
                    state: State::Well,
                })
            })
        });
        Ok(Cuts {
            places: places.collect(),
            feed: Feed::from_now(&lab)?,
            random: Random::new(SEED),
            lateness: Lateness::default(),
            lab,
        })
    }

    fn measure(&mut self) -> Result<Lateness> {
        let end = Instant::now() + LIMIT;
        while self.lateness.judged.len() < CUTS {
            ensure!(
                Instant::now() < end,
                "no {CUTS} lost paths within {LIMIT:?}"
            );
            self.cut_one()?;
            interrupt::sleep(LOOK)?;
            self.lab.check_agents()?;
            for event in self.feed.read()? {
                self.note(&event)?;
            }
        }
        Ok(std::mem::take(&mut self.lateness))
    }

    /// Cuts some path that is well, if there is one. Half of them stay well at any time, so that their echoes
    /// and the agents' idle time are like those of a cluster in service.
    fn cut_one(&mut self) -> Result<()> {
        let well: Vec<usize> = (0..self.places.len())
            .filter(|at| matches!(self.places[*at].state, State::Well))
            .collect();
        if well.len() <= self.places.len() / 2 {
            return Ok(());
        }
        let place = &mut self.places[*self.random.one_of(&well)];
        let [from, to] = place.ends;
        place.state = State::Cut(self.lab.drop_between(from, to, place.network)?);
        Ok(())
    }

    /// A lost path is measured and healed; a restored one may be cut again.
    fn note(&mut self, event: &Event) -> Result<()> {
        let Some(place) = self.places.iter_mut().find(|place| place.path.is_of(event)) else {
            return Ok(());
        };
        match (
            event.id,
            std::mem::replace(&mut place.state, State::Healing),
        ) {
            (PATH_LOST, State::Cut(fault)) => {
                let deadline = event.evidence("deadline_ns")?;
                let late = |field| -> Result<u64> {
                    let stamp = event.evidence(field)?;
                    stamp
                        .checked_sub(deadline)
                        .with_context(|| format!("{event}: {field} lies before the deadline"))
                };
                self.lateness.judged.push_ns(late("judged_ns")?);
                self.lateness.written.push_ns(late("emitted_ns")?);
                fault.heal()?;
            }
            (PATH_LOST, State::Well | State::Healing) => self.lateness.unasked += 1,
            (PATH_RESTORED, State::Cut(fault)) => place.state = State::Cut(fault),
            (PATH_RESTORED, State::Well | State::Healing) => place.state = State::Well,
            (_, state) => place.state = state,
        }
        Ok(())
    }
}
