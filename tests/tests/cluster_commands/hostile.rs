//! Clients that mean no good, or do not know what they do.
//!
//! While they are at it, an operator asks for the status, and heartbeats go on: both are measured, and so is
//! that the hostile ones were really there and were sent away.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::{Lab, interrupt, wait};
use heartbeat_tests::suite::{Test, in_lab};
use nix::libc;

use crate::ground::{A, B, INTERVAL, LIMIT, PRIVATE, configure, plan, run, text, write_history};
use crate::people::{as_member, start_agent_with_group};

pub const TESTS: &[Test] = &[
    (
        "a thousand silent connections of root keep no operator waiting",
        || hostile(connect_silent, sent_away),
    ),
    (
        "a thousand silent connections of a member keep no operator and no member waiting",
        silent_members,
    ),
    ("clients that never read keep no operator waiting", || {
        hostile(connect_without_reading, cut_off)
    }),
    ("lines without end keep no operator waiting", || {
        hostile(connect_without_end, sent_away)
    }),
    (
        "a thousand questions at once are answered, and the loop has time for heartbeats",
        || hostile(connect_asking, sent_away),
    ),
];

const CONNECTIONS: usize = 1000;
/// An answer that an operator does not have to wait for.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Events that do not fit into a socket's buffer.
const HISTORY: u64 = 4000;

/// Makes clients, which stay for as long as what is returned.
type Attack = fn(&Path) -> Result<Vec<UnixStream>>;
/// Errors unless they were hostile, and the agent put an end to it.
type Witness = fn(&mut [UnixStream]) -> Result<()>;

fn hostile(attack: Attack, witness: Witness) -> Result<()> {
    in_lab(plan(), |lab| {
        raise_descriptor_limit()?;
        configure(lab, "")?;
        write_history(lab, HISTORY, 400)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        undisturbed(lab, |lab| {
            let mut clients = attack(&lab.files().socket(A))?;
            answered_at_once(lab)?;
            witness(&mut clients)?;
            answered_at_once(lab)
        })
    })
}

fn silent_members() -> Result<()> {
    in_lab(plan(), |lab| {
        raise_descriptor_limit()?;
        configure(lab, "")?;
        let _agent = start_agent_with_group(lab, A)?;
        let socket = lab.files().socket(A);
        let mut clients = as_member(|| connect_silent(&socket))?;
        let status = |who: &str| -> Result<()> {
            let begin = Instant::now();
            let mut client = match who {
                "root" => UnixStream::connect(&socket)?,
                _ => as_member(|| Ok(UnixStream::connect(&socket)?))?,
            };
            client.set_read_timeout(Some(LIMIT))?;
            client.write_all(b"{\"command\":\"status\"}\n")?;
            let mut answer = String::new();
            client.read_to_string(&mut answer)?;
            ensure!(answer.contains("\"paths\""), "{who} got {answer:?}");
            ensure!(
                begin.elapsed() < 5 * AT_ONCE,
                "{who} waited {:?}",
                begin.elapsed()
            );
            Ok(())
        };
        status("root")?;
        status("member")?;
        sent_away(&mut clients)?;
        // Nobody of root's was sent away for them.
        let mut idle = UnixStream::connect(&socket)?;
        idle.set_read_timeout(Some(Duration::from_millis(100)))?;
        drop(as_member(|| connect_silent(&socket))?);
        let told = idle.read(&mut [0; 100]);
        ensure!(told.is_err(), "root's connection was ended: {told:?}");
        Ok(())
    })
}

/// Does something, and makes sure that nobody missed a heartbeat of anybody meanwhile.
fn undisturbed(lab: &mut Lab, work: impl FnOnce(&Lab) -> Result<()>) -> Result<()> {
    let mut feed = Feed::from_now(lab)?;
    let (begin, before) = (Instant::now(), arrivals(lab)?);
    work(lab)?;
    interrupt::sleep(5 * INTERVAL)?;
    let due = begin.elapsed().as_secs_f64() / INTERVAL.as_secs_f64();
    let came = arrivals(lab)? - before;
    ensure!(
        0.8 * due < came,
        "node-b heard only {came} of {due:.0} heartbeats of node-a"
    );
    feed.nothing_but(&[], Duration::ZERO)?;
    lab.check_agents()
}

