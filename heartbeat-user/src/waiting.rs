//! How long the threads that must not wait have waited for a CPU.
//!
//! An agent that was stopped and one that was not scheduled are late alike, and the cure is another. The kernel tells
//! them apart: it counts for each thread how long it was ready and did not run, and a stopped thread is not ready. The
//! awkward case is a kernel that does not count; then nothing is known, and nothing is said. Another is a sender that
//! loses its CPU again before it can say how late it was: its wait is counted by then, and must not pass for an old one.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use heartbeat_core::starvation::Part;
use heartbeat_ebpf::time::Timestamp;
use nix::unistd::Pid;

/// What is counted is looked at this often, and what was counted two looks ago is forgotten, so that the ordinary waits of hours are not taken for those of a moment.
const PACE: Duration = Duration::from_secs(1);

/// The waits of loop and sender.
#[derive(Debug)]
pub struct Waiting {
    threads: [Counted; 2],
    looked: Option<Timestamp>,
}

/// One thread's count.
#[derive(Debug)]
struct Counted {
    file: Option<File>,
    /// At the last look, ns.
    last: u64,
    /// At the look before that, or when it was last taken.
    before: u64,
}

impl Waiting {
    /// Of these threads of this process.
    pub fn new(main: Pid, sender: Pid) -> Self {
        Waiting {
            threads: [main, sender].map(Counted::open),
            looked: None,
        }
    }

    /// Keeps the counts fresh; to be called every turn.
    pub fn refresh(&mut self, now: Timestamp) {
        if self.looked.is_none_or(|at| PACE <= now.since(at)) {
            self.looked = Some(now);
            for thread in &mut self.threads {
                thread.look();
            }
        }
    }

    /// How long a part waited since the look before the last, which is less than two seconds and a turn ago, as far as
    /// it was not taken; at most `late`.
    pub fn take(&mut self, part: Part, late: Duration) -> Duration {
        let thread = match part {
            Part::Loop => &mut self.threads[0],
            Part::Sender => &mut self.threads[1],
        };
        thread.take().min(late)
    }
}

impl Counted {
    fn open(thread: Pid) -> Self {
        let file = File::open(format!("/proc/self/task/{thread}/schedstat")).ok();
        let mut counted = Counted {
            file,
            last: 0,
            before: 0,
        };
        counted.take();
        counted
    }

    fn look(&mut self) {
        if let Some(count) = self.file.as_ref().and_then(read) {
            self.before = self.last;
            self.last = count;
        }
    }

    fn take(&mut self) -> Duration {
        let before = self.before;
        self.look();
        self.before = self.last;
        Duration::from_nanos(self.last.saturating_sub(before))
    }
}

fn read(file: &File) -> Option<u64> {
    let mut bytes = [0; 96];
    let count = file.read_at(&mut bytes, 0).ok()?;
    parse(std::str::from_utf8(&bytes[..count]).ok()?)
}

/// The second of the three numbers of a schedstat file: ns that the thread was ready and did not run.
fn parse(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use nix::unistd::gettid;

    use super::*;

    #[test]
    fn the_second_number_is_the_wait() {
        assert_eq!(parse("8123456 4711 99\n"), Some(4711));
        assert_eq!((parse(""), parse("1 x 2")), (None, None));
    }

    #[test]
    fn no_more_is_taken_than_the_lateness_and_each_wait_once() {
        let mut waiting = Waiting::new(gettid(), gettid());
        let file = waiting.threads[0].file.as_ref();
        if file.and_then(read).is_none() {
            return;
        }
        waiting.threads[0].before = 0;
        let late = Duration::from_nanos(1);
        assert!(waiting.take(Part::Loop, late) <= late);
        assert!(waiting.threads[0].last <= file_count(&waiting));
    }

    #[test]
    fn a_wait_outlives_one_look_and_not_two() {
        let mut counted = Counted::open(gettid());
        let last = counted.last;
        if last == 0 {
            return;
        }
        (counted.last, counted.before) = (0, 0);
        counted.look();
        assert!(Duration::from_nanos(last) <= counted.take());
        (counted.last, counted.before) = (0, 0);
        counted.look();
        counted.look();
        assert!(counted.take() < Duration::from_nanos(last));
    }

    fn file_count(waiting: &Waiting) -> u64 {
        let file = waiting.threads[0].file.as_ref().expect("it was there");
        read(file).expect("it was readable")
    }
}
