//! Asking a device's driver, by the one ioctl that is the same in every network namespace.
//!
//! The awkward case is an answer whose length the driver decides: the kernel writes as many words as the driver has
//! at that moment, whatever it said a moment before. So whoever asks such a question brings far more room than was
//! announced.

use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

const SIOCETHTOOL: libc::Ioctl = 0x8946;

/// Has the driver of the interface called `name` carry out the command in the first of `words`, which the kernel
/// replaces by the answer. Errors: EOPNOTSUPP where the driver has none.
pub(crate) fn ask(name: &str, words: &mut [u32]) -> nix::Result<()> {
    let socket = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let mut ifr_name = [0; libc::IFNAMSIZ];
    // One byte less: the name ends with a zero.
    let room = ifr_name.get_mut(..name.len().min(libc::IFNAMSIZ - 1));
    for (to, from) in room.into_iter().flatten().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    let mut request = libc::ifreq {
        ifr_name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_data: words.as_mut_ptr().cast(),
        },
    };
    // SAFETY: the kernel reads the name from `request`, and reads and writes the structure of the command to which
    // `ifru_data` points. The words live until the call returns, and callers bring at least as many as the command's
    // structure has, as their documentation says for each command.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    Errno::result(status).map(drop)
}

/// Bytes of words, as the kernel wrote them.
pub(crate) fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// The text in a field of fixed length.
pub(crate) fn text(field: &[u8]) -> String {
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).trim().to_owned()
}
