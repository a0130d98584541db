//! Giving up privileges, thread by thread.

use std::fs::{self, Permissions};
use std::net::UdpSocket;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, ensure};
use aya::programs::XdpMode;
use caps::Capability;
use heartbeat_tests::program::tables::HostTables;
use heartbeat_tests::program::{INTERFACE, Program};
use heartbeat_tests::suite::Test;
use heartbeat_user::key::KeyRing;
use heartbeat_user::privilege;
use nix::sched::{CloneFlags, unshare};

use crate::rights::{KEPT, NOBODY, Rights, START, become_nobody, bits, thread_id};

pub const TESTS: &[Test] = &[
    (
        "root keeps CAP_BPF and CAP_NET_ADMIN in every set, and every thread made later has no more",
        root,
    ),
    (
        "a user with the five capabilities of the start keeps these two",
        nobody,
    ),
    (
        "a user keeps no capability that it did not have",
        nobody_with_one,
    ),
    (
        "a thread made before keeps what it had, until it sheds that itself",
        made_before,
    ),
    (
        "what an agent does later works with what is left",
        what_is_left_is_enough,
    ),
];

/// On a thread that ends with this, and takes what it gave up along.
fn apart<T: Send>(deed: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = scope.spawn(deed);
        thread.join().expect("nobody panics on that thread")
    })
}

fn root() -> Result<()> {
    apart(|| {
        let before = Rights::mine()?;
        ensure!(before.effective & !bits(&KEPT) != 0, "nothing to give up");
        ensure!(!before.no_new_privileges, "nothing to forbid");
        privilege::drop_for_good()?;
        let kept = bits(&KEPT);
        let expected = Rights {
            inheritable: 0,
            permitted: kept,
            effective: kept,
            bounding: kept,
            ambient: 0,
            no_new_privileges: true,
        };
        all_have(expected)
    })
}

fn nobody() -> Result<()> {
    apart(|| {
        become_nobody(&START)?;
        let before = Rights::mine()?;
        let start = bits(&START);
        ensure!(
            before.ambient == start && before.effective == start,
            "{before:?}"
        );
        privilege::drop_for_good()?;
        let kept = bits(&KEPT);
        all_have(Rights {
            inheritable: 0,
            permitted: kept,
            effective: kept,
            // To narrow it takes CAP_SETPCAP.
            bounding: before.bounding,
            ambient: 0,
            no_new_privileges: true,
        })
    })
}

fn nobody_with_one() -> Result<()> {
    apart(|| {
        become_nobody(&[Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW])?;
        privilege::drop_for_good()?;
        let rights = Rights::mine()?;
        let expected = bits(&[Capability::CAP_NET_ADMIN]);
        ensure!(
            rights.permitted == expected && rights.effective == expected,
            "{rights:?}"
        );
        Ok(())
    })
}

/// The calling thread, a thread it makes, and a blocking thread of an event loop it runs.
fn all_have(expected: Rights) -> Result<()> {
    let made = apart(Rights::mine)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (blocking, id) = runtime
        .block_on(async { tokio::task::spawn_blocking(|| (Rights::mine(), thread_id())).await })?;
    ensure!(id != thread_id(), "the blocking thread is the same");
    for rights in [Rights::mine()?, made, blocking?] {
        ensure!(rights == expected, "{rights:x?} is not {expected:x?}");
    }
    Ok(())
}

fn made_before() -> Result<()> {
    apart(|| {
        let (go, wait) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                let _ = tell.send(thread_id());
                // Until the other side has looked, or failed.
                let _ = wait.recv();
                privilege::shed("the test's thread");
                let _ = tell.send(thread_id());
                let _ = wait.recv();
            });
            let look = || -> Result<()> {
                let other = told.recv()?;
                privilege::drop_for_good()?;
                let before = Rights::of(other)?;
                ensure!(before.effective & !bits(&KEPT) != 0, "{before:x?}");
                go.send(())?;
                let after = Rights::of(told.recv()?)?;
                let sets = [after.inheritable, after.permitted, after.effective];
                ensure!(sets == [0; 3] && after.bounding == 0, "{after:x?}");
                ensure!(after.no_new_privileges, "{after:x?}");
                Ok(())
            };
            let looked = look();
            drop(go);
            looked
        })
    })
}

fn what_is_left_is_enough() -> Result<()> {
    let own = KeyFile::of(NOBODY)?;
    let roots = KeyFile::of(0)?;
    apart(|| {
        unshare(CloneFlags::CLONE_NEWNET).context("make a network namespace")?;
        become_nobody(&START)?;
        let mut before = Program::load()?;
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        privilege::drop_for_good()?;

        before
            .seed(&HostTables::authenticated())
            .context("write maps that were made before")?;
        attach(&mut before).context("attach to an interface that came later")?;
        let after = Program::load().context("make maps and load a program again")?;
        drop((before, after));
        KeyRing::load(&own.0).context("read the key file again")?;
        ensure!(KeyRing::load(&roots.0).is_err(), "root's file was read");
        heartbeat_priority(&socket, 7).context("CAP_NET_ADMIN allows what it does")?;

        // Newer kernels let anybody attach what is loaded; loading is what nobody may.
        privilege::drop_all()?;
        ensure!(Program::load().is_err(), "loading takes no capability here");
        ensure!(heartbeat_priority(&socket, 7).is_err(), "nothing was shown");
        Ok(())
    })
}

fn attach(program: &mut Program) -> Result<()> {
    let xdp = program.xdp_mut();
    xdp.attach_to_if_index(INTERFACE, XdpMode::Skb)?;
    Ok(())
}

/// Above 6 it takes CAP_NET_ADMIN.
fn heartbeat_priority(socket: &UdpSocket, priority: i32) -> nix::Result<()> {
    nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::Priority, &priority)
}

/// A cluster key that only this user may read; it goes with the value.
struct KeyFile(std::path::PathBuf);

impl KeyFile {
    fn of(user: u32) -> Result<Self> {
        let name = format!("heartbeat-key-{}-{user}", std::process::id());
        let file = KeyFile(std::env::temp_dir().join(name));
        fs::write(&file.0, format!("1:{}\n", "5a".repeat(32)))?;
        fs::set_permissions(&file.0, Permissions::from_mode(0o600))?;
        chown(&file.0, Some(user), Some(user))?;
        Ok(file)
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        // What is gone already is no problem.
        let _ = fs::remove_file(&self.0);
    }
}
