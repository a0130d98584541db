//! A node's own interfaces: what its kernel knows is told before a heartbeat can be missed.

use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE, PUBLIC};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::{Event, LOCAL_INTERFACE_FAILED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Plan};
use heartbeat_tests::lab::{Lab, batch, interrupt, wait};
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};
use heartbeat_user::interface;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub const TESTS: &[Test] = &[
    (
        "a pulled cable is told by its node before a heartbeat is missed, once, of its network alone",
        pulled_cable,
    ),
    (
        "an address that is taken away, and a device that is, are told like a cable",
        address_and_device,
    ),
    ("a cable that is pulled again is told again", pulled_again),
    (
        "an agent that starts without a cable tells it, and nothing of cables that are there",
        without_cable,
    ),
];

/// Long, so that nothing here can come of a missed heartbeat.
const INTERVAL: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(20);
/// From netlink's word to the verdict.
const SOON: Duration = Duration::from_millis(100);

fn plan() -> Plan {
    Plan::nodes(2).two_networks().timing(INTERVAL, 3)
}

fn pulled_cable() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::whole(lab)?;
        let news = on_news(lab, PRIVATE, || lab.pull_cable(B, PRIVATE))?;
        let event = failed(&mut feed, lab, PRIVATE)?;
        let judged_ns = event.evidence("judged_ns")?;
        let soon_ns = SOON.as_nanos() as u64;
        ensure!(
            judged_ns < news.at_ns + soon_ns,
            "told {} us after netlink had",
            judged_ns.saturating_sub(news.at_ns) / 1_000
        );
        interrupt::sleep(INTERVAL)?;
        feed.read()?;
        ensure!(told(&feed) == 1, "told {} times", told(&feed));
        news.fault.heal().map(drop)
    })
}

fn address_and_device() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::whole(lab)?;
        let (address, bits) = (
            lab.plan().address(B, PRIVATE),
            lab.plan().prefix_length(PRIVATE),
        );
        let private = lab.plan().interface(PRIVATE);
        batch::ip(
            lab.node(B),
            &format!("addr del {address}/{bits} dev {private}\n"),
        )?;
        failed(&mut feed, lab, PRIVATE)?;
        let fault = lab.remove_interface(B, PUBLIC)?;
        failed(&mut feed, lab, PUBLIC)?;
        ensure!(told(&feed) == 2, "told {} times", told(&feed));
        fault.heal().map(drop)
    })
}

fn pulled_again() -> Result<()> {
    in_running_lab(plan(), |lab| {
        for _ in 0..2 {
            let mut feed = Feed::whole(lab)?;
            let fault = lab.pull_cable(B, PRIVATE)?;
            failed(&mut feed, lab, PRIVATE)?;
            ensure!(told(&feed) == 1, "told {} times", told(&feed));
            let news = on_news(lab, PRIVATE, || fault.heal())?;
            ensure!(news.up, "the carrier did not come back");
        }
        Ok(())
    })
}

fn without_cable() -> Result<()> {
    in_lab(plan(), |lab| {
        let _fault = lab.pull_cable(B, PRIVATE)?;
        wait_for_carrier(lab, PRIVATE, false)?;
        let mut feed = Feed::whole(lab)?;
        lab.start_agents()?;
        failed(&mut feed, lab, PRIVATE)?;
        let up = lab.plan().path(A, B, PUBLIC);
        feed.wait_for_path(&up, heartbeat_tests::lab::event::PATH_RESTORED, LIMIT)?;
        ensure!(told(&feed) == 1, "told {} times", told(&feed));
        Ok(())
    })
}

/// Waits for B's word that its own interface failed.
fn failed(feed: &mut Feed, lab: &Lab, network: Network) -> Result<Event> {
    let label = lab.plan().label(network);
    wait::until(&format!("a 1124 on {label}"), LIMIT, || {
        feed.read()?;
        let of_network = |event: &&Event| event.network.as_deref() == Some(label);
        Ok(own_failures(feed).find(of_network).cloned())
    })
}

/// How often any node told that its own interface failed.
fn told(feed: &Feed) -> usize {
    own_failures(feed).count()
}

fn own_failures(feed: &Feed) -> impl Iterator<Item = &Event> {
    let events = feed.events().iter();
    events.filter(|event| event.id == LOCAL_INTERFACE_FAILED)
}

/// What netlink told of B's interface.
struct News<T> {
    /// When, in nanoseconds of CLOCK_MONOTONIC.
    at_ns: u64,
    /// Whether it is up.
    up: bool,
    /// What led to it.
    fault: T,
}

/// Does something to B's interface and waits until netlink tells that its carrier is another.
fn on_news<T: Send>(
    lab: &Lab,
    network: Network,
    deed: impl FnOnce() -> Result<T> + Send,
) -> Result<News<T>> {
    lab.node(B).enter(|| {
        let watch = interface::watch()?;
        let before = is_up(lab, network)?;
        let fault = deed()?;
        loop {
            let mut polled = [PollFd::new(watch.as_fd(), PollFlags::POLLIN)];
            let limit = PollTimeout::try_from(LIMIT).context("a limit of poll")?;
            ensure!(0 < poll(&mut polled, limit)?, "netlink tells nothing");
            let at_ns = monotonic_ns();
            interface::drain(&watch)?;
            let up = is_up(lab, network)?;
            if up != before {
                return Ok(News { at_ns, up, fault });
            }
        }
    })
}

/// Waits until B's interface is as it is said to be.
fn wait_for_carrier(lab: &Lab, network: Network, wanted: bool) -> Result<()> {
    wait::until("a carrier", LIMIT, || {
        let up = lab.node(B).enter(|| is_up(lab, network))?;
        Ok((up == wanted).then_some(()))
    })
}

fn is_up(lab: &Lab, network: Network) -> Result<bool> {
    let address = lab.plan().address(B, network).parse()?;
    Ok(interface::owner_of(address)?.is_some_and(|owner| owner.up))
}
