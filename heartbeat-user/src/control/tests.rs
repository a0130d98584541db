use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream as Client;

use super::*;
use crate::journal;
use crate::message::inbox::{self, Inbox};
use crate::request::{Answer, Order, Sent, Told, Unsent};
use crate::snapshot::Snapshot;

mod inquiries;
mod messages;

const EVENTS: &[u8] = b"{\"command\":\"events\"}\n";
const STATUS: &[u8] = b"{\"command\":\"status\"}\n";

/// A served socket, a directory with two events, and a loop that answers.
struct Served {
    directory: tempfile::TempDir,
    synced: watch::Sender<u64>,
    control: Control,
    inbox: Inbox,
    answering: JoinHandle<Vec<String>>,
}

impl Served {
    fn start(answer: fn(Order) -> Answer) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(
            directory.path().join(journal::OLD_FILE),
            "{\"seq\":1,\"a\":0}\n",
        )
        .expect("writable");
        fs::write(
            directory.path().join(journal::FILE),
            "{\"seq\":2,\"a\":0}\n{\"seq\":3,\"a\":0}\n",
        )
        .expect("writable");
        let (synced, newest) = watch::channel(2);
        let (requests, receiver) = mpsc::channel(4);
        let events = Events {
            directory: directory.path().to_owned(),
            synced: newest,
        };
        let (inbox, outlet) = inbox::channel();
        let socket = directory.path().join("heartbeat.sock");
        let control = Control::start(&socket, events, outlet, requests).expect("free");
        let answering = thread::spawn(move || answer_all(receiver, answer));
        Served {
            directory,
            synced,
            control,
            inbox,
            answering,
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("heartbeat.sock")
    }

    fn connect(&self) -> Client {
        let client = Client::connect(self.socket()).expect("served");
        let limit = Some(Duration::from_secs(20));
        client.set_read_timeout(limit).expect("a limit");
        client
    }

    fn ask(&self, request: &[u8]) -> String {
        let mut client = self.connect();
        // Whoever finds no place is sent away before he has asked.
        let _ = client.write_all(request);
        rest(client)
    }

    /// Who ordered what.
    fn stop(self) -> Vec<String> {
        drop(self.synced);
        drop(self.inbox);
        self.control.stop();
        self.answering.join().expect("no panic")
    }
}

fn rest(mut client: Client) -> String {
    let mut answer = Vec::new();
    // Whoever is sent away before he has asked may find the connection reset behind the reason.
    let _ = client.read_to_end(&mut answer);
    String::from_utf8(answer).expect("text")
}

fn answer_all(mut requests: mpsc::Receiver<Request>, answer: fn(Order) -> Answer) -> Vec<String> {
    let mut orders = Vec::new();
    while let Some(request) = requests.blocking_recv() {
        match request {
            Request::Snapshot(reply) => drop(reply.send(Snapshot::default())),
            Request::Order(order, asker, reply) => {
                orders.push(format!("{asker}: {order:?}"));
                let _ = reply.send(answer(order));
            }
            Request::Send(to, body, reply) => {
                orders.push(format!("to {to}: {} bytes", body.len()));
                let _ = reply.send(sent(&to));
            }
            Request::Inquire(peer, reply) => drop(reply.send(said(&peer))),
            Request::Settings(_) => panic!("a client looks at no interfaces"),
            Request::Loaded(..) => panic!("a client reads no configuration"),
            Request::Found(_) => panic!("a client asks no witness"),
        }
    }
    orders
}

fn said(peer: &str) -> Told {
    match peer {
        "node-b" => Ok(
            br#"{"node":"node-b","ports":{"1":{"mtu":9000}},"news":"of a later release"}"#.to_vec(),
        ),
        "node-c" => Ok(b"words".to_vec()),
        _ => Err("no answer within 2 s".to_owned()),
    }
}

fn sent(to: &str) -> Sent {
    match to {
        "node-b" => Ok("node-b has it".to_owned()),
        "node-c" => Err(Unsent::Undelivered("node-c says nothing".to_owned())),
        _ => Err(Unsent::Wrong("no node is called so".to_owned())),
    }
}

fn refuse(_: Order) -> Answer {
    Err("not today: try tomorrow".to_owned())
}

#[test]
fn events_come_oldest_first_across_the_rotation_and_as_far_as_the_disk() {
    let served = Served::start(refuse);
    let answer = served.ask(EVENTS);
    assert_eq!(
        answer,
        "{\"seq\":1,\"a\":0}\n{\"seq\":2,\"a\":0}\n{\"done\":2}\n"
    );
    let answer = served.ask(b"{\"command\":\"events\",\"after_seq\":2}\n");
    assert_eq!(answer, "{\"done\":0}\n");
    let answer = served.ask(b"{\"command\":\"events\",\"after_seq\":7}\n");
    assert!(answer.contains("the newest of this node is 2"), "{answer}");
}

