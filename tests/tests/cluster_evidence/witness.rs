//! What is found out on a cable whose far end is the witness.

use std::fs;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use heartbeat_core::interface::Witness;
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_tests::cable::{Cable, End, INTERFACE};
use heartbeat_tests::lab::batch;
use heartbeat_tests::suite::Test;
use heartbeat_user::interface;
use heartbeat_user::request::Request;
use heartbeat_user::witness::{Finding, Question, Sockets, Witnesses};
use tokio::sync::mpsc;

pub const TESTS: &[Test] = &[
    (
        "a witness that is there answers at once, over IPv4 and IPv6, on either kind of socket",
        answers,
    ),
    (
        "a witness that does not answer is silent after it was asked three times, within an interval",
        silent,
    ),
    (
        "an answer that came too late to be read in time is heard",
        late_reader,
    ),
    (
        "a question that this host's own filter refuses leaves it open whether a witness is there",
        filtered,
    ),
    ("an address of this host answers for nobody", own_address),
    (
        "a witness that another interface leads to does not answer for this one",
        another_interface,
    ),
];

const INTERVAL: Duration = Duration::from_secs(1);
/// After the last request of a question and before its end.
const ALL_ASKED: Duration = Duration::from_millis(600);

/// How an agent may be allowed to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Allowed {
    /// By CAP_NET_RAW.
    Agent,
    /// By the sysctl, as everybody is.
    Everybody,
}

fn answers() -> Result<()> {
    for allowed in [Allowed::Agent, Allowed::Everybody] {
        let cable = Cable::lay()?;
        for place in [0, 1] {
            let begun = Instant::now();
            let found = ask(&cable, place, allowed, Duration::ZERO, || Ok(()))?;
            ensure!(found.witness == Witness::Answers, "{allowed:?}: {found:?}");
            let took = begun.elapsed();
            ensure!(took < Duration::from_secs(5), "an answer took {took:?}");
        }
    }
    Ok(())
}

fn silent() -> Result<()> {
    let cable = Cable::lay()?;
    let counter = "table inet deaf {\n\
        counter asked {\n}\n\
        chain input {\ntype filter hook input priority 0\n\
        icmp type echo-request counter name asked drop\n\
        icmpv6 type echo-request counter name asked drop\n}\n}\n";
    batch::nft(cable.end(End::Far), counter)?;
    for place in [0, 1] {
        let begun = Instant::now();
        let found = ask(&cable, place, Allowed::Agent, Duration::ZERO, || Ok(()))?;
        let took = begun.elapsed();
        ensure!(found.witness == Witness::Silent, "{found:?}");
        ensure!(INTERVAL / 2 < took, "{took:?} for {INTERVAL:?}");
    }
    let asked = batch::nft(cable.end(End::Far), "list counter inet deaf asked\n")?;
    ensure!(asked.contains("packets 6 "), "not asked six times: {asked}");
    Ok(())
}

/// Requests wait in the kernel for the far end's hardware address, which they get when the thread that asks cannot
/// run any more; it runs again when the question is over.
fn late_reader() -> Result<()> {
    let cable = Cable::lay()?;
    cable.end(End::Far).enter(|| {
        let path = "/proc/sys/net/ipv4/conf/all/arp_ignore";
        fs::write(path, "8").context("keep the far end from telling its hardware address")
    })?;
    let link = cable.printed(End::Far, "ip", &["-o", "link", "show", INTERFACE])?;
    let mut words = link
        .split_whitespace()
        .skip_while(|word| *word != "link/ether");
    let hardware = words
        .nth(1)
        .context("find the far end's hardware address")?;
    let far = End::Far.addresses()[0];
    let told = format!("neigh replace {far} lladdr {hardware} dev {INTERFACE}\n");
    let found = ask(&cable, 0, Allowed::Agent, ALL_ASKED, || {
        batch::ip(cable.end(End::Near), &told)?;
        std::thread::sleep(INTERVAL);
        Ok(())
    })?;
    ensure!(found.witness == Witness::Answers, "{found:?}");
    Ok(())
}

