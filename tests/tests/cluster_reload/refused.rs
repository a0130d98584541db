//! Files that are refused, whole, and the old configuration that goes on.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::OPERATOR;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::{Lab, agent, wait};
use heartbeat_tests::suite::{Test, in_running_lab};
use nix::sys::signal::Signal;

use super::{
    A, B, C, INTERVAL, LIMIT, PRIVATE, differs, must_say, path_value, plan, reload, said,
    undisturbed,
};

pub const TESTS: &[Test] = &[
    (
        "a file with mistakes is refused whole, with every mistake, and the old one goes on",
        mistakes,
    ),
    (
        "what cannot change in a running agent is refused with the reason",
        fixed,
    ),
    (
        "SIGHUP reloads like the command, and refuses like it",
        sighup,
    ),
];

/// A refused reload; what it said.
fn refuse(lab: &Lab, what: &str) -> Result<String> {
    let output = lab.reload_agent(A)?;
    let said = said(&output);
    ensure!(!output.status.success(), "{what} was taken: {said}");
    let successful = lab
        .metrics(A)?
        .value("heartbeat_config_last_reload_successful", &[])?;
    ensure!(
        successful == 0.0,
        "after a refused reload node-a exports {successful}"
    );
    Ok(said)
}

/// What the agent goes by, as it tells it.
fn interval(lab: &Lab) -> Result<f64> {
    let (status, _) = lab.status(A)?;
    Ok(status["networks"][0]["interval_seconds"]
        .as_f64()
        .unwrap_or_default())
}

/// One change that would be fine, and two mistakes: nothing of it is taken.
fn with_mistakes(text: &str) -> String {
    text.replace("interval = \"100ms\"", "interval = \"250ms\"")
        .replace("lost_after = 3", "lost_after = 0")
        .replace("\"10.77.2.3\"", "\"10.99.2.3\"")
}

fn mistakes() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let good = lab.files().read_configuration(A)?;
        lab.rewrite(A, with_mistakes)?;
        let said = refuse(lab, "a file with mistakes")?;
        must_say(&said, &["lost_after", "10.99.2.3"])?;
        ensure!(
            interval(lab)? == 0.1,
            "a part of the refused file was taken: interval {} s",
            interval(lab)?
        );
        for other in [B, C] {
            ensure!(!differs(lab, other, A)?, "{other} sees another digest");
        }
        goes_on(lab, &mut feed)?;
        lab.files().write_configuration(A, &good)?;
        reload(lab, A)?;
        goes_on(lab, &mut feed)
    })
}

/// Node A is well and hears and is heard.
fn goes_on(lab: &mut Lab, feed: &mut Feed) -> Result<()> {
    let before = path_value(lab, "heartbeat_arrivals_total", (A, B, PRIVATE))?;
    let heard = path_value(lab, "heartbeat_arrivals_total", (B, A, PRIVATE))?;
    feed.nothing_but(&[], 10 * INTERVAL)?;
    lab.check_agents()?;
    let grown = [
        path_value(lab, "heartbeat_arrivals_total", (A, B, PRIVATE))? - before,
        path_value(lab, "heartbeat_arrivals_total", (B, A, PRIVATE))? - heard,
    ];
    ensure!(
        grown.iter().all(|grown| 5.0 <= *grown),
        "in ten intervals {grown:?} heartbeats were heard"
    );
    Ok(())
}

/// What is changed, and which words the refusal must have.
type Fixed = (fn(&str) -> String, &'static [&'static str]);

const FIXED: [Fixed; 5] = [
    (
        |text| text.replacen("name = \"hblab", "name = \"other", 1),
        &["name"],
    ),
    (
        |text| text.replace("[nodes.node-a]\nid = 1\n", "[nodes.node-a]\nid = 9\n"),
        &["node-a", "id"],
    ),
    (
        |text| text.replace("[nodes.node-a]", "[nodes.node-z]"),
        &["node-a"],
    ),
    (
        |text| text.replace("pins = \"/sys/fs/bpf/", "pins = \"/sys/fs/bpf/other-"),
        &["pins"],
    ),
    (
        |text| text.replace("node-a.sock", "other.sock"),
        &["socket"],
    ),
];

fn fixed() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let good = lab.files().read_configuration(A)?;
        for (change, words) in FIXED {
            let changed = change(&good);
            ensure!(changed != good, "the test changes nothing: {words:?}");
            lab.files().write_configuration(A, &changed)?;
            must_say(&refuse(lab, words[0])?, words)?;
        }
        // All at once are refused with every reason.
        let all = FIXED.iter().fold(good.clone(), |text, (change, _)| {
            let changed = change(&text);
            if changed == text { text } else { changed }
        });
        lab.files().write_configuration(A, &all)?;
        must_say(&refuse(lab, "all of them")?, &["name", "pins", "socket"])?;
        lab.files().write_configuration(A, &good)?;
        reload(lab, A)?;
        goes_on(lab, &mut feed)
    })
}

fn sighup() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let mut feed = Feed::from_now(lab)?;
        lab.rewrite(A, |text| {
            text.replace("interval = \"100ms\"", "interval = \"250ms\"")
        })?;
        lab.agent(A)?.signal(Signal::SIGHUP)?;
        wait::until("the new interval of node-a", LIMIT, || {
            Ok((interval(lab)? == 0.25).then_some(()))
        })?;
        let told = feed.wait_for_event(A, OPERATOR, A, LIMIT)?;
        must_say(&told.message, &["reload"])?;
        lab.rewrite(A, with_mistakes)?;
        lab.agent(A)?.signal(Signal::SIGHUP)?;
        wait::until("the refusal of the file with mistakes", LIMIT, || {
            let successful = lab
                .metrics(A)?
                .value("heartbeat_config_last_reload_successful", &[])?;
            Ok((successful == 0.0).then_some(()))
        })?;
        must_say(
            &agent::log_tail(&lab.files().log(A)),
            &["lost_after", "10.99.2.3"],
        )?;
        ensure!(interval(lab)? == 0.25, "the refused file was taken");
        lab.check_agents()?;
        undisturbed(&mut feed, |_| false)
    })
}
