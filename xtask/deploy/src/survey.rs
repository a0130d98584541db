//! What a host is and has, told by one script that changes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::files;
use crate::host::Host;
use crate::key::Mark;
use crate::shell;
use crate::ssh::Ssh;
use crate::wanted::{File, Wanted};

/// What starts services on a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manager {
    /// systemd.
    Systemd,
    /// Init scripts.
    Init,
}

/// What was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Survey {
    /// The kernel's release.
    pub kernel: String,
    /// The processor's architecture, as the kernel calls it.
    pub machine: String,
    /// What starts services.
    pub manager: Manager,
    /// The agent's process, while its service runs.
    pub pid: Option<u32>,
    /// Digests of the files that are there, by path.
    pub present: BTreeMap<String, String>,
    /// The host's keys, the one that signs first.
    pub keys: Vec<Mark>,
    /// What cannot be done without, and is missing.
    pub lacking: Vec<String>,
    /// Ports that somebody holds: udp (heartbeats), tcp (metrics).
    pub taken: Vec<String>,
    /// The Debian package that the installed agent belongs to.
    pub package: Option<String>,
    /// When the roll-out began that changed it last, in milliseconds since 1970.
    pub rollout: Option<u64>,
    /// What undoes that roll-out, once the files are back: stop, reload or restart.
    pub undo: Option<String>,
    /// Whether that roll-out was not seen to end well.
    pub pending: bool,
    /// How far its clock is ahead of ours, in seconds, and by how much that may be wrong.
    pub clock: (f64, f64),
}

/// What looking at a host may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Functions about services, which all scripts share.
pub const SERVICE: &str = include_str!("scripts/service.sh");
const SCRIPT: &str = include_str!("scripts/survey.sh");
/// The port of heartbeats.
const PORT: u16 = 3343;

impl Survey {
    /// Looks at a host.
    pub fn of(ssh: &Ssh, host: &Host, wanted: &Wanted) -> Result<Self> {
        let services = [Manager::Systemd, Manager::Init].map(files::service);
        let mut paths = vec![files::BINARY, heartbeat_user::config::DEFAULT_FILE];
        let key = wanted.key_path().unwrap_or_default();
        paths.extend(services.into_iter().flatten().map(|(_, path, _)| *path));
        paths.extend((!key.is_empty()).then_some(key.as_str()));
        let tcp = wanted.cluster.agent.metrics;
        let tcp = tcp.map_or(String::new(), |address| format!("{:04X}", address.port()));
        let given = [
            ("files", &*paths.join(" ")),
            ("key", &key),
            ("udp", &format!("{PORT:04X}")),
            ("tcp", &tcp),
        ];
        let script = shell::script(&given, &[SERVICE, SCRIPT]);
        let before = now();
        let said = ssh.run(host, &script, &[], LIMIT)?;
        Survey::parse(&said, (before, now()))
    }

    /// Understands what the script printed between two times, in seconds since 1970.
    fn parse(said: &str, (before, after): (f64, f64)) -> Result<Self> {
        let words = |name: &str| -> Vec<String> {
            let lines = said.lines().filter_map(|line| line.split_once(' '));
            let lines = lines.filter(|(word, _)| *word == name);
            lines.map(|(_, rest)| rest.to_owned()).collect()
        };
        let word = |name: &str| words(name).into_iter().next();
        let must = |name: &str| word(name).with_context(|| format!("it does not tell its {name}"));
        let pair = |line: String| -> Option<(String, String)> {
            let (first, second) = line.split_once(' ')?;
            Some((first.to_owned(), second.to_owned()))
        };
        let files = words("file").into_iter().filter_map(pair);
        let keys = words("key").into_iter().filter_map(pair);
        let clock: f64 = must("clock")?.parse().context("understand its clock")?;
        Ok(Survey {
            kernel: must("kernel")?,
            machine: must("machine")?,
            manager: match must("manager")?.as_str() {
                "systemd" => Manager::Systemd,
                "init" => Manager::Init,
                other => bail!("it starts services by {other}"),
            },
            pid: word("pid").and_then(|pid| pid.parse().ok()),
            present: files.map(|(digest, path)| (path, digest)).collect(),
            keys: keys
                .filter_map(|(id, digest)| {
                    Some(Mark {
                        id: id.parse().ok()?,
                        digest,
                    })
                })
                .collect(),
            lacking: words("lacking"),
            taken: words("taken"),
            package: word("package"),
            rollout: word("rollout").and_then(|rollout| rollout.parse().ok()),
            undo: word("undo"),
            pending: word("pending").is_some(),
            clock: (clock - f64::midpoint(before, after), (after - before) / 2.0),
        })
    }

    /// Whether the host has a file with these contents there.
    pub fn has(&self, file: &File) -> bool {
        self.present.get(&file.path) == Some(&file.digest)
    }
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A host that has everything but the agent.
    pub fn bare() -> Survey {
        Survey {
            kernel: "6.1.0-25-amd64".to_owned(),
            machine: "x86_64".to_owned(),
            manager: Manager::Systemd,
            pid: None,
            present: BTreeMap::new(),
            keys: Vec::new(),
            lacking: Vec::new(),
            taken: Vec::new(),
            package: None,
            rollout: None,
            undo: None,
            pending: false,
            clock: (0.01, 0.05),
        }
    }

    #[test]
    fn a_survey_is_read_word_by_word() {
        let said = "kernel 6.1.0-25-amd64\nmachine x86_64\nmanager init\npid 17\nfile abc /usr/sbin/heartbeat\n\
                    key 1 def\ntaken udp\nrollout 5\nundo stop\nclock 105.5\n";
        let survey = Survey::parse(said, (100.0, 101.0)).expect("whole");
        let expected = Survey {
            manager: Manager::Init,
            pid: Some(17),
            present: [("/usr/sbin/heartbeat".to_owned(), "abc".to_owned())].into(),
            keys: vec![Mark {
                id: 1,
                digest: "def".to_owned(),
            }],
            taken: vec!["udp".to_owned()],
            rollout: Some(5),
            undo: Some("stop".to_owned()),
            clock: (5.0, 0.5),
            ..bare()
        };
        assert_eq!(survey, expected);
    }

    #[test]
    fn a_host_that_says_less_is_not_guessed_at() {
        let error = Survey::parse("kernel 6.1\nmachine x86_64\n", (0.0, 0.0)).expect_err("less");
        assert!(format!("{error:#}").contains("clock"), "{error:#}");
    }
}
