//! What a service manager hears of an agent, and when it hears nothing.
//!
//! An agent whose loop or whose sender hangs is of no use to anybody, however alive the rest of it is. Each of the
//! silences below ends with food again, which shows that it was the thread that stood still and nothing else.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::A;
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_lab};

use super::manager::{Manager, PERIOD};
use super::pause::Pause;
use super::{LIMIT, plan};

pub const TESTS: &[Test] = &[
    (
        "a service manager is told when an agent answers, reloads and ends, and is fed meanwhile",
        life,
    ),
    ("an agent that is stopped does not feed", stopped),
    ("an agent whose sender hangs does not feed", sender_hangs),
    ("an agent whose loop hangs does not feed", loop_hangs),
];

const FOOD: &str = "WATCHDOG=1";

fn supervised(story: impl FnOnce(&mut Lab, &Manager) -> Result<()>) -> Result<()> {
    in_lab(plan(), |lab| {
        lab.write_missing_files()?;
        let manager = Manager::listen(lab)?;
        lab.start_agent_with(A, manager.program())?;
        story(lab, &manager)
    })
}

fn life() -> Result<()> {
    supervised(|lab, manager| {
        let ready = manager.wait_for("READY=1", LIMIT)?;
        ensure!(
            ready.contains("\nSTATUS=node node-a of cluster "),
            "{ready}"
        );
        for _ in 0..3 {
            manager.wait_for(FOOD, LIMIT)?;
        }
        let output = lab.reload_agent(A)?;
        ensure!(output.status.success(), "{output:?}");
        let told = manager.heard();
        let place = |begin: &str| told.iter().position(|told| told.starts_with(begin));
        let (reloading, ready) = (place("RELOADING=1\nMONOTONIC_USEC="), place("READY=1"));
        ensure!(reloading.is_some() && reloading < ready, "{told:?}");
        manager.wait_for(FOOD, LIMIT)?;
        lab.stop_agent(A)?;
        let told = manager.heard();
        let last = told.last().map(String::as_str);
        ensure!(last == Some("STOPPING=1\nSTATUS=Restarting"), "{told:?}");
        Ok(())
    })
}

fn stopped() -> Result<()> {
    supervised(|lab, manager| {
        manager.wait_for(FOOD, LIMIT)?;
        lab.pause_agent(A)?;
        starves(manager)?;
        lab.resume_agent(A)?;
        manager.wait_for(FOOD, LIMIT).map(drop)
    })
}

fn sender_hangs() -> Result<()> {
    supervised(|lab, manager| {
        manager.wait_for(FOOD, LIMIT)?;
        let pause = Pause::of(lab.agent(A)?.thread("heartbeat-tx")?)?;
        starves(manager)?;
        // The loop goes on meanwhile: it is asked, and answers.
        lab.metrics(A)?;
        drop(pause);
        manager.wait_for(FOOD, LIMIT).map(drop)
    })
}

fn loop_hangs() -> Result<()> {
    supervised(|lab, manager| {
        manager.wait_for(FOOD, LIMIT)?;
        let pause = Pause::of(lab.agent(A)?.pid())?;
        starves(manager)?;
        drop(pause);
        manager.wait_for(FOOD, LIMIT).map(drop)
    })
}

/// After what was on its way, and what a late sender is forgiven, nothing comes.
fn starves(manager: &Manager) -> Result<()> {
    interrupt::sleep(2 * PERIOD)?;
    manager.heard();
    interrupt::sleep(4 * PERIOD)?;
    let heard = manager.heard();
    ensure!(heard.is_empty(), "it was fed: {heard:?}");
    Ok(())
}
