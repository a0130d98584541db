//! What is left in the kernel when a node is taken off it: nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aya::maps::loaded_maps;
use aya::programs::{loaded_links, loaded_programs};
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_tests::cable::{Cable, End};
use heartbeat_tests::lab::wait;
use heartbeat_tests::suite::Test;
use heartbeat_user::agent::Lock;
use heartbeat_user::commands::{Exit, detach};
use heartbeat_user::config::{Cluster, XdpMode};
use heartbeat_user::group::{self, Family};
use heartbeat_user::interface::{self, Membership};
use heartbeat_user::maps::Maps;
use heartbeat_user::pins::Pins;
use heartbeat_user::xdp::{Program, Trace};

pub const TESTS: &[Test] = &[
    (
        "detach removes program, maps, link, pins and groups of a node whose agent is gone",
        nothing_left,
    ),
    ("detach removes nothing while an agent holds the node", held),
];

const NODE: &str = "node-a";

/// What a stopped agent leaves.
#[derive(Debug)]
struct Remains {
    program: u32,
    maps: Vec<u32>,
}

fn configuration(cable: &Cable) -> Result<PathBuf> {
    let directory = cable.directory();
    fs::create_dir_all(&directory).context("make the cable's directory")?;
    let file = directory.join("cluster.toml");
    let (near, far) = (End::Near.addresses(), End::Far.addresses());
    let text = format!(
        "[cluster]\nname = \"prod-db\"\nauthentication = \"off\"\n\
         [networks.four]\nid = 1\nsubnet = \"10.77.9.0/24\"\nrole = \"internal\"\n\
         [networks.six]\nid = 2\nsubnet = \"fd77:9::/64\"\nrole = \"internal\"\n\
         [nodes.{NODE}]\nid = 1\naddresses = {{ four = \"{}\", six = \"{}\" }}\n\
         [nodes.node-b]\nid = 2\naddresses = {{ four = \"{}\", six = \"{}\" }}\n\
         [agent]\nmetrics = \"off\"\nsocket = \"{}\"\nstate_dir = \"{}\"\npins = \"{}\"\n",
        near[0],
        near[1],
        far[0],
        far[1],
        directory.join("socket").display(),
        directory.join("state").display(),
        cable.pins().display(),
    );
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    Ok(file)
}

/// Does in the namespace of the calling thread what an agent does, as far as it lasts; then the agent is gone.
fn leave_behind(file: &Path) -> Result<Remains> {
    let cluster = Cluster::load(file)?;
    let node = cluster.local_node(Some(NODE), &interface::local_addresses()?)?;
    fs::create_dir_all(cluster.node_dir(node)).context("make the state directory")?;
    let pins = Pins::open(&cluster.agent.pins, &cluster.pin_dir(node))?;
    let mut program = Program::load(pins.clone(), Trace::Off)?;
    let maps = Maps::open(&pins)?;
    let device = device()?;
    program.attach(&device, XdpMode::Generic)?;
    for network in &cluster.networks {
        let family = Family::of(&network.subnet);
        group::join(
            device.index,
            group::address(&cluster.name, network.id, family),
        )?;
    }
    // A network that was configured then and is no more.
    let gone = NetworkId::new(77).context("a number")?;
    maps.shared.networks()[2].identity.set(gone.number().into());
    group::join(
        device.index,
        group::address(&cluster.name, gone, Family::V4),
    )?;
    let program = self::device()?
        .xdp_program
        .context("no program is attached")?;
    let info = loaded_programs()
        .flatten()
        .find(|info| info.id() == program)
        .context("the kernel does not know the attached program")?;
    let maps = info
        .map_ids()?
        .context("the kernel does not tell its maps")?;
    Ok(Remains { program, maps })
}

fn device() -> Result<interface::Interface> {
    interface::owner_of(End::Near.addresses()[0])?.context("the near end has no interface")
}

/// How many programs, maps and memberships of these there are still, and whether a link is.
fn remaining(cable: &Cable, remains: &Remains) -> Result<(usize, usize, usize, bool)> {
    let programs = loaded_programs().flatten();
    let programs = programs.filter(|info| info.id() == remains.program);
    let maps = loaded_maps().flatten();
    let maps = maps.filter(|info| remains.maps.contains(&info.id()));
    let linked = loaded_links()
        .flatten()
        .any(|link| link.program_id() == remains.program);
    let memberships: Vec<Membership> = cable.end(End::Near).enter(interface::memberships)?;
    Ok((programs.count(), maps.count(), memberships.len(), linked))
}

fn nothing_left() -> Result<()> {
    let cable = Cable::lay()?;
    let file = configuration(&cable)?;
    let near = cable.end(End::Near);
    let remains = near.enter(|| leave_behind(&file))?;
    ensure!(11 <= remains.maps.len(), "{remains:?}");
    let (programs, maps, memberships, linked) = remaining(&cable, &remains)?;
    assert_eq!(
        (programs, maps, memberships, linked),
        (1, remains.maps.len(), 3, true),
        "all of it lives on without an agent"
    );
    assert!(cable.pins().exists());
    assert_eq!(near.enter(|| detach::run(&file, Some(NODE)))?, Exit::Well);
    assert!(!cable.pins().exists(), "directories that are empty go too");
    assert_eq!(near.enter(device)?.xdp_program, None);
    // The kernel frees them when no CPU can be inside any more.
    wait::until(
        "the end of program and maps",
        Duration::from_secs(20),
        || Ok((remaining(&cable, &remains)? == (0, 0, 0, false)).then_some(())),
    )?;
    assert_eq!(near.enter(|| detach::run(&file, Some(NODE)))?, Exit::Well);
    Ok(())
}

fn held() -> Result<()> {
    let cable = Cable::lay()?;
    let file = configuration(&cable)?;
    let near = cable.end(End::Near);
    let remains = near.enter(|| leave_behind(&file))?;
    let before = remaining(&cable, &remains)?;
    let cluster = Cluster::load(&file)?;
    let node = cluster.local_node(Some(NODE), &[])?;
    let lock = Lock::take(&cluster.node_dir(node))?;
    let refused = near.enter(|| detach::run(&file, Some(NODE)));
    let refused = refused.expect_err("an agent holds the node").to_string();
    assert!(refused.contains("stop it first"), "{refused}");
    assert_eq!(remaining(&cable, &remains)?, before);
    drop(lock);
    assert_eq!(near.enter(|| detach::run(&file, Some(NODE)))?, Exit::Well);
    assert!(!cable.pins().exists(), "the witness");
    Ok(())
}
