//! The only source of random numbers: the kernel's.

use std::io;

/// Random bytes, good enough for keys; at most 256 of them, which the kernel gives at once (getrandom(2)).
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    const { assert!(N <= 256) };
    let mut bytes = [0; N];
    // SAFETY: the kernel writes at most the given number of bytes.
    let read = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    match usize::try_from(read) {
        Ok(read) if read == N => Ok(bytes),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}
