//! The units, in the eyes of systemd.
//!
//! The gate is a number, because hardening is lost one line at a time and nobody misses a line. What a root of its own
//! shows is only that the programs that the units name are where the packages put them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::binary;
use heartbeat_tests::lab::requirements::is_installed;
use heartbeat_tests::suite::{NotInstalled, Test};

use super::share;

pub const TESTS: &[Test] = &[
    ("systemd finds no fault with the units", verified),
    ("the units expose no more than they must", exposure),
    (
        "an agent with a mistake in its files is not started again and again",
        no_loop,
    ),
];

/// Makes the folder that the agent's unit binds.
const PINS: &str = "heartbeat-ebpf-pins.service";
/// Units, the exposure in tenths that systemd may find at most, and what they start.
const UNITS: [(&str, &str, &str); 3] = [
    ("heartbeat-ebpf.service", "26", "/usr/sbin/heartbeat run"),
    (PINS, "18", "/usr/bin/install "),
    (
        "heartbeat-ebpf-hook@.service",
        "19",
        "/usr/sbin/heartbeat events ",
    ),
];

fn unit(name: &str) -> PathBuf {
    share("systemd").join(name)
}

fn systemd(arguments: &[&str], unit: &Path) -> Result<String> {
    if !is_installed("systemd-analyze") {
        return Err(NotInstalled("systemd-analyze").into());
    }
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .arg(unit)
        .output()
        .context("run systemd-analyze")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(output.status.success(), "{}: {said}", unit.display());
    Ok(said)
}

/// Copies of the units that start a program that there is.
fn verified() -> Result<()> {
    for (name, _, start) in UNITS {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("judged")
            .join(name);
        fs::create_dir_all(&folder)?;
        let program = folder.join("heartbeat");
        if !program.exists() {
            symlink("/bin/true", &program)?;
        }
        let text = fs::read_to_string(unit(name))?;
        ensure!(
            text.contains(&format!("\nExecStart={start}")),
            "{name} starts something else"
        );
        let there = program.display().to_string();
        // A unit is read with those that it names.
        fs::copy(unit(PINS), folder.join(PINS))?;
        let copy = folder.join(name);
        let text = text.replace("/usr/sbin/heartbeat", &there);
        fs::write(&copy, &text)?;
        let said = systemd(&["verify", "--man=no"], &copy)?;
        ensure!(said.trim().is_empty(), "{name}: {said}");
        // What would be said of a line that is not understood.
        fs::write(&copy, format!("{text}\n[Service]\nHardend=yes\n"))?;
        let said = systemd(&["verify", "--man=no"], &copy)?;
        ensure!(said.contains("Hardend"), "{name}: {said}");
    }
    Ok(())
}

fn exposure() -> Result<()> {
    for (name, threshold, _) in UNITS {
        let judge = |file: &Path| {
            let threshold = format!("--threshold={threshold}");
            systemd(&["security", "--offline=true", &threshold], file)
        };
        judge(&unit(name))?;
        let text = fs::read_to_string(unit(name))?;
        let softer = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&softer, text.replace("ProtectKernelModules=yes\n", ""))?;
        ensure!(
            judge(&softer).is_err(),
            "the gate of {name} lets a softer unit pass"
        );
    }
    Ok(())
}

/// The exit status of a mistake is the one that the unit does not start again for, and that of misfortune is not.
fn no_loop() -> Result<()> {
    let text = fs::read_to_string(unit("heartbeat-ebpf.service"))?;
    let lines: Vec<&str> = text.lines().collect();
    for line in [
        "Restart=on-failure",
        "RestartPreventExitStatus=2",
        "ExecStart=/usr/sbin/heartbeat run",
    ] {
        ensure!(lines.contains(&line), "the unit has no line {line}");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("elsewhere.toml");
    let run = |text: &str| -> Result<(Option<i32>, String)> {
        fs::write(&file, text)?;
        // Without a network, there is no address that could be taken for a node's.
        let output = Command::new("unshare")
            .arg("--net")
            .arg(binary::find()?)
            .args(["run", "--config"])
            .arg(&file)
            .output()?;
        Ok((
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    };
    let (mistake, said) = run("[cluster]\nname = 7\n")?;
    ensure!(mistake == Some(2), "{mistake:?}: {said}");
    let (misfortune, said) = run(ELSEWHERE)?;
    ensure!(
        misfortune == Some(1) && said.contains("which node this host is"),
        "{misfortune:?}: {said}"
    );
    Ok(())
}

/// No mistake in it, and yet no node of it is here: its addresses may come with the network.
const ELSEWHERE: &str = r#"
[cluster]
name = "elsewhere"
authentication = "off"
[networks.private]
id = 1
subnet = "203.0.113.0/24"
role = "internal"
[nodes.node-a]
id = 1
addresses = { private = "203.0.113.1" }
[nodes.node-b]
id = 2
addresses = { private = "203.0.113.2" }
"#;
