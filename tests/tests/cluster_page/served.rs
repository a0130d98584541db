//! What the agent serves.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::event::PATH_LOST;
use heartbeat_tests::lab::metrics::http_get_whole;
use heartbeat_tests::suite::Test;

use super::{A, HOSTILE, LIMIT, with_a_lost_path};

pub const TESTS: &[Test] = &[
    (
        "the page names a lost path, and what it says to type explains it",
        what_to_type_explains,
    ),
    (
        "the page lets a browser run and load nothing, whatever a label says",
        nothing_to_run,
    ),
];

fn what_to_type_explains() -> Result<()> {
    with_a_lost_path(|lab| {
        let (_, page) = page(lab)?;
        let shown = "<li>node-b on &lt;script&gt;alert(1)&lt;/script&gt;";
        let problem = page.split(shown).nth(1);
        let problem = problem.with_context(|| format!("{shown} is not in {page}"))?;
        explains_by_number(lab, problem)?;
        ensure!(
            page.contains("\u{2717} LOST</b>"),
            "no cell is lost: {page}"
        );
        let network = format!("--network={HOSTILE}");
        explains(lab, &["explain", "--peer=node-b", &network])?;
        let event = page.split(&format!("<b>! {PATH_LOST}</b>")).nth(1);
        explains_by_number(lab, event.context("the loss is not among the events")?)
    })
}

/// Types the first command that this part of the page has.
fn explains_by_number(lab: &Lab, part: &str) -> Result<()> {
    let number = part
        .split_once("<code>heartbeat explain ")
        .and_then(|(_, rest)| rest.split_once("</code>"));
    let (number, _) = number.context("there is no command")?;
    explains(lab, &["explain", number])
}

fn nothing_to_run() -> Result<()> {
    with_a_lost_path(|lab| {
        let (head, page) = page(lab)?;
        for header in [
            "content-type: text/html; charset=utf-8",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            ensure!(head.contains(header), "{header} is not in {head}");
        }
        ensure!(!page.contains("<script"), "the label is markup: {page}");
        let shown = page.matches("&lt;script&gt;alert(1)").count();
        ensure!(2 < shown, "the label is shown {shown} times: {page}");
        Ok(())
    })
}

fn page(lab: &Lab) -> Result<(String, String)> {
    http_get_whole(lab.node(A), "/", LIMIT)
}

fn explains(lab: &Lab, command: &[&str]) -> Result<()> {
    let output = lab.ask_agent(A, command)?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && said.starts_with("1123 PathLost  node-b on "),
        "{command:?} says {said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
