//! What every host shall have.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use heartbeat_user::config::{self, Authentication, Cluster};

use crate::arguments::Arguments;
use crate::files::{self, Kind};
use crate::key::{KeyFile, digest};
use crate::survey::Manager;

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// What it is for.
    pub kind: Kind,
    /// Where it goes.
    pub path: String,
    /// What it holds.
    pub bytes: Arc<[u8]>,
    /// Their SHA-256, hexadecimal.
    pub digest: String,
}

/// Which files a roll-out changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Whichever differ.
    All,
    /// The key alone.
    Key,
}

impl Scope {
    /// Whether files of this kind may change.
    pub fn covers(self, kind: Kind) -> bool {
        match self {
            Scope::All => true,
            Scope::Key => kind == Kind::Key,
        }
    }
}

/// The cluster as it shall be.
pub struct Wanted {
    /// The configuration, understood.
    pub cluster: Cluster,
    /// The operator's key; absent: heartbeats carry no tag.
    pub key: Option<KeyFile>,
    /// Whether that key was made just now and is nowhere yet.
    pub key_is_new: bool,
    /// Which of the files may change.
    pub scope: Scope,
    config: File,
    binary: File,
}

/// Bytes of the agent; one with all its symbols has a tenth.
const BINARY_BYTES_MAX: u64 = 512 * 1024 * 1024;

impl Wanted {
    /// Reads all files of the operator. A key that is missing is made, and not yet written.
    pub fn read(arguments: &Arguments) -> Result<Self> {
        let text = config::read(&arguments.config)?;
        let cluster = Cluster::parse(&text, &arguments.config.display().to_string())?;
        let (mut key, mut key_is_new) = (None, false);
        if let Authentication::Key { .. } = cluster.authentication {
            let path = arguments.key_file();
            let present = KeyFile::read(&path)?;
            key_is_new = present.is_none();
            key = Some(present.map_or_else(|| KeyFile::create(&path), Ok)?);
        }
        let name = arguments.binary.display();
        let size = fs::metadata(&arguments.binary)
            .with_context(|| format!("look at {name}"))?
            .len();
        ensure!(
            size <= BINARY_BYTES_MAX,
            "{name} is no agent: it has {size} bytes"
        );
        let binary = fs::read(&arguments.binary).with_context(|| format!("read {name}"))?;
        Ok(Wanted {
            cluster,
            key,
            key_is_new,
            scope: Scope::All,
            config: file(Kind::Config, config::DEFAULT_FILE, text.into_bytes().into()),
            binary: file(Kind::Binary, files::BINARY, binary.into()),
        })
    }

    /// The files of a host with this service manager.
    pub fn files(&self, manager: Manager) -> Vec<File> {
        let mut files = vec![self.binary.clone()];
        let service = files::service(manager).iter();
        files.extend(service.map(|(kind, path, bytes)| file(*kind, path, (*bytes).into())));
        files.push(self.config.clone());
        let key = self.key.as_ref().zip(self.key_path());
        files.extend(key.map(|(key, path)| file(Kind::Key, &path, key.text().into_bytes().into())));
        files
    }

    /// Where hosts have the key, where there is one.
    pub fn key_path(&self) -> Option<String> {
        match &self.cluster.authentication {
            Authentication::Key { file } => Some(file.display().to_string()),
            Authentication::Off => None,
        }
    }

    /// Where every agent answers its operators.
    pub fn socket(&self) -> String {
        self.cluster.agent.socket.display().to_string()
    }
}

fn file(kind: Kind, path: &str, bytes: Arc<[u8]>) -> File {
    File {
        kind,
        path: path.to_owned(),
        digest: digest(&bytes),
        bytes,
    }
}
