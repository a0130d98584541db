//! The operator's copy of the cluster's key, from which all hosts get theirs.
//!
//! The awkward case is a key that changes at once: a node that signs with a key that its peers have not got is lost
//! to all of them, and nobody sees why. So a host's keys are compared with the wanted ones, by digests, before
//! anything changes: whoever runs must know the key that will sign, and sign with one that stays known.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use heartbeat_user::key::{KeyRing, generate};
use sha2::{Digest as _, Sha256};

/// A line of a key file, without the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// What frames call the key.
    pub id: u8,
    /// SHA-256 of the line, hexadecimal.
    pub digest: String,
}

/// What the operator's file holds.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Its place.
    pub path: PathBuf,
    /// One or two lines `id:hex`; the first signs.
    lines: Vec<String>,
}

impl KeyFile {
    /// Reads the file, if there is one.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            there => there.with_context(|| format!("look at {}", path.display()))?,
        };
        // Refuses what the agent would refuse.
        KeyRing::load(path)?;
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Some(KeyFile {
            path: path.to_owned(),
            lines: lines.map(str::to_owned).collect(),
        }))
    }

    /// A new key, which is nowhere yet.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(KeyFile {
            path: path.to_owned(),
            lines: vec![generate(1)?],
        })
    }

    /// Writes it for the operator alone, at once or not at all.
    pub fn write(&self) -> Result<()> {
        let name = self.path.display();
        let new = self.path.with_extension("key.new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove {}", new.display()));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        let file = options.create_new(true).write(true).mode(0o600).open(&new);
        let mut file = file.with_context(|| format!("create {}", new.display()))?;
        file.write_all(self.text().as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(|| format!("write {}", new.display()))?;
        fs::rename(&new, &self.path).with_context(|| format!("put the new key into {name}"))
    }

    /// As hosts get it.
    pub fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    /// What its lines are called, the one that signs first.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |line: &String| Mark {
            id: id(line),
            digest: digest(line.as_bytes()),
        };
        self.lines.iter().map(mark).collect()
    }

    /// The next of the three steps that replace a key, from whichever of them the file is at.
    pub fn next_step(&self) -> Result<KeyFile> {
        let lines = match &self.lines[..] {
            [old] => {
                let new = generate(successor(id(old)))?;
                vec![old.clone(), new]
            }
            [old, new] if id(new) == successor(id(old)) => vec![new.clone(), old.clone()],
            [new, old] if id(new) == successor(id(old)) => vec![new.clone()],
            _ => bail!(
                "replace the keys in {}: their ids are not one after the other, so that it can't be told which \
                 of them is new; leave one line there",
                self.path.display()
            ),
        };
        let path = self.path.clone();
        Ok(KeyFile { path, lines })
    }

    /// Refuses to give these keys to a host that runs with `present`, where that would part it from its peers.
    pub fn refuse_abrupt(&self, present: &[Mark]) -> Result<()> {
        let wanted = self.marks();
        let ids = |marks: &[Mark]| {
            let ids: Vec<String> = marks.iter().map(|mark| mark.id.to_string()).collect();
            ids.join(", ")
        };
        let known = |one: Option<&Mark>, among: &[Mark]| one.is_none_or(|one| among.contains(one));
        ensure!(
            present.is_empty() || known(wanted.first(), present) && known(present.first(), &wanted),
            "it runs with the key {}, and {} has {}: nodes would not know each other's heartbeats while the keys \
             change; put the cluster's key there, and replace it with --rotate-key",
            ids(present),
            self.path.display(),
            ids(&wanted)
        );
        Ok(())
    }
}

/// SHA-256, hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn id(line: &str) -> u8 {
    let (id, _) = line.split_once(':').unwrap_or((line, ""));
    id.parse().expect("the agent's own rules have passed it")
}

/// The id after this one, 1 ..= 255.
fn successor(id: u8) -> u8 {
    id % 255 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(ids: &[u8]) -> KeyFile {
        KeyFile {
            path: PathBuf::from("cluster.key"),
            lines: ids
                .iter()
                .map(|id| format!("{id}:{}", format!("{id:02x}").repeat(32)))
                .collect(),
        }
    }

    fn ids(file: &KeyFile) -> Vec<u8> {
        file.marks().iter().map(|mark| mark.id).collect()
    }

    #[test]
    fn a_key_is_replaced_in_three_steps_from_wherever_one_stopped() {
        for old in [1, 254, 255] {
            let new = successor(old);
            let added = file(&[old]).next_step().expect("random");
            assert_eq!(ids(&added), [old, new]);
            let signs = added.next_step().expect("in order");
            assert_eq!(ids(&signs), [new, old]);
            let alone = signs.next_step().expect("in order");
            assert_eq!(ids(&alone), [new]);
        }
        assert!(file(&[3, 7]).next_step().is_err());
    }

    #[test]
    fn each_step_is_one_that_running_agents_can_take_and_no_two_at_once_are() {
        let steps = [file(&[1]), file(&[1, 2]), file(&[2, 1]), file(&[2])];
        for (from, before) in steps.iter().enumerate() {
            for (to, after) in steps.iter().enumerate() {
                let allowed = after.refuse_abrupt(&before.marks()).is_ok();
                assert_eq!(allowed, from.abs_diff(to) <= 1, "from step {from} to {to}");
            }
        }
        assert!(file(&[1]).refuse_abrupt(&[]).is_ok());
    }

    #[test]
    fn the_same_id_with_another_key_is_another_key() {
        let other = KeyFile {
            lines: vec![format!("1:{}", "0".repeat(64))],
            ..file(&[])
        };
        assert!(file(&[1]).refuse_abrupt(&other.marks()).is_err());
    }
}
