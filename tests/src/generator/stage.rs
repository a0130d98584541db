//! Where one real agent meets many played peers: two namespaces and a cable a network.
//!
//! The agent's side has its real shape: an interface a network, its own program on each, an address of every peer.
//! The peers' side has none of their addresses on an interface, but a route that makes a quarter of each subnet
//! local. The awkward case is the kernel's neighbour table: it holds 1 024 neighbours of the whole machine unless
//! an administrator allows more (`net.ipv4.neigh.default.gc_thresh3`), so that thousands of peers would push each
//! other out. Permanent entries do not count, so the stage has those.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::map::NETWORKS_MAX;
use heartbeat_user::config::Cluster;
use heartbeat_user::group::{self, Family};
use heartbeat_user::key;
use nix::net::if_::if_nametoindex;

use super::configuration::{self, Places, Sending, Timing};
use super::shape::{self, OBSERVER, PeerPath, Shape};
use super::voice::Voice;
use super::{Conduct, Generator};
use crate::lab::agent::{Agent, log_tail};
use crate::lab::configuration::Files;
use crate::lab::event::EventLog;
use crate::lab::metrics::{Metrics, http_get};
use crate::lab::namespace::Namespace;
use crate::lab::plan::Node;
use crate::lab::premises::Premises;
use crate::lab::{batch, binary, leftovers, switch_pass, wait};

/// The real agent's node.
const NODE: Node = Node(0);
/// How long the agent may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// The two namespaces, and the agent in one of them.
#[derive(Debug)]
pub struct Stage {
    shape: Shape,
    timing: Timing,
    sending: Sending,
    files: Files,
    here: Namespace,
    there: Namespace,
    agent: Option<Agent>,
    /// Last, so that it is dropped after all that lives on it.
    premises: Premises,
}

/// Lets the kernel be a member of a group on each network: it allows 20 otherwise.
fn allow_groups() -> Result<()> {
    let path = "/proc/sys/net/ipv4/igmp_max_memberships";
    let limit = NETWORKS_MAX.to_string();
    fs::write(path, &limit).with_context(|| format!("write {limit} to {path}"))
}

impl Stage {
    /// Builds the networks and writes the configuration; no agent runs yet.
    pub fn build(shape: Shape, timing: Timing, sending: Sending) -> Result<Self> {
        // A courtesy: another process may be sweeping the same remains at this moment.
        let _ = leftovers::sweep(leftovers::Sweep::Orphans);
        switch_pass::mount_bpf_fs()?;
        let premises = Premises::take()?;
        let names = [OBSERVER, "peers"].map(|part| premises.name.namespace(part));
        batch::ip_outside(&format!("netns add {}\nnetns add {}\n", names[0], names[1]))?;
        let mut stage = Stage {
            shape,
            timing,
            sending,
            files: Files::of(premises.name),
            here: Namespace::open(&names[0])?,
            there: Namespace::open(&names[1])?,
            agent: None,
            premises,
        };
        stage.wire().context("wire the stage")?;
        stage.write_key()?;
        stage.configure(timing)?;
        Ok(stage)
    }

    /// How many peers on how many networks.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How its paths are judged.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// The namespace of the agent.
    pub fn here(&self) -> &Namespace {
        &self.here
    }

    /// The agent's control socket.
    pub fn socket(&self) -> PathBuf {
        self.files.socket(NODE)
    }

    /// What the agent says by itself; the peers that are played have no view.
    pub fn events(&self) -> EventLog {
        EventLog::at(self.files.events(NODE))
    }

    /// What the agent exports now.
    pub fn metrics(&self) -> Result<Metrics> {
        Metrics::get(&self.here, ANSWER_LIMIT)
    }

    /// What `heartbeat status --json` prints.
    pub fn status(&self) -> Result<serde_json::Value> {
        let mut command = self.heartbeat()?;
        command
            .args(["status", "--json", "--socket"])
            .arg(self.socket());
        let output = command.output().context("run heartbeat status")?;
        serde_json::from_slice(&output.stdout).context("understand the status")
    }

    /// The body behind this path of the agent's web side.
    pub fn page(&self, path: &str) -> Result<String> {
        http_get(&self.here, path, ANSWER_LIMIT)
    }

