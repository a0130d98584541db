//! The little of rtnetlink that is needed: dumps, requests, attributes, and the news that something changed.
//!
//! The awkward case is a kernel newer than this program: a message may carry attributes of any kind and
//! length. Attributes are therefore only walked, and the few that matter read where they stand; one that
//! cannot be read is as good as absent, and none makes an interface vanish.

use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, connect, recv,
    send, socket,
};

/// Length of the header before every message's payload.
const HEADER: usize = 16;
/// Larger than any part of a dump: the kernel makes them of at most 32 KiB.
const BUFFER: usize = 64 * 1024;
/// How often a dump is begun anew that changes went into.
const TRIES: usize = 8;

/// The payloads of all messages that answer a dump of `kind`, whose request has this payload.
pub(crate) fn dump(kind: u16, request: &[u8]) -> Result<Vec<Vec<u8>>> {
    for _ in 1..TRIES {
        if let Dump::Whole(payloads) = dump_once(kind, request)? {
            return Ok(payloads);
        }
    }
    match dump_once(kind, request)? {
        // Something is wrong with a host that changes all the time; a recent look is better than none.
        Dump::Whole(payloads) | Dump::Interrupted(payloads) => Ok(payloads),
    }
}

enum Dump {
    Whole(Vec<Vec<u8>>),
    /// Something changed meanwhile, so that an entry may be missing.
    Interrupted(Vec<Vec<u8>>),
}

/// Has the kernel do what the payload of a message of this kind says, and returns its answer.
pub(crate) fn request(kind: u16, flags: u16, payload: &[u8]) -> Result<nix::Result<()>> {
    let flags = flags | (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let socket = ask(&message(kind, flags, payload))?;
    let mut buffer = vec![0; BUFFER];
    let answer = receive(&socket, &mut buffer)?;
    let mut errors = messages(answer).filter(|answer| i32::from(answer.kind) == libc::NLMSG_ERROR);
    let answer = errors.next().context("read a netlink answer: it is none")?;
    Ok(match u32_at(answer.payload, 0) {
        Some(0) => Ok(()),
        _ => Err(error(answer.payload)),
    })
}

/// The payload that answers a question about one thing.
pub(crate) fn get(kind: u16, payload: &[u8]) -> Result<nix::Result<Vec<u8>>> {
    let socket = ask(&message(kind, libc::NLM_F_REQUEST as u16, payload))?;
    let mut buffer = vec![0; BUFFER];
    let answer = receive(&socket, &mut buffer)?;
    let answer = messages(answer).next();
    let answer = answer.context("read a netlink answer: it is none")?;
    Ok(match i32::from(answer.kind) {
        libc::NLMSG_ERROR => Err(error(answer.payload)),
        _ => Ok(answer.payload.to_vec()),
    })
}

/// A socket on which the kernel answers this message.
fn ask(message: &[u8]) -> Result<OwnedFd> {
    let socket = open(SockFlag::SOCK_CLOEXEC, 0).context("open a netlink socket")?;
    // Answers of the kernel only.
    connect(socket.as_raw_fd(), &NetlinkAddr::new(0, 0)).context("connect a netlink socket")?;
    send(socket.as_raw_fd(), message, MsgFlags::empty()).context("ask over netlink")?;
    Ok(socket)
}

/// The next part of the kernel's answer.
fn receive<'a>(socket: &OwnedFd, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
    let length = loop {
        match recv(socket.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC) {
            Err(Errno::EINTR) => {}
            received => break received.context("read a netlink answer")?,
        }
    };
    ensure!(length > 0, "read a netlink answer: it ended early");
    buffer
        .get(..length)
        .context("read a netlink answer: it is too long")
}

fn dump_once(kind: u16, request: &[u8]) -> Result<Dump> {
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let socket = ask(&message(kind, flags, request))?;
    let mut payloads = Vec::new();
    let mut interrupted = false;
    let mut buffer = vec![0; BUFFER];
    loop {
        let part = receive(&socket, &mut buffer)?;
        for message in messages(part) {
            interrupted |= message.flags & INTERRUPTED != 0;
            match i32::from(message.kind) {
                libc::NLMSG_DONE if interrupted => return Ok(Dump::Interrupted(payloads)),
                libc::NLMSG_DONE => return Ok(Dump::Whole(payloads)),
                libc::NLMSG_ERROR => bail!("ask over netlink: {}", error(message.payload)),
                _ => payloads.push(message.payload.to_vec()),
            }
        }
    }
}

/// A non-blocking socket that hears of links and addresses.
pub(crate) fn subscribe() -> Result<OwnedFd> {
    let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    open(flags, groups as u32).context("open a netlink socket")
}

/// Reads until there is nothing more. A full queue (ENOBUFS) is news like any other.
pub(crate) fn drain(socket: &OwnedFd) -> Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(()),
            Err(error) => return Err(error).context("read a netlink socket"),
        }
    }
}

fn open(flags: SockFlag, groups: u32) -> nix::Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        flags,
        SockProtocol::NetlinkRoute,
    )?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

/// A message with its header.
fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + payload.len());
    message.extend(((HEADER + payload.len()) as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    // Sequence and sender: the socket is for this one question, and the kernel fills the sender.
    message.extend([0; 8]);
    message.extend(payload);
    message
}

struct Message<'a> {
    kind: u16,
    flags: u16,
    payload: &'a [u8],
}

/// Flag of a message that the kernel could not make from one consistent state.
const INTERRUPTED: u16 = 0x10;

/// The messages of one datagram; what is no whole message ends them.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
        let message = Message {
            kind: u16_at(bytes, 4)?,
            flags: u16_at(bytes, 6)?,
            payload: bytes.get(HEADER..length)?,
        };
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    })
}

fn error(payload: &[u8]) -> Errno {
    let code = u32_at(payload, 0).unwrap_or_default() as i32;
    Errno::from_raw(code.wrapping_neg())
}

/// The attributes in `bytes`, kind and value; what is no whole attribute ends them.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    // Two bits tell how a value is encoded, not what it means.
    const KIND: u16 = 0x3fff;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & KIND;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// An attribute of this kind, filled up to where the next may begin.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The number in the host's order at `offset`.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*bytes))
}

/// The number in the host's order at `offset`.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}
