//! What a full disk and a torn line do to an agent: nothing that its events do not survive.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::agent::log_tail;
use heartbeat_tests::lab::wait;
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::ground::{
    A, B, Beside, LIMIT, check_whole, configure, count, make_events, plan, seqs, state, told,
};

pub const TESTS: &[Test] = &[
    (
        "a full disk does not stop an agent, and loses no event once there is room",
        full_disk,
    ),
    ("an agent starts on a full disk", start_on_a_full_disk),
    (
        "a torn last line is cut off, and the numbers go on without a hole",
        torn_line,
    ),
];

/// A small disk at node-a's state directory, for as long as this lives.
struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    fn mount(place: PathBuf) -> Result<Self> {
        mount(
            Some("tmpfs"),
            &place,
            Some("tmpfs"),
            MsFlags::empty(),
            Some("size=256k"),
        )
        .context("mount a tmpfs")?;
        Ok(SmallDisk { place })
    }

    /// Leaves no byte of room.
    fn fill(&self) -> Result<()> {
        let mut filler = File::create(self.filler())?;
        while filler.write_all(&[0; 512]).is_ok() {}
        let full = fs::write(self.place.join("probe"), [0; 8192]).is_err();
        fs::remove_file(self.place.join("probe"))?;
        ensure!(full, "the disk is not full");
        Ok(())
    }

    fn free(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = umount2(&self.place, MntFlags::MNT_DETACH) {
            eprintln!("{} could not be unmounted: {error}", self.place.display());
        }
    }
}

fn full_disk() -> Result<()> {
    in_lab(plan(), |lab| {
        configure(lab, "events_kept = \"128KiB\"")?;
        let disk = SmallDisk::mount(state(lab)?)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let before = told(lab)?;
        let follower = Beside::start(lab, "follower", &["events", "--follow", "--json"])?;
        disk.fill()?;
        for _ in 0..5 {
            make_events(lab)?;
        }
        lab.check_agents()?;
        let log = fs::read_to_string(lab.files().log(A))?;
        ensure!(
            log.matches("events are kept in memory only").count() == 1,
            "the log does not tell of the full disk once: {}",
            log_tail(&lab.files().log(A))
        );
        let meanwhile = told(lab)?;
        ensure!(meanwhile.starts_with(&before), "older events are lost");
        let lost = count(lab, "1123")?;
        ensure!(
            10.0 <= lost,
            "only {lost} losses were told while the disk was full"
        );
        disk.free()?;
        // No further event is needed for that.
        let expected = before.len() as u64 + 4 * 5;
        wait::until("the events to be on the disk", LIMIT, || {
            Ok((told(lab)?.last() >= Some(&expected)).then_some(()))
        })?;
        let after = told(lab)?;
        check_whole(&after)?;
        follower.wait_for_seq(*after.last().context("events")?)?;
        ensure!(
            seqs(&follower.output()?)? == after,
            "the follower saw others"
        );
        make_events(lab)?;
        check_whole(&told(lab)?)
    })
}

fn start_on_a_full_disk() -> Result<()> {
    in_lab(plan(), |lab| {
        configure(lab, "")?;
        let disk = SmallDisk::mount(state(lab)?)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        lab.stop_agent(A)?;
        disk.fill()?;
        lab.start_agent(A)?;
        lab.wait_all_up()?;
        disk.free()?;
        make_events(lab)?;
        check_whole(&told(lab)?)
    })
}

fn torn_line() -> Result<()> {
    in_running_lab(plan(), |lab| {
        make_events(lab)?;
        let before = told(lab)?;
        lab.kill_agent(A)?;
        let file = state(lab)?.join("events.jsonl");
        append(
            &file,
            b"{\"seq\":7,\"time\":\"2026-11-22T13:00:05.123456Z\",\"id\":11",
        )?;
        lab.start_agent(A)?;
        let now = told(lab)?;
        ensure!(now.starts_with(&before), "older events are lost: {now:?}");
        lab.kill_agent(A)?;
        // What a file system may make of a page that never reached the disk.
        append(&file, &[0; 700])?;
        lab.start_agent(A)?;
        lab.wait_all_up()?;
        make_events(lab)?;
        let after = told(lab)?;
        ensure!(
            after.starts_with(&now) && now.len() < after.len(),
            "{after:?}"
        );
        check_whole(&after)?;
        let text = fs::read_to_string(&file)?;
        ensure!(
            !text.contains('\0') && !text.contains("\"id\":11\n"),
            "the torn lines are still there"
        );
        ensure!(lab.events(B).mark()? > 0, "node-b saw nothing of it");
        Ok(())
    })
}

fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(OpenOptions::new()
        .append(true)
        .open(path)?
        .write_all(bytes)?)
}
