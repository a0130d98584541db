//! The same heartbeats received in three ways: stamped by XDP, by a thread in recvfrom, by a tokio task.
//!
//! Two namespaces with a switch between them; one sends, the other receives. The sender leaves time between two
//! heartbeats, as real ones come, so that a receiver is woken for each. What a receiver's thread costs is its own
//! time on a processor; what XDP costs is what the kernel measured in the program. The way of the frame up to the
//! driver is the same for all three and in none of the figures; the stack between driver and socket is not in the
//! sockets' either, so the comparison of costs favours them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aya::programs::XdpMode;
use aya::sys::{Stats, enable_stats};
use heartbeat_ebpf::wire::{Header, Kind, LENGTH, PORT, Words};
use nix::net::if_::if_nametoindex;
use nix::time::{ClockId, clock_gettime};

use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use crate::lab::clock::monotonic_ns;
use crate::lab::namespace::Namespace;
use crate::lab::plan::{Network, Node, Plan};
use crate::lab::{Lab, interrupt, wait};
use crate::program::Program;
use crate::program::path::{INCARNATION, Path, seal};
use crate::program::tables::{HostTables, NODE, PEER};

/// Measurements of each way.
const TURNS: usize = 9;
/// Heartbeats in one measurement.
const HEARTBEATS: u64 = 1_000;
/// Between two heartbeats.
const PAUSE: Duration = Duration::from_micros(100);
/// How long the last heartbeat may take.
const LIMIT: Duration = Duration::from_secs(5);

const SENDER: Node = Node(0);
const RECEIVER: Node = Node(1);
const NETWORK: Network = Network(0);

/// What one way of receiving showed.
#[derive(Default)]
struct Way {
    /// Processor time for one heartbeat.
    cost: Series,
    /// From sending to the stamp.
    delay: Series,
}

/// One measurement: time for all heartbeats, and each one's delay.
type Measured = Result<(Duration, Vec<u64>)>;

/// Measures and prints.
pub fn run(report: &mut Report) -> Result<()> {
    let lab = Lab::build(Plan::nodes(2).network("private", "Private Network"))?;
    let link = Link::new(&lab)?;
    let _stats = enable_stats(Stats::RunTime).context("have the kernel time its programs")?;
    let (mut xdp, mut plain, mut tokio) = (Way::default(), Way::default(), Way::default());
    for _ in 0..TURNS {
        interrupt::check()?;
        add(&mut xdp, link.by_xdp())?;
        add(&mut plain, link.by_socket(plain_receiver))?;
        add(&mut tokio, link.by_socket(tokio_receiver))?;
    }
    for table in tables([&xdp, &plain, &tokio]) {
        report.add(table);
    }
    Ok(())
}

fn add(way: &mut Way, measured: Measured) -> Result<()> {
    let (time, delays) = measured?;
    let each = time.as_nanos() / u128::from(HEARTBEATS);
    way.cost
        .push_ns(u64::try_from(each).context("a processor time")?);
    delays
        .into_iter()
        .for_each(|delay| way.delay.push_ns(delay));
    Ok(())
}

fn tables([xdp, plain, tokio]: [&Way; 3]) -> [Table; 2] {
    let rows = |of: fn(&Way) -> &Series| {
        vec![
            Row::against("XDP program", of(xdp).clone(), of(xdp)),
            Row::against("recvfrom in a thread", of(plain).clone(), of(xdp)),
            Row::against("tokio socket", of(tokio).clone(), of(xdp)),
        ]
    };
    [
        Table {
            name: "receive_cost",
            title: format!("Processor time for one heartbeat: {TURNS} turns of {HEARTBEATS}"),
            unit: Unit::Nanoseconds,
            rows: rows(|way| &way.cost),
            remark: "The ratio is to XDP. Sockets: the receiving thread alone, without the stack below it."
                .to_owned(),
        },
        Table {
            name: "receive_delay",
            title: "From sending to the receiver's stamp".to_owned(),
            unit: Unit::Microseconds,
            rows: rows(|way| &way.delay),
            remark: "Both ends on this machine, with a bridge between them.".to_owned(),
        },
    ]
}

/// One namespace that sends to another.
struct Link<'a> {
    path: Path,
    sender: UdpSocket,
    inside: &'a Arc<Namespace>,
    interface: &'static str,
}

impl<'a> Link<'a> {
    fn new(lab: &'a Lab) -> Result<Self> {
        let address = |node| -> Result<IpAddr> {
            let text = lab.plan().address(node, NETWORK);
            text.parse().context("a lab's addresses are addresses")
        };
        let path = Path {
            slot: 0,
            here: address(RECEIVER)?,
            there: address(SENDER)?,
            group: Ipv4Addr::new(239, 255, 1, 1).into(),
            ..Path::plain()
        };
        let from = SocketAddr::new(path.there, PORT);
        let to = SocketAddr::new(path.here, PORT);
        let sender = lab.node(SENDER).enter(|| {
            let socket = UdpSocket::bind(from).context("bind the sender's socket")?;
            socket.connect(to).context("connect the sender's socket")?;
            Ok(socket)
        })?;
        Ok(Link {
            path,
            sender,
            inside: lab.node(RECEIVER),
            interface: lab.plan().interface(NETWORK),
        })
    }

