//! A node whose address changes: its paths on that network are others from then on, all else goes on.

use std::fs;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::batch;
use heartbeat_tests::lab::event::{Event, PATH_LOST};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{
    A, B, C, LIMIT, PAUSE, PRIVATE, must_say, path_value, plan, reload, undisturbed,
    wait_for_difference, wait_up,
};

pub const TESTS: &[Test] = &[(
    "an address is changed node by node, and only the paths that have it notice",
    changed,
)];

const NEW: &str = "10.77.1.103";

/// The new address comes beside the old one first, as an operator would do it.
fn changed() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let old = lab.plan().address(C, PRIVATE);
        let interface = lab.plan().interface(PRIVATE);
        let label = lab.plan().label(PRIVATE);
        let mut feed = Feed::from_now(lab)?;
        let has_part = |event: &Event| {
            let ends = [Some(event.observer.as_str()), event.peer.as_deref()];
            event.network.as_deref() == Some(label) && ends.contains(&Some("node-c"))
        };
        lab.node(C).enter(keep_second_addresses)?;
        batch::ip(lab.node(C), &format!("addr add {NEW}/24 dev {interface}\n"))?;
        interrupt::sleep(PAUSE)?;
        undisturbed(&mut feed, |_| false)?;
        for node in [A, B, C] {
            lab.rewrite(node, |text| {
                text.replace(&format!("\"{old}\""), &format!("\"{NEW}\""))
            })?;
            must_say(&reload(lab, node)?, &["node-c", &old, NEW])?;
            interrupt::sleep(PAUSE)?;
            undisturbed(&mut feed, has_part)?;
        }
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        batch::ip(lab.node(C), &format!("addr del {old}/24 dev {interface}\n"))?;
        for other in [A, B] {
            wait_up(lab, (other, C, PRIVATE))?;
            wait_up(lab, (C, other, PRIVATE))?;
        }
        let before = path_value(lab, "heartbeat_arrivals_total", (A, C, PRIVATE))?;
        let mut settled = Feed::from_now(lab)?;
        settled.nothing_but(&[], 2 * PAUSE)?;
        let grown = path_value(lab, "heartbeat_arrivals_total", (A, C, PRIVATE))? - before;
        ensure!(
            10.0 <= grown,
            "node-a heard node-c only {grown} times from its new address"
        );
        let fault = lab.drop_between(C, A, PRIVATE)?;
        let path = lab.plan().path(A, C, PRIVATE);
        heartbeat_tests::lab::wait::until("a 1123 of the new path", LIMIT, || {
            settled.read()?;
            Ok(settled.about(&path, PATH_LOST).next().map(drop))
        })?;
        fault.heal()?;
        undisturbed(&mut feed, has_part)
    })
}

/// Without this the kernel removes, with the first address of a subnet, all others of it.
fn keep_second_addresses() -> Result<()> {
    let path = "/proc/sys/net/ipv4/conf/all/promote_secondaries";
    fs::write(path, "1").with_context(|| format!("write 1 to {path}"))
}
