//! Hosts with real trouble, one story each.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE, PUBLIC};
use heartbeat_tests::lab::{Lab, batch, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{diagnose, plan, wait_suspects, write_files};

pub const TESTS: &[Test] = &[
    (
        "a cable that is out, and an address that is gone, are named",
        cable_and_address,
    ),
    (
        "a carrier that comes and goes is seen while it does",
        flapping,
    ),
    (
        "a peer that does not answer for its address is named",
        neighbour,
    ),
    (
        "a filter that drops our port is named, with what it dropped",
        filter,
    ),
    (
        "a strict rp_filter is named where the way out is another",
        reverse_path,
    ),
    (
        "a bridge's port that does not forward is named",
        spanning_tree,
    ),
    ("a bridge that snoops without a querier is named", snooping),
    (
        "another XDP program and a small interface below a bridge are named",
        tower,
    ),
];

fn cable_and_address() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let fault = lab.pull_cable(A, PRIVATE)?;
        let found = wait_suspects(lab, A, "carrier", &["has no carrier"])?;
        // What happened at the same time is what it explains.
        let carrier = found
            .findings
            .iter()
            .find(|finding| finding["rule"] == "carrier");
        ensure!(
            carrier.context("found")?["networks"][0] == lab.plan().label(PRIVATE),
            "{}",
            found.printed
        );
        fault.heal()?;
        let address = format!(
            "{}/{}",
            lab.plan().address(A, PUBLIC),
            lab.plan().prefix_length(PUBLIC)
        );
        let interface = lab.plan().interface(PUBLIC);
        batch::ip(
            lab.node(A),
            &format!("addr del {address} dev {interface}\n"),
        )?;
        diagnose(lab, A, &[])?.suspects(
            "addresses",
            &["no interface", &lab.plan().address(A, PUBLIC)],
        )
    })
}

fn flapping() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let switch = lab.switch(PRIVATE).clone();
        let flapping = thread::spawn(move || -> Result<()> {
            for _ in 0..10 {
                batch::ip(&switch, "link set node-a down\n")?;
                thread::sleep(Duration::from_millis(150));
                batch::ip(&switch, "link set node-a up\n")?;
                thread::sleep(Duration::from_millis(150));
            }
            Ok(())
        });
        let found = diagnose(lab, A, &[])?;
        flapping
            .join()
            .map_err(|_| anyhow::anyhow!("flapping panicked"))??;
        found.suspects("carrier-changes", &["lost its carrier", "while we looked"])
    })
}

fn neighbour() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let interface = lab.plan().interface(PRIVATE);
        let address = lab.plan().address(B, PRIVATE);
        lab.kill_agent(B)?;
        let length = lab.plan().prefix_length(PRIVATE);
        batch::ip(
            lab.node(B),
            &format!("addr del {address}/{length} dev {interface}\n"),
        )?;
        batch::ip(lab.node(A), &format!("neigh flush dev {interface}\n"))?;
        wait_suspects(lab, A, "neighbours", &[&address, "does not answer"]).map(drop)
    })
}

fn filter() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let rules = "add table inet guard\n\
             add chain inet guard out { type filter hook output priority 0 ; }\n\
             add rule inet guard out udp dport 3343 counter drop\n";
        batch::nft(lab.node(A), rules)?;
        let found = wait_suspects(
            lab,
            A,
            "firewall",
            &["inet guard out", "3343", "while we looked"],
        )?;
        found.suspects("sending", &["refused to send"])
    })
}

fn reverse_path() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let (private, public) = (lab.plan().interface(PRIVATE), lab.plan().interface(PUBLIC));
        let path = format!("/proc/sys/net/ipv4/conf/{private}/rp_filter");
        lab.node(A)
            .enter(|| fs::write(&path, "1").context(path.clone()))?;
        ensure!(
            diagnose(lab, A, &[])?.lines("way-out", "fine").len() == 1,
            "strict alone accuses nobody"
        );
        let address = lab.plan().address(B, PRIVATE);
        batch::ip(
            lab.node(A),
            &format!("route add {address}/32 dev {public}\n"),
        )?;
        let words = ["node-b", public, "rp_filter is strict"];
        diagnose(lab, A, &[])?.suspects("way-out", &words)
    })
}

/// A lab without agents whose node-a has its private address on a bridge, made with these words.
fn bridged(words: &str) -> Result<Lab> {
    let lab = Lab::build(plan().multicast("on"))?;
    write_files(&lab, A)?;
    let interface = lab.plan().interface(PRIVATE);
    let address = format!(
        "{}/{}",
        lab.plan().address(A, PRIVATE),
        lab.plan().prefix_length(PRIVATE)
    );
    let script = format!(
        "link add bridge0 type bridge {words}\n\
         addr del {address} dev {interface}\n\
         addr add {address} dev bridge0\n\
         link set {interface} master bridge0\n\
         link set bridge0 up\n"
    );
    batch::ip(lab.node(A), &script)?;
    Ok(lab)
}

fn spanning_tree() -> Result<()> {
    let lab = bridged("stp_state 1 forward_delay 3000 mcast_snooping 0")?;
    let interface = lab.plan().interface(PRIVATE);
    wait_suspects(
        &lab,
        A,
        "spanning-tree",
        &[interface, "does not forward in bridge0"],
    )?;
    let forward = format!(
        "link set bridge0 type bridge stp_state 0\n\
         link set {interface} type bridge_slave state 3\n"
    );
    batch::ip(lab.node(A), &forward)?;
    wait::until("the port to forward", super::LIMIT, || {
        let found = diagnose(&lab, A, &[])?;
        let fine = found.lines("spanning-tree", "fine").len() == 1;
        Ok(fine.then_some(()))
    })
}

fn snooping() -> Result<()> {
    let lab = bridged("mcast_snooping 1 mcast_querier 0")?;
    diagnose(&lab, A, &[])?.suspects("snooping", &["bridge0 snoops", "nobody asks"])?;
    batch::ip(
        lab.node(A),
        "link set bridge0 type bridge mcast_querier 1\n",
    )?;
    let found = diagnose(&lab, A, &[])?;
    ensure!(
        found.lines("snooping", "fine").len() == 1,
        "{}",
        found.printed
    );
    Ok(())
}

fn tower() -> Result<()> {
    let lab = bridged("mcast_snooping 0")?;
    let interface = lab.plan().interface(PRIVATE);
    let pass = lab.switch_pass().display().to_string();
    let script = format!(
        "link set dev {interface} xdpdrv pinned {pass}\n\
         link set {interface} mtu 1400\n\
         link set bridge0 mtu 1500\n"
    );
    batch::ip(lab.node(A), &script)?;
    let found = diagnose(&lab, A, &[])?;
    found.suspects(
        "other-programs",
        &[interface, "somebody else's XDP program"],
    )?;
    found.suspects("mtu", &["bridge0 has MTU 1500", interface, "1400"])
}