fn filtered() -> Result<()> {
    let cable = Cable::lay()?;
    let filter = "table inet shut {\n\
        chain output {\ntype filter hook output priority 0\n\
        icmp type echo-request drop\n}\n}\n";
    batch::nft(cable.end(End::Near), filter)?;
    let found = ask(&cable, 0, Allowed::Agent, Duration::ZERO, || Ok(()))?;
    ensure!(found.witness == Witness::Unknown, "{found:?}");
    ensure!(found.why.contains("not permitted"), "{found:?}");
    Ok(())
}

fn own_address() -> Result<()> {
    let cable = Cable::lay()?;
    for place in [0, 1] {
        let address = End::Far.addresses()[place];
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let more = format!("addr add {address}/{bits} dev lo\n");
        batch::ip(cable.end(End::Near), &more)?;
        let found = ask(&cable, place, Allowed::Agent, Duration::ZERO, || Ok(()))?;
        ensure!(found.witness == Witness::Unknown, "{found:?}");
    }
    Ok(())
}

/// The far end answers by another wire than it was asked on.
fn another_interface() -> Result<()> {
    let cable = Cable::lay()?;
    let far = End::Far.addresses()[0];
    batch::ip(
        cable.end(End::Near),
        &format!(
            "link add other type veth peer name other netns {}\n\
             link set other up\n\
             route add {far}/32 dev other\n",
            cable.end(End::Far).name()
        ),
    )?;
    batch::ip(
        cable.end(End::Far),
        &format!(
            "link set other up\n\
             route add {}/32 dev other\n",
            End::Near.addresses()[0]
        ),
    )?;
    let counter = "table inet seen {\n\
        counter answers {\n}\n\
        chain input {\ntype filter hook input priority 0\n\
        iifname \"other\" icmp type echo-reply counter name answers\n}\n}\n";
    batch::nft(cable.end(End::Near), counter)?;
    let found = ask(&cable, 0, Allowed::Agent, Duration::ZERO, || Ok(()))?;
    ensure!(found.witness == Witness::Silent, "{found:?}");
    let seen = batch::nft(cable.end(End::Near), "list counter inet seen answers\n")?;
    ensure!(
        seen.contains("packets 3 "),
        "no answers to pass over: {seen}"
    );
    Ok(())
}

/// Asks the far end from the near one by the family at this place of its addresses. After this time the thread that
/// asks does `meanwhile`, and nothing else.
fn ask(
    cable: &Cable,
    place: usize,
    allowed: Allowed,
    after: Duration,
    meanwhile: impl FnOnce() -> Result<()> + Send,
) -> Result<Finding> {
    cable.end(End::Near).enter(move || {
        let group = match allowed {
            Allowed::Agent => "1 0",
            Allowed::Everybody => "0 2147483647",
        };
        fs::write("/proc/sys/net/ipv4/ping_group_range", group).context("allow to ask")?;
        let [local, remote] = [End::Near, End::Far].map(|end| end.addresses()[place]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(find(local, remote, after, meanwhile))
    })
}

async fn find(
    local: IpAddr,
    remote: IpAddr,
    after: Duration,
    meanwhile: impl FnOnce() -> Result<()>,
) -> Result<Finding> {
    let network = NetworkId::new(1).context("1 is a number of a network")?;
    let owner = interface::owner_of(local)?.map(|owner| owner.index);
    let (requests, mut findings) = mpsc::channel(4);
    let mut witnesses = Witnesses::start(Sockets::open(), requests);
    let question = Question::new(network, (local, owner), vec![remote], INTERVAL);
    witnesses.ask(question);
    tokio::time::sleep(after).await;
    meanwhile()?;
    let found = tokio::time::timeout(Duration::from_secs(10), findings.recv()).await;
    match found.context("nothing is found")? {
        Some(Request::Found(finding)) => Ok(finding),
        other => bail!("this is no finding: {other:?}"),
    }
}
