//! The manual and the completions, as the command line writes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::binary;
use heartbeat_tests::lab::requirements::is_installed;
use heartbeat_tests::suite::{NotInstalled, Test};

use super::share;

pub const TESTS: &[Test] = &[
    ("every command has a page without a mistake", pages),
    ("the shell completes commands and options", completions),
    (
        "hooks and maintainer scripts are without a mistake",
        scripts,
    ),
];

/// Writes both, by the example that lies beside the agent.
fn written() -> Result<PathBuf> {
    let program = binary::find()?.with_file_name("examples").join("manual");
    ensure!(
        program.exists(),
        "{} is not there; `cargo build -p heartbeat-user --example manual` makes it",
        program.display()
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manual");
    let output = Command::new(program)
        .args(["--date", "2026-11-23"])
        .arg(&folder)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(folder)
}

fn pages() -> Result<()> {
    let folder = written()?;
    if !is_installed("mandoc") {
        return Err(NotInstalled("mandoc").into());
    }
    for name in [
        "heartbeat",
        "heartbeat-run",
        "heartbeat-maintenance-on",
        "heartbeat-key-generate",
    ] {
        let page = folder.join(format!("{name}.8"));
        let text = fs::read_to_string(&page).with_context(|| format!("read {}", page.display()))?;
        ensure!(
            text.contains(".TH") && text.contains("2026-11-23"),
            "{text}"
        );
    }
    let events = fs::read_to_string(folder.join("heartbeat-events.8"))?;
    ensure!(events.contains("cursor"), "{events}");
    for entry in fs::read_dir(&folder)? {
        let page = entry?.path();
        if page.extension().is_none_or(|end| end != "8") {
            continue;
        }
        let judged = lint(&page)?;
        ensure!(judged.is_empty(), "{judged}");
    }
    let broken = folder.join("broken.man");
    fs::write(&broken, ".TH broken 8\n.SH NAME\n.RE\n")?;
    ensure!(!lint(&broken)?.is_empty(), "a broken page is in order");
    Ok(())
}

/// What mandoc has to say of a page, style apart.
fn lint(page: &Path) -> Result<String> {
    let output = Command::new("mandoc")
        .args(["-T", "lint", "-W", "warning"])
        .arg(page)
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn completions() -> Result<()> {
    let folder = written()?;
    let script = r#"
        . "$0"
        complete -p heartbeat >/dev/null || exit 9
        COMP_WORDS=(heartbeat ev) COMP_CWORD=1
        _heartbeat heartbeat ev heartbeat
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(heartbeat events --cur) COMP_CWORD=2
        _heartbeat heartbeat --cur events
        echo "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(folder.join("heartbeat.bash"))
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && told == "events\n--cursor\n",
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (file, word) in [
        ("_heartbeat", "#compdef heartbeat"),
        ("heartbeat.fish", "-c heartbeat"),
    ] {
        let text = fs::read_to_string(folder.join(file))?;
        ensure!(
            text.contains(word) && text.contains("maintenance"),
            "{file}: {text}"
        );
    }
    Ok(())
}

fn scripts() -> Result<()> {
    if !is_installed("shellcheck") {
        return Err(NotInstalled("shellcheck").into());
    }
    for folder in ["hooks", "packages/deb"] {
        let mut judge = Command::new("shellcheck");
        for entry in fs::read_dir(share(folder))? {
            judge.arg(entry?.path());
        }
        let output = judge.output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    Ok(())
}