/// Heartbeats of node-a that node-b has heard.
fn arrivals(lab: &Lab) -> Result<f64> {
    let labels = [("peer", "node-a"), ("network", lab.plan().label(PRIVATE))];
    lab.metrics(B)?.value("heartbeat_arrivals_total", &labels)
}

/// An operator gets his status, at once as far as this machine lets any program run at once.
fn answered_at_once(lab: &Lab) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let begin = Instant::now();
        let output = run(lab, &["status", "--brief"])?;
        times.push(begin.elapsed());
        ensure!(
            text(&output.stdout) == "node-a: all 2 paths up\n",
            "{} {}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
    times.sort_unstable();
    ensure!(
        times[0] < AT_ONCE && times[4] < 5 * AT_ONCE,
        "the answers took {times:?}"
    );
    Ok(())
}

/// The first of them is told something and left, within the patience that an agent has.
fn sent_away(clients: &mut [UnixStream]) -> Result<()> {
    let first = clients.first_mut().context("there are clients")?;
    first.set_nonblocking(true)?;
    let mut told = Vec::new();
    wait::until("the agent to leave a hostile client", LIMIT, || {
        let mut chunk = [0; 65_536];
        match first.read(&mut chunk) {
            Ok(0) => return Ok(Some(())),
            Ok(length) => told.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Ok(Some(()));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(None)
    })?;
    ensure!(!told.is_empty(), "it was told nothing");
    Ok(())
}

/// Some had begun to get the events and were left, when an operator needed the place.
fn cut_off(clients: &mut [UnixStream]) -> Result<()> {
    let mut begun = 0;
    for client in clients {
        client.set_read_timeout(Some(LIMIT))?;
        let mut told = Vec::new();
        let ended = client.read_to_end(&mut told);
        let whole = told.ends_with(b"}\n") && text(&told).contains("{\"done\":");
        if told.starts_with(b"{\"seq\":1,") && !whole {
            ended.or_else(|error| match error.kind() {
                ErrorKind::ConnectionReset => Ok(0),
                _ => Err(error),
            })?;
            begun += 1;
        }
    }
    ensure!(0 < begun, "every client got its whole answer, or nothing");
    Ok(())
}

fn connect_silent(socket: &Path) -> Result<Vec<UnixStream>> {
    let connect = |_| UnixStream::connect(socket).context("connect");
    (0..CONNECTIONS).map(connect).collect()
}

/// All that the agent may have for one rank ask for everything, and read nothing. They are left alone until
/// they have had their time.
fn connect_without_reading(socket: &Path) -> Result<Vec<UnixStream>> {
    let clients = connect_and_say(socket, 64, b"{\"command\":\"events\"}\n")?;
    interrupt::sleep(Duration::from_millis(1500))?;
    Ok(clients)
}

fn connect_without_end(socket: &Path) -> Result<Vec<UnixStream>> {
    connect_and_say(socket, CONNECTIONS, &[b'x'; 8192])
}

fn connect_asking(socket: &Path) -> Result<Vec<UnixStream>> {
    connect_and_say(socket, CONNECTIONS, b"{\"command\":\"status\"}\n")
}

fn connect_and_say(socket: &Path, count: usize, words: &[u8]) -> Result<Vec<UnixStream>> {
    let client = |_| {
        let mut client = UnixStream::connect(socket).context("connect")?;
        // An agent that has heard enough hangs up.
        let _ = client.write_all(words);
        Ok(client)
    };
    (0..count).map(client).collect()
}

/// Lets this process hold all those connections.
fn raise_descriptor_limit() -> Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls get a valid record that outlives them.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max.min(65_536);
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) == 0
        }
    };
    ensure!(raised, "{}", std::io::Error::last_os_error());
    Ok(())
}
