//! SIGKILL and an immediate start, again and again.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::{Event, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::transcript::{self, Difference, Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::books::Books;
use super::silence::{Silence, Witness};
use super::{INTERVAL, plan};

pub const TESTS: &[Test] = &[(
    "50 times killed and started again, an agent loses no arrival and is accused of its true silence only",
    killed,
)];

const RESTARTS: usize = 50;
/// Between the witness at the switch and the kernel of the node lies a softirq: within this distance of the
/// detection time either may be right.
const MARGIN: Duration = Duration::from_millis(5);

fn killed() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut tally = Tally::default();
        let witness = Witness::listen(lab)?;
        let nodes: Vec<Node> = lab.plan().all_nodes().collect();
        for (round, node) in (0..RESTARTS).zip(nodes.iter().cycle()) {
            // Kills fall on every part of an interval.
            interrupt::sleep(2 * INTERVAL + INTERVAL * u32::try_from(round % 10)? / 10)?;
            let mut feed = Feed::from_now(lab)?;
            let books = Books::open(lab, *node)?;
            lab.kill_agent(*node)?;
            let begin_ns = monotonic_ns();
            lab.spawn_agent(*node)?;
            lab.wait_answering(*node)?;
            lab.wait_all_up_again()?;
            feed.read()?;
            let silences = witness.silences_of(lab, *node)?;
            judge(lab, &silences, feed.events())?;
            tally.arrived += books.close(lab)?;
            tally.note(lab, &silences, begin_ns);
        }
        ensure!(0.0 < tally.arrived, "nothing arrived");
        tally.print(lab);
        Ok(())
    })
}

/// Nothing was told but of silences that were too long, and of each of those its loss and its end.
fn judge(lab: &Lab, silences: &[Silence], events: &[Event]) -> Result<()> {
    let detection = lab.plan().detection_time();
    let expected: Vec<Expected> = silences
        .iter()
        .filter(|silence| {
            if silence.length.abs_diff(detection) <= MARGIN {
                told(&silence.path, events)
            } else {
                detection < silence.length
            }
        })
        .flat_map(|silence| Expected::lost_and_restored([silence.path.clone()]))
        .collect();
    let differences = transcript::differences(&expected, events);
    let lines: Vec<String> = differences.iter().map(Difference::to_string).collect();
    let lengths: Vec<String> = silences
        .iter()
        .map(|silence| format!("{}: {:?}", silence.path, silence.length))
        .collect();
    ensure!(
        lines.is_empty(),
        "the events are not as expected:\n  {}\nby these silences:\n  {}",
        lines.join("\n  "),
        lengths.join("\n  ")
    );
    Ok(())
}

fn told(path: &Path, events: &[Event]) -> bool {
    let mut about = events.iter().filter(|event| path.is_of(event));
    about.any(|event| matches!(event.id, PATH_LOST | PATH_RESTORED))
}

/// What all restarts together showed.
#[derive(Default)]
struct Tally {
    arrived: f64,
    within: usize,
    longest: Duration,
    starts: Vec<Duration>,
}

impl Tally {
    fn note(&mut self, lab: &Lab, silences: &[Silence], begin_ns: u64) {
        let longest = silences.iter().map(|silence| silence.length).max();
        let longest = longest.unwrap_or_default();
        self.within += usize::from(longest <= lab.plan().detection_time());
        self.longest = self.longest.max(longest);
        let back_ns = silences.iter().map(|silence| silence.back_ns).min();
        let start_ns = back_ns.unwrap_or_default().saturating_sub(begin_ns);
        self.starts.push(Duration::from_nanos(start_ns));
    }

    fn print(&mut self, lab: &Lab) {
        self.starts.sort_unstable();
        let last = self.starts.len() - 1;
        println!(
            "{RESTARTS} kills: {} restarts within the detection time of {:?}, longest silence {:?}, {} heartbeats \
             arrived meanwhile and none was lost; from start to first heartbeat {:?} (median), {:?} (longest)",
            self.within,
            lab.plan().detection_time(),
            self.longest,
            self.arrived,
            self.starts[last / 2],
            self.starts[last]
        );
    }
}
