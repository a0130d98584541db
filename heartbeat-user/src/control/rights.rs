//! Who may ask what.
//!
//! The socket's mode keeps strangers out, but a mode is changed by one careless command, and it cannot tell
//! who may look from who may order. So the kernel is asked who is at the other end (SO_PEERCRED and
//! SO_PEERGROUPS, as they were when it connected), and nothing that the client says about itself counts.
//! Names come from /etc/passwd alone: a directory service may answer late, or never.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, AsRawFd as _};

use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::{Group, Uid};

use crate::request::Asker;

/// Members may ask for status and events.
pub const GROUP: &str = "heartbeat-ebpf";
/// Bytes of a list of users.
const PASSWD_MAX: u64 = 1 << 20;

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    /// Look: status and events.
    Member,
    /// Order as well.
    Operator,
}

/// How this host tells who is who.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    /// The user that the agent runs as.
    owner: u32,
    /// The number of [`GROUP`], where this host has one.
    group: Option<u32>,
}

impl Rights {
    /// For an agent of this process's user and the group as this host knows it.
    pub fn of_this_host() -> Self {
        let group = Group::from_name(GROUP).ok().flatten();
        Rights {
            owner: Uid::effective().as_raw(),
            group: group.map(|group| group.gid.as_raw()),
        }
    }

    /// The group whose members may connect.
    pub fn group(&self) -> Option<u32> {
        self.group
    }

    /// What the asker may do; `None`: nothing.
    pub fn rank(&self, asker: &Asker, groups: &[u32]) -> Option<Rank> {
        let member = |group: u32| asker.gid == group || groups.contains(&group);
        if asker.uid == 0 || asker.uid == self.owner {
            Some(Rank::Operator)
        } else {
            self.group.is_some_and(member).then_some(Rank::Member)
        }
    }

    /// The sentence for somebody who may do nothing.
    pub fn refuse(&self, asker: &Asker) -> String {
        let user = asker.name.clone().unwrap_or_else(|| asker.uid.to_string());
        let remedy = match self.group {
            Some(_) => format!(
                "use sudo, or have an administrator run `usermod -aG {GROUP} {user}` and log in again"
            ),
            None => format!(
                "use sudo; this host has no group {GROUP}, `groupadd --system {GROUP}` makes it, and the agent takes it up when it is restarted"
            ),
        };
        format!(
            "you are {asker}, and only {} and members of the group {GROUP} may talk to this agent: {remedy}",
            self.operators()
        )
    }

    /// The sentence for somebody who may look but not order.
    pub fn refuse_order(&self, asker: &Asker, what: &str) -> String {
        format!(
            "you are {asker}, and `{what}` is for {}: use sudo",
            self.operators()
        )
    }

    fn operators(&self) -> String {
        match self.owner {
            0 => "root".to_owned(),
            owner => match user_name(owner) {
                Some(name) => format!("root, {name} (uid {owner}, as whom the agent runs)"),
                None => format!("root, uid {owner} (as whom the agent runs)"),
            },
        }
    }
}

/// Who is at the other end, and the further groups it is in.
pub fn peer(client: &impl AsFd) -> io::Result<(Asker, Vec<u32>)> {
    let credentials = getsockopt(client, sockopt::PeerCredentials)?;
    let asker = Asker {
        uid: credentials.uid(),
        gid: credentials.gid(),
        pid: credentials.pid(),
        name: None,
    };
    Ok((asker, groups(client)?))
}

fn groups(client: &impl AsFd) -> io::Result<Vec<u32>> {
    let mut groups = vec![0_u32; 64];
    loop {
        let mut bytes = size_of_val(groups.as_slice()) as libc::socklen_t;
        // SAFETY: the kernel writes at most `bytes` bytes to the buffer, which has that many, and the length
        // to `bytes`; both outlive the call.
        let done = unsafe {
            libc::getsockopt(
                client.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut bytes,
            )
        };
        let needed = bytes as usize / size_of::<u32>();
        if done == 0 {
            groups.truncate(needed);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) || needed <= groups.len() {
            return Err(error);
        }
        groups.resize(needed, 0);
    }
}

/// The name of a user of this host's own list.
pub fn user_name(uid: u32) -> Option<String> {
    let mut list = String::new();
    File::open("/etc/passwd")
        .ok()?
        .take(PASSWD_MAX)
        .read_to_string(&mut list)
        .ok()?;
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn asker(uid: u32, gid: u32) -> Asker {
        Asker {
            uid,
            gid,
            pid: 7,
            name: None,
        }
    }

    #[test]
    fn root_and_the_owner_order_members_look_and_others_do_neither() {
        let rights = Rights {
            owner: 110,
            group: Some(120),
        };
        assert_eq!(rights.rank(&asker(0, 0), &[]), Some(Rank::Operator));
        assert_eq!(rights.rank(&asker(110, 5), &[]), Some(Rank::Operator));
        assert_eq!(rights.rank(&asker(1000, 120), &[]), Some(Rank::Member));
        assert_eq!(rights.rank(&asker(1000, 5), &[4, 120]), Some(Rank::Member));
        assert_eq!(rights.rank(&asker(1000, 5), &[4]), None);
        let without = Rights {
            group: None,
            ..rights
        };
        assert_eq!(without.rank(&asker(1000, 0), &[0]), None);
    }

    #[test]
    fn a_refusal_says_who_you_are_who_may_and_what_to_do() {
        let rights = Rights {
            owner: 0,
            group: Some(120),
        };
        let mut stranger = asker(1000, 5);
        stranger.name = Some("eve".to_owned());
        assert_eq!(
            rights.refuse(&stranger),
            "you are eve (uid 1000, process 7), and only root and members of the group heartbeat-ebpf may talk to this agent: use sudo, or have an administrator run `usermod -aG heartbeat-ebpf eve` and log in again"
        );
        assert_eq!(
            rights.refuse_order(&stranger, "leave"),
            "you are eve (uid 1000, process 7), and `leave` is for root: use sudo"
        );
    }

    #[test]
    fn the_kernel_says_who_is_at_the_other_end() {
        let (one, _other) = UnixStream::pair().expect("a pair");
        let (asker, _) = peer(&one).expect("known");
        assert_eq!(asker.uid, Uid::effective().as_raw());
        assert_eq!(asker.pid, std::process::id() as i32);
        assert_eq!(user_name(0).as_deref(), Some("root"));
    }
}