    /// Starts the agent and returns how long it took until its loop answered.
    pub fn start_agent(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        let binary = binary::find()?;
        let mut agent = Agent::start(&binary, &self.here, &self.files, NODE)?;
        wait::until("the first answer of the agent", START_LIMIT, || {
            agent.check_running()?;
            Ok(self.page("/healthz").ok())
        })?;
        self.agent = Some(agent);
        Ok(begin.elapsed())
    }

    /// The running agent's process id.
    pub fn agent_pid(&self) -> Result<i32> {
        let agent = self.agent.as_ref().context("the agent runs")?;
        Ok(agent.pid().as_raw())
    }

    /// An error with the end of its log if the agent has ended.
    pub fn check_agent(&mut self) -> Result<()> {
        self.agent.as_mut().map_or(Ok(()), Agent::check_running)
    }

    /// The configuration of the real agent.
    pub fn configuration(&self) -> PathBuf {
        self.files.configuration(NODE)
    }

    /// Puts the peers on the stage, for at most `span`.
    pub fn generate(&self, conduct: Conduct, span: Duration) -> Result<Generator> {
        let cluster = Cluster::load(&self.configuration())?;
        let voice = Voice::of(self.shape, &cluster)?;
        Generator::start(&self.there, voice, conduct, span)
    }

    /// A command of the agent's binary in its namespace, arguments still to come.
    pub fn heartbeat(&self) -> Result<std::process::Command> {
        self.here.command(binary::find()?)
    }

    /// The end of the agent's log, for an error that it may explain.
    pub fn log_tail(&self) -> String {
        log_tail(&self.files.log(NODE))
    }

    fn wire(&self) -> Result<()> {
        let (mut here, mut there) = ("link set lo up\n".to_owned(), "link set lo up\n".to_owned());
        for network in 0..self.shape.networks {
            self.write_cable(network, &mut here, &mut there)
                .context("write text")?;
        }
        batch::ip(&self.there, &there)?;
        batch::ip(&self.here, &here)?;
        match self.sending {
            Sending::ToEach => Ok(()),
            Sending::ToGroup => {
                self.here.enter(allow_groups)?;
                self.there.enter(|| {
                    allow_groups()?;
                    self.join_groups()
                })
            }
        }
    }

    /// Makes the peers' kernel a member of every network's group, as an agent would.
    fn join_groups(&self) -> Result<()> {
        let name = self.premises.name.to_string();
        for network in 0..self.shape.networks {
            let id = NetworkId::new(shape::network_id(network)).context("a network's id")?;
            let interface = if_nametoindex(shape::network_key(network).as_str())
                .context("find an interface")?;
            group::join(interface, group::address(&name, id, Family::V4))?;
        }
        Ok(())
    }

    fn write_cable(
        &self,
        network: u16,
        here: &mut String,
        there: &mut String,
    ) -> Result<(), std::fmt::Error> {
        let (interface, address) = (
            shape::network_key(network),
            shape::observer_address(network),
        );
        let [own, peers] =
            ["01", "02"].map(|end| format!("02:77:00:{:02x}:00:{end}", shape::network_id(network)));
        writeln!(
            there,
            "link add {interface} address {peers} type veth peer name {interface} address {own} netns {}\n\
             link set {interface} up\n\
             route add {} dev {interface}\n\
             route add local {} dev {interface}\n\
             neigh add {address} lladdr {own} dev {interface} nud permanent",
            self.here.name(),
            shape::subnet(network),
            shape::peers_subnet(network),
        )?;
        writeln!(
            here,
            "link set {interface} up\naddr add {address}/24 dev {interface}"
        )?;
        for peer in 0..self.shape.peers {
            let address = PeerPath { peer, network }.address();
            writeln!(
                here,
                "neigh add {address} lladdr {peers} dev {interface} nud permanent"
            )?;
        }
        Ok(())
    }

    fn write_key(&self) -> Result<()> {
        let path = self.key();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("create {}", path.display()))?;
        writeln!(file, "{}", key::generate(1)?).context("write the cluster key")
    }

    /// Writes the configuration, with another timing than before.
    pub fn configure(&mut self, timing: Timing) -> Result<()> {
        self.timing = timing;
        let places = Places {
            key: &self.key(),
            socket: &self.socket(),
            state: &self.premises.name.directory().join("state"),
            pins: &self.premises.name.pins(),
        };
        let name = self.premises.name.to_string();
        let text = configuration::render(&name, self.shape, self.timing, self.sending, places)?;
        let path = self.configuration();
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }

    fn key(&self) -> PathBuf {
        self.premises.name.directory().join("cluster.key")
    }
}
