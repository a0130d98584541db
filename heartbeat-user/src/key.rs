//! The cluster key: one or two lines of a file, and the subkeys made from them.
//!
//! A key is never used itself. Each use has a subkey of its own (HKDF-SHA256, RFC 5869, without salt), so
//! that a frame of one kind can never be passed off as another, and a leak of one subkey tells nothing about
//! the rest. The awkward case is replacing a key without losing a heartbeat: nodes cannot change at the
//! same instant, so that two keys are valid at once; the first signs, both verify.
//!
//! No message, debug output or error ever carries key material, nor any part of a line that could be some:
//! a line with its colon forgotten is all key.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::map::Keys;
use heartbeat_ebpf::tag::Subkey;
use hkdf::Hkdf;
use sha2::Sha256;

use crate::config::Mistakes;
use crate::random;

pub use replace::Change;

mod credential;
mod file;
mod replace;

/// The subkeys of one cluster key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// What frames call it, 1 ..= 255.
    pub id: u8,
    /// Signs heartbeats, and messages' headers for the XDP program.
    pub heartbeat: Subkey,
    /// Signs echoes.
    pub echo: Subkey,
    /// Signs messages, their headers included.
    pub message: MessageKey,
}

/// A subkey for HMAC-SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MessageKey([u8; 32]);

impl MessageKey {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKey(..)")
    }
}

/// The keys of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyRing {
    /// Signs, and verifies.
    pub signing: Key,
    /// Verifies too, while keys are being replaced; its id is another.
    pub other: Option<Key>,
}

/// Bytes of a new key.
const KEY_BYTES: usize = 32;
/// Bytes of a file: two keys and many comments.
const FILE_BYTES_MAX: u64 = 64 * 1024;

impl KeyRing {
    /// Reads a file, or the copy that a service manager made of one that this user may not read. An error says which
    /// line and what is allowed; also one for a file that others may read, or that the copy is older than.
    pub fn load(path: &Path) -> Result<KeyRing> {
        let closed =
            File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
        match credential::of(path).filter(|_| closed) {
            Some(copy) => {
                credential::check_age(&copy, path)?;
                KeyRing::read(&copy)
            }
            None => KeyRing::read(path),
        }
    }

    fn read(path: &Path) -> Result<KeyRing> {
        let name = path.display();
        let mut text = String::new();
        let open = File::open(path).with_context(|| {
            format!("read the cluster key {name} (`heartbeat key generate` makes one, all nodes need the same)")
        })?;
        check_access(
            path,
            &open.metadata().with_context(|| format!("look at {name}"))?,
        )?;
        open.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .with_context(|| format!("read the cluster key {name}"))?;
        ensure!(
            text.len() as u64 <= FILE_BYTES_MAX,
            "read the cluster key {name}: it is larger than {} KiB; allowed are one or two lines \"id:hex\"",
            FILE_BYTES_MAX / 1024
        );
        Ok(KeyRing::parse(&text, &name.to_string())?)
    }

    /// The keys in a file's text; `file` is what the mistakes call it.
    pub fn parse(text: &str, file: &str) -> Result<KeyRing, Mistakes> {
        file::parse(text, file)
    }

    /// The key that frames call by this id.
    pub fn by_id(&self, id: u8) -> Option<&Key> {
        self.all().find(|key| key.id == id)
    }

    /// As the XDP program's map takes them while it is empty; id 0 where there is no second key. See
    /// [`KeyRing::placed`] for one that is in use.
    pub fn maps(&self) -> [Keys; 2] {
        self.placed([0, 0])
    }
}

impl Key {
    /// The subkeys of a key of 16 to 64 bytes.
    fn derive(id: u8, bytes: &[u8]) -> Self {
        let key = Hkdf::<Sha256>::new(None, bytes);
        Key {
            id,
            heartbeat: Subkey::from_bytes(&expand(&key, "heartbeat-ebpf v1 heartbeat")),
            echo: Subkey::from_bytes(&expand(&key, "heartbeat-ebpf v1 echo")),
            message: MessageKey(expand(&key, "heartbeat-ebpf v1 message")),
        }
    }

    fn map(&self) -> Keys {
        Keys {
            id: self.id,
            heartbeat: self.heartbeat,
            echo: self.echo,
        }
    }
}

/// The subkey with this name.
fn expand<const N: usize>(key: &Hkdf<Sha256>, name: &str) -> [u8; N] {
    let mut subkey = [0; N];
    key.expand(name.as_bytes(), &mut subkey)
        .expect("a subkey is far shorter than what HKDF can give");
    subkey
}

/// A new line for a key file: `id:` and 32 random bytes in hexadecimal.
pub fn generate(id: u8) -> Result<String> {
    ensure!(id != 0, "make a key with id 0: allowed is 1 to 255");
    let bytes = random::bytes::<KEY_BYTES>().context("ask the kernel for random bytes")?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{id}:{hex}"))
}

fn check_access(path: &Path, metadata: &Metadata) -> Result<()> {
    let name = path.display();
    ensure!(
        metadata.is_file(),
        "read the cluster key {name}: it is not a regular file"
    );
    let mode = metadata.permissions().mode() & 0o7777;
    ensure!(
        mode & 0o007 == 0,
        "read the cluster key {name}: its mode {mode:04o} gives others access; `chmod 0600 {name}` mends it, \
         and a key that others may have read is to be replaced"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
