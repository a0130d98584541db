use super::*;

mod identity;
mod membership;
mod mistakes;
mod mutated;

/// The documented example.
const EXAMPLE: &str = include_str!("../../cluster.toml");

fn example() -> Cluster {
    parsed(EXAMPLE)
}

#[track_caller]
fn parsed(text: &str) -> Cluster {
    Cluster::parse(text, "cluster.toml").unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The example with its comments on keys taken away: every default spelled out.
fn spelled_out() -> String {
    let is_key = |line: &&str| {
        line.strip_prefix("# ")
            .and_then(|rest| rest.split_once(" = "))
            .is_some_and(|(key, _)| {
                key.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            })
    };
    let lines = EXAMPLE
        .lines()
        .map(|line| if is_key(&line) { &line[2..] } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_is_valid_and_its_comments_are_the_defaults() {
    let text = spelled_out();
    assert_eq!(
        text.lines()
            .filter(|line| line.contains(" = ") && !line.starts_with('#'))
            .count(),
        43
    );
    assert_eq!(parsed(&text), example());
}

#[test]
fn defaults_are_those_of_the_documents() {
    let cluster = example();
    assert_eq!(cluster.name, "prod-db");
    assert_eq!(cluster.restart_grace, Duration::from_secs(10));
    assert_eq!(cluster.regroup_after, 6);
    assert_eq!(
        cluster.authentication,
        Authentication::Key {
            file: "/etc/heartbeat-ebpf/cluster.key".into()
        }
    );
    let network = &cluster.networks[0];
    assert_eq!(network.timing.detection(None), Duration::from_millis(2550));
    assert_eq!(
        (network.priority, network.multicast, network.xdp),
        (100, Multicast::Auto, XdpMode::Auto)
    );
    assert_eq!(
        cluster.agent.metrics,
        Some("127.0.0.1:13343".parse().expect("valid"))
    );
    assert_eq!(cluster.agent.events_kept, 64 << 20);
    assert_eq!(cluster.agent.record, None);
}

#[test]
fn a_network_overrides_the_cluster() {
    let text = EXAMPLE
        .replace(
            "[networks.public]",
            "[networks.public]\ninterval = \"100ms\"\nlost_after = 3\nxdp = \"generic\"",
        )
        .replace(
            "\n[agent]",
            "\n[agent]\nxdp = \"native\"\nmetrics = \"off\"",
        );
    let cluster = parsed(&text);
    let [private, public] = &cluster.networks[..] else {
        panic!("two networks")
    };
    assert_eq!(private.timing.interval, Duration::from_millis(1200));
    assert_eq!(public.timing.interval, Duration::from_millis(100));
    assert_eq!(public.timing.lost_after.get(), 3);
    assert_eq!(
        (private.xdp, public.xdp),
        (XdpMode::Native, XdpMode::Generic)
    );
    assert_eq!(cluster.agent.metrics, None);
}

#[test]
fn multicast_is_turned_off_for_a_cluster_or_for_one_network() {
    let of = |cluster: &str, public: &str| {
        let text = EXAMPLE
            .replacen("# multicast = \"auto\"", cluster, 1)
            .replace("[networks.public]", &format!("[networks.public]\n{public}"));
        let networks = parsed(&text).networks;
        [networks[0].multicast, networks[1].multicast]
    };
    use Multicast::{Auto, Off, On};
    assert_eq!(of("", ""), [Auto, Auto]);
    assert_eq!(of("multicast = \"off\"", ""), [Off, Off]);
    assert_eq!(of("", "multicast = \"off\""), [Auto, Off]);
    assert_eq!(of("multicast = \"on\"", ""), [On, On]);
    assert_eq!(of("multicast = \"on\"", "multicast = \"auto\""), [On, Auto]);
    assert_eq!(of("multicast = \"on\"", "multicast = \"off\""), [On, Off]);
    assert_eq!(of("", "multicast = \"on\""), [Auto, On]);
}

#[test]
fn a_group_takes_three_nodes_unless_it_is_wanted() {
    let cluster = parsed(&EXAMPLE.replace(
        "{ private = \"10.77.1.3\", public = \"10.77.2.3\" }",
        "{ public = \"10.77.2.3\" }",
    ));
    let [private, public] = &cluster.networks[..] else {
        panic!("two networks")
    };
    assert_eq!(
        [private, public].map(|network| cluster.nodes_on(network.id)),
        [2, 3]
    );
    let may = |multicast, nodes| {
        let network = Network {
            multicast,
            ..private.clone()
        };
        network.may_multicast(nodes)
    };
    assert_eq!(
        [2, 3, 4].map(|nodes| may(Multicast::Auto, nodes)),
        [false, true, true]
    );
    assert_eq!(
        [2, 3, 4].map(|nodes| may(Multicast::On, nodes)),
        [true, true, true]
    );
    assert_eq!(
        [2, 3, 4].map(|nodes| may(Multicast::Off, nodes)),
        [false, false, false]
    );
}

#[test]
fn ksoftirqd_is_left_alone_unless_the_file_says_so() {
    let raised = EXAMPLE.replace("# raise_ksoftirqd = false", "raise_ksoftirqd = true");
    assert_eq!(example().agent.raise_ksoftirqd, Ksoftirqd::Left);
    assert_eq!(parsed(&raised).agent.raise_ksoftirqd, Ksoftirqd::Raised);
}

#[test]
fn paths_are_ordered_by_peer_and_then_network() {
    let cluster = example();
    let node = cluster.local_node(Some("node-b"), &[]).expect("configured");
    let paths = cluster.paths(node);
    let shown: Vec<String> = paths
        .iter()
        .map(|path| {
            format!(
                "{} {} {} {} {}",
                path.peer.name, path.network_index, path.network.key, path.local, path.remote
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "node-a 0 private 10.77.1.2 10.77.1.1",
            "node-a 1 public 10.77.2.2 10.77.2.1",
            "node-c 0 private 10.77.1.2 10.77.1.3",
            "node-c 1 public 10.77.2.2 10.77.2.3",
        ]
    );
    let core = cluster.core(node);
    assert_eq!((core.node.number(), core.name.as_str()), (2, "node-b"));
    let order: Vec<(u16, u16)> = core
        .paths
        .iter()
        .map(|path| (path.peer.number(), path.network.number()))
        .collect();
    assert_eq!(order, [(1, 1), (1, 2), (3, 1), (3, 2)]);
    assert_eq!(core.paths[0].network_label, "Private Network");
}

#[test]
fn a_node_has_paths_only_on_networks_that_it_shares() {
    let text = EXAMPLE.replace(
        "{ private = \"10.77.1.3\", public = \"10.77.2.3\" }",
        "{ public = \"10.77.2.3\" }",
    );
    let cluster = parsed(&text);
    let node = cluster.local_node(Some("node-c"), &[]).expect("configured");
    let networks: Vec<usize> = cluster
        .paths(node)
        .iter()
        .map(|path| path.network_index)
        .collect();
    assert_eq!(networks, [1, 1]);
}

#[test]
fn directories_follow_the_names() {
    let cluster = parsed(&EXAMPLE.replace("[nodes.node-a]", "[nodes.\"a.example\"]"));
    let node = &cluster.nodes[0];
    assert_eq!(
        cluster.node_dir(node),
        FilePath::new("/var/lib/heartbeat-ebpf/a.example")
    );
    assert_eq!(
        cluster.pin_dir(node),
        FilePath::new("/sys/fs/bpf/heartbeat-ebpf/1/prod-db/a:example")
    );
}

#[test]
fn a_file_that_is_not_there_gives_one_sentence() {
    let error = Cluster::load(FilePath::new("/nonexistent/cluster.toml")).expect_err("absent");
    assert_eq!(
        error.to_string(),
        "read configuration /nonexistent/cluster.toml: No such file or directory (os error 2); write one, or \
         name another with --config"
    );
}

#[test]
fn a_file_that_is_not_text_names_the_line() {
    let path = std::env::temp_dir().join(format!("heartbeat-config-{}.toml", std::process::id()));
    std::fs::write(&path, b"[cluster]\nname = \"\xff\"\n").expect("writable");
    let error = Cluster::load(&path).expect_err("not UTF-8").to_string();
    std::fs::write(&path, " ".repeat(FILE_BYTES_MAX as usize + 1)).expect("writable");
    let large = Cluster::load(&path).expect_err("too large").to_string();
    std::fs::remove_file(&path).expect("removable");
    assert!(
        error.contains(":2: encoding: read byte 18 of the file; allowed is UTF-8 text"),
        "{error}"
    );
    assert!(
        large.ends_with("it is larger than 1 MiB, which no cluster needs"),
        "{large}"
    );
}