    /// Sends the heartbeat with this number, stamped now. A refusal that an earlier one met on the other
    /// side is no error of this one.
    fn send(&self, sequence: u64) -> Result<()> {
        let header = Header {
            sequence,
            sent: monotonic_ns(),
            ..self.path.header(Kind::Heartbeat)
        };
        match self.sender.send(&seal(&header)) {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionRefused => {
                Err(error).context("send a heartbeat")
            }
            _ => Ok(()),
        }
    }

    /// Has heartbeats stamped by the program on the receiver's interface.
    fn by_xdp(&self) -> Measured {
        self.inside.enter(|| {
            let mut program = Program::load()?;
            let mut tables = HostTables::of(&[], NODE, PEER);
            let interface = if_nametoindex(self.interface).context("find the interface")?;
            let own = HostTables::of(std::slice::from_ref(&self.path), NODE, PEER);
            tables.locals = own.locals;
            tables.add(&self.path, interface, self.path.vlan(), PEER);
            program.seed(&tables)?;
            program.confirm(&self.path, INCARNATION);
            let attached = program.xdp_mut().attach(self.interface, XdpMode::Driver);
            attached.with_context(|| format!("attach XDP to {}", self.interface))?;
            self.stamped(&program)
        })
    }

    fn stamped(&self, program: &Program) -> Measured {
        let slot = &program.slots[self.path.slot];
        let arrived = |sequence| {
            wait::until("a heartbeat's stamp", LIMIT, || {
                Ok((slot.sequence.get() == sequence).then_some(()))
            })
        };
        self.send(1)?;
        arrived(1)?;
        let before = program.xdp().info().context("ask about the program")?;
        let mut delays = Vec::new();
        for sequence in 2..HEARTBEATS + 2 {
            self.send(sequence)?;
            thread::sleep(PAUSE);
            arrived(sequence)?;
            delays.push(slot.last_arrival.get().saturating_sub(slot.sent.get()));
        }
        ensure!(
            slot.arrivals.get() == HEARTBEATS + 1,
            "not every heartbeat was recorded"
        );
        let after = program.xdp().info().context("ask about the program")?;
        let runs = after.run_count() - before.run_count();
        ensure!(HEARTBEATS <= runs, "the kernel counted {runs} runs only");
        let time = after.run_time() - before.run_time();
        let share = u32::try_from(runs).context("few runs")?;
        let each = time / share;
        Ok((each * u32::try_from(HEARTBEATS).expect("few"), delays))
    }

    /// Has heartbeats received by a thread.
    fn by_socket(&self, receive: fn(UdpSocket) -> Measured) -> Measured {
        let here = SocketAddr::new(self.path.here, PORT);
        let socket = self
            .inside
            .enter(|| UdpSocket::bind(here).context("bind the receiver's socket"))?;
        thread::scope(|scope| {
            let receiver = scope.spawn(move || receive(socket));
            for sequence in 1..=HEARTBEATS {
                self.send(sequence)?;
                thread::sleep(PAUSE);
            }
            receiver.join().expect("a receiver does not panic")
        })
    }
}

fn plain_receiver(socket: UdpSocket) -> Measured {
    socket
        .set_read_timeout(Some(LIMIT))
        .context("bound the time to wait")?;
    let start = thread_time()?;
    let mut delays = Vec::new();
    let mut payload = [0; LENGTH];
    while (delays.len() as u64) < HEARTBEATS {
        let (length, _) = socket
            .recv_from(&mut payload)
            .context("receive a heartbeat")?;
        ensure!(length == LENGTH, "a heartbeat of {length} bytes");
        delays.push(delay(&payload));
    }
    Ok((thread_time()? - start, delays))
}

fn tokio_receiver(socket: UdpSocket) -> Measured {
    socket
        .set_nonblocking(true)
        .context("make the socket non-blocking")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start a runtime")?;
    let start = thread_time()?;
    let delays = runtime.block_on(async {
        let socket = tokio::net::UdpSocket::from_std(socket).context("hand tokio a socket")?;
        let all = received(&socket);
        tokio::time::timeout(4 * LIMIT, all)
            .await
            .context("receive all heartbeats in time")?
    })?;
    Ok((thread_time()? - start, delays))
}

async fn received(socket: &tokio::net::UdpSocket) -> Result<Vec<u64>> {
    let mut delays = Vec::new();
    let mut payload = [0; LENGTH];
    while (delays.len() as u64) < HEARTBEATS {
        let received = socket.recv_from(&mut payload).await;
        let (length, _) = received.context("receive a heartbeat")?;
        ensure!(length == LENGTH, "a heartbeat of {length} bytes");
        delays.push(delay(&payload));
    }
    Ok(delays)
}

/// From the moment in the heartbeat until now, nanoseconds.
fn delay(payload: &[u8; LENGTH]) -> u64 {
    let sent = Words::from_bytes(payload).sent();
    monotonic_ns().saturating_sub(sent)
}

/// Time that this thread has spent on a processor.
fn thread_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    Ok(time.context("read the thread's clock")?.into())
}
