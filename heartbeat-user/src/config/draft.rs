//! From a text to a cluster: read every section, compare them, and only then build.
//!
//! A draft is a cluster with holes where a mistake was noted. Comparisons between sections are left out for
//! a file that is not TOML throughout: half of it may have been read into the wrong section.

use std::collections::BTreeMap;

use heartbeat_ebpf::ids::NetworkId;

use super::cluster::{self, ClusterKeys, LOST_AFTER, REGROUP_AFTER};
use super::document::{At, Document, Place};
use super::membership::{self, MembershipDraft};
use super::network::{self, NetworkDraft};
use super::node::{self, NodeDraft};
use super::section::Section;
use super::{Agent, Cluster, Mistakes, Network, agent, digest};

/// What could be read of a file.
struct Draft<'d> {
    cluster: ClusterKeys,
    networks: Vec<NetworkDraft<'d>>,
    nodes: Vec<NodeDraft<'d>>,
    membership: MembershipDraft,
    agent: Agent,
    /// Where the nodes are, if the file has them.
    nodes_place: Option<Place>,
}

/// Reads a whole file.
pub(super) fn read(text: &str, file: &str) -> Result<Cluster, Mistakes> {
    let (document, root) = Document::parse(text);
    let draft = read_sections(&document, Section::root(&document, root.get_ref()));
    if !document.is_broken() {
        check(&document, &draft);
    }
    let cluster = draft.finish();
    match cluster.filter(|_| document.is_flawless()) {
        Some(cluster) => Ok(cluster),
        None => Err(Mistakes::new(file, document.into_mistakes())),
    }
}

fn read_sections<'d>(document: &Document<'_>, root: Section<'d, '_>) -> Draft<'d> {
    for (key, allowed) in [
        ("cluster", "a section [cluster]"),
        ("networks", "a section [networks.KEY] for each network"),
        ("nodes", "a section [nodes.NAME] for each node"),
    ] {
        root.require(key, allowed);
    }
    let cluster = cluster::read(root.section("cluster"));
    let networks = network::read(document, root.section("networks"));
    let nodes = root.section("nodes");
    let draft = Draft {
        cluster,
        networks,
        nodes_place: nodes.is_there().then(|| nodes.place.clone()),
        nodes: node::read(document, nodes),
        agent: agent::read(root.section("agent")),
        membership: membership::read(document, root.section("membership")),
    };
    root.finish();
    draft
}

fn check(document: &Document<'_>, draft: &Draft<'_>) {
    network::check(document, &draft.networks);
    network::check_multicast(document, &draft.networks, draft.cluster.multicast.as_ref());
    node::check(document, &draft.nodes, &draft.networks);
    if let Some(place) = &draft.nodes_place {
        node::check_count(document, &draft.nodes, place);
        node::check_votes(document, &draft.nodes, place);
    }
    membership::check(
        document,
        &draft.membership,
        &draft.nodes,
        &draft.networks,
        &draft.cluster,
    );
    check_regroup(document, draft);
}

/// Regroup begins when all networks that count are silent, which must be later than any path's loss.
fn check_regroup(document: &Document<'_>, draft: &Draft<'_>) {
    let cluster_wide = draft.cluster.lost_after.as_ref();
    let counting = draft.networks.iter().filter(|network| network.counts());
    let thresholds = counting.filter_map(|network| network.lost_after.as_ref().or(cluster_wide));
    let longest = thresholds.max_by_key(|lost_after| lost_after.value);
    let lost_after = longest.map_or(LOST_AFTER, |longest| longest.value);
    match (&draft.cluster.regroup_after, longest) {
        (Some(At { value, place }), _) if *value <= lost_after => document.refuse(
            place,
            format_args!(
                "more than lost_after on each network that counts, which is up to {lost_after}"
            ),
        ),
        (None, Some(At { value, place })) if *value >= REGROUP_AFTER => document.refuse(
            place,
            format_args!(
                "less than regroup_after, which is {REGROUP_AFTER} unless [cluster] sets it"
            ),
        ),
        _ => {}
    }
}

impl Draft<'_> {
    /// The cluster, if every part of it could be read.
    fn finish(self) -> Option<Cluster> {
        let Draft { cluster, agent, .. } = self;
        let networks = self
            .networks
            .into_iter()
            .map(|network| network.finish(&cluster, &agent));
        let mut networks: Vec<Network> = networks.collect::<Option<_>>()?;
        networks.sort_by_key(|network| network.id);
        let ids: BTreeMap<String, NetworkId> = networks
            .iter()
            .map(|network| (network.key.clone(), network.id))
            .collect();
        let nodes = self.nodes.into_iter().map(|node| node.finish(&ids));
        let mut nodes: Vec<_> = nodes.collect::<Option<_>>()?;
        nodes.sort_by_key(|node| node.id);
        let regroup_after = cluster.regroup_after();
        let suspicion = membership::suspicion(&networks, regroup_after);
        let name = cluster.name?.value;
        let mut cluster = Cluster {
            hash: digest::of(&name),
            name,
            digest: 0,
            authentication: cluster.authentication,
            restart_grace: cluster.restart_grace,
            regroup_after,
            membership: self.membership.finish(&nodes, suspicion)?,
            networks,
            nodes,
            agent,
        };
        cluster.digest = digest::of(&digest::canonical(&cluster));
        Some(cluster)
    }
}