#[test]
fn a_follower_gets_events_when_they_are_on_the_disk_and_the_end() {
    let served = Served::start(refuse);
    let mut client = served.connect();
    client
        .write_all(b"{\"command\":\"events\",\"follow\":true,\"after_seq\":1}\n")
        .expect("read");
    let mut greeting = [0; 16];
    client.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(greeting, *b"{\"following\":1}\n");
    let mut line = [0; 16];
    client.read_exact(&mut line).expect("an event");
    assert_eq!(line, *b"{\"seq\":2,\"a\":0}\n");
    client
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a limit");
    assert!(
        client.read(&mut line).is_err(),
        "an event that is not synced"
    );
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a limit");
    served.synced.send_replace(3);
    client.read_exact(&mut line).expect("an event");
    assert_eq!(line, *b"{\"seq\":3,\"a\":0}\n");
    served.stop();
    assert_eq!(rest(client), "");
}

#[test]
fn orders_are_carried_out_or_refused_and_carry_who_gave_them() {
    let served = Served::start(|order| match order {
        Order::Reload => Ok(vec!["one".to_owned(), "two".to_owned()]),
        Order::Leave | Order::Maintenance(_) => refuse(order),
    });
    let answer = served.ask(b"{\"command\":\"reload\"}\n");
    assert_eq!(
        answer,
        "{\"line\":\"one\"}\n{\"line\":\"two\"}\n{\"done\":2}\n"
    );
    let answer = served.ask(b"{\"command\":\"leave\"}\n");
    assert_eq!(answer, "{\"error\":\"not today: try tomorrow\"}\n");
    let answer = served.ask(b"{\"command\":\"maintenance\",\"on\":true}\n");
    assert!(answer.contains("--for 2h"), "{answer}");
    let orders = served.stop();
    let process = std::process::id();
    let uid = nix::unistd::Uid::effective();
    let who = match user_name(uid.as_raw()) {
        Some(name) => format!("{name} (uid {uid}, process {process})"),
        None => format!("uid {uid} (process {process})"),
    };
    assert_eq!(orders, [format!("{who}: Reload"), format!("{who}: Leave")]);
}

#[test]
fn what_is_not_understood_is_refused_with_a_reason() {
    let served = Served::start(refuse);
    for request in [
        b"{\"command\":\"dance\"}\n".as_slice(),
        b"\n",
        b"{}\n",
        b"\xff\xfe\n",
        &[b'['; 4000],
    ] {
        let mut client = served.connect();
        client.write_all(request).expect("read");
        client.shutdown(std::net::Shutdown::Write).expect("open");
        let answer = rest(client);
        assert!(answer.contains("does not understand"), "{answer}");
    }
}

#[test]
fn a_line_without_end_is_cut_off() {
    let served = Served::start(refuse);
    // As long as the longest message of root, as whom the tests run, or of the agent's own user.
    let answer = served.ask(&vec![b'x'; 128 * 1024]);
    assert!(answer.contains("does not end"), "{answer}");
}

#[test]
fn whoever_does_not_finish_the_request_is_told_so_in_time() {
    let served = Served::start(refuse);
    let begin = Instant::now();
    let answer = served.ask(b"{\"command\":");
    assert!(answer.contains("none came within 10 s"), "{answer}");
    assert!(
        Duration::from_secs(9) < begin.elapsed(),
        "it was not awaited"
    );
}

#[test]
fn hundreds_of_silent_clients_keep_nobody_from_being_served() {
    let served = Served::start(refuse);
    let mut silent: Vec<Client> = (0..400).map(|_| served.connect()).collect();
    let begin = Instant::now();
    let answer = served.ask(STATUS);
    assert!(answer.contains("\"paths\""), "{answer}");
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    let first = rest(silent.swap_remove(0));
    assert!(
        first.contains("busy"),
        "the oldest was not sent away: {first}"
    );
}

#[test]
fn clients_that_do_not_read_keep_nobody_from_being_served() {
    let served = Served::start(refuse);
    let old = served.directory.path().join(journal::OLD_FILE);
    let line = format!("{{\"seq\":1,\"x\":\"{}\"}}\n", "x".repeat(900_000));
    fs::write(old, line).expect("writable");
    let stuck: Vec<Client> = (0..PLACES)
        .map(|_| {
            let mut client = served.connect();
            client.write_all(EVENTS).expect("read");
            client
        })
        .collect();
    let begin = Instant::now();
    let answer = loop {
        let answer = served.ask(STATUS);
        if !answer.contains("busy") {
            break answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{answer}");
        thread::sleep(Duration::from_millis(100));
    };
    assert!(answer.contains("\"paths\""), "{answer}");
    drop(stuck);
}

#[test]
fn a_socket_that_is_served_is_not_taken_over() {
    let served = Served::start(refuse);
    let error = bind(&served.socket(), None)
        .expect_err("served")
        .to_string();
    assert!(error.contains("another agent answers"), "{error}");
}
