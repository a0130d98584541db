//! A panic on a terminal of its own: the test starts itself again, as the program that panics.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;

use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};

use super::*;

const CHILD: &str = "HEARTBEAT_TEST_PANICS";
const NAME: &str =
    "commands::status::watch::screen::tests::a_panic_gives_the_terminal_back_and_can_be_read";

#[test]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    if std::env::var_os(CHILD).is_some() {
        let _screen = Screen::open(Colours::Wanted).expect("a terminal");
        // In another thread, which the screen's owner does not notice.
        let _ = thread::spawn(|| panic!("the sky has fallen")).join();
        unreachable!("a panic ends the program");
    }
    let terminal = openpty(None, None).expect("a terminal");
    let before = tcgetattr(&terminal.slave).expect("its attributes");
    assert!(before.local_flags.contains(LocalFlags::ECHO));
    let stdio = || Stdio::from(terminal.slave.try_clone().expect("a descriptor"));
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, "1")
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .expect("the program that panics");
    let mut master = File::from(terminal.master.try_clone().expect("a descriptor"));
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        while !text.windows(MARK.len()).any(|part| part == MARK) {
            match master.read(&mut chunk) {
                Ok(length) if 0 < length => text.extend_from_slice(&chunk[..length]),
                Ok(_) | Err(_) => break,
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let status = child.wait().expect("its end");
    let text = reader.join().expect("what it printed");
    assert_eq!(status.code(), Some(PANICKED), "{text}");
    let (entered, left) = (text.find("\x1b[?1049h"), text.find("\x1b[?1049l"));
    let said = text.find("the sky has fallen");
    assert!(
        entered.is_some() && entered < left && left < said,
        "{text:?}"
    );
    let after = tcgetattr(&terminal.slave).expect("its attributes");
    assert_eq!(before, after);
}

/// The last that is of interest.
const MARK: &[u8] = b"the sky has fallen";
