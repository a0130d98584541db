//! Faults of networks: what is told of interfaces, and who has to go.

use super::told;

const VIEW: &str = "installs view";

#[test]
fn a_cable_whose_kernel_tells_is_one_failed_interface_on_a_network_that_works() {
    let story = told("cable-out");
    assert_eq!(story.said_by_each("1124"), [0, 0, 1, 0, 0]);
    assert_eq!(story.said_by_each("1123"), [1, 1, 4, 1, 1]);
    assert_eq!(story.said_by_each("1127 InterfaceFailed c net-1"), [1; 5]);
    assert_eq!(story.said_by_each("1125 InterfaceUp c net-1"), [1; 5]);
    story.is_without(&["1126", "1128", "1129", "1130", "1135", VIEW]);
    story.accuses_only(2);
}

#[test]
fn a_node_cut_off_one_network_is_one_failed_interface_too() {
    let story = told("cable-out-silently");
    assert_eq!(story.said_by_each("1127 InterfaceFailed c net-1"), [1; 5]);
    assert_eq!(story.said_by_each("1125 InterfaceUp c net-1"), [1; 5]);
    story.is_without(&["1124", "1126", "1128", "1129", "1130", "1135", VIEW]);
    story.accuses_only(2);
}

#[test]
fn a_flapping_cable_is_told_each_time_and_said_to_flap_once_a_path() {
    let story = told("cable-flapping");
    assert_eq!(story.said_by_each("1124"), [0, 0, 7, 0, 0]);
    assert_eq!(story.said_by_each("1127 InterfaceFailed c net-1"), [7; 5]);
    assert_eq!(story.said_by_each("334308"), [1, 1, 4, 1, 1]);
    story.is_without(&["1126", "1129", "1130", "1135", VIEW]);
    story.accuses_only(2);
}

#[test]
fn a_dead_switch_is_a_network_down_and_nobodys_removal() {
    let story = told("switch-dead");
    assert_eq!(story.said_by_each("1123"), [4; 5]);
    assert_eq!(story.said_by_each("1126"), [5; 5]);
    assert_eq!(story.said_by_each("1130 NetworkDown net-1"), [1; 5]);
    assert_eq!(story.said_by_each("1128 NetworkUp net-1"), [1; 5]);
    story.is_without(&["1124", "1127", "1129", "1135", VIEW]);
}

#[test]
fn a_pair_cut_on_one_network_is_two_unreachable_interfaces_and_nobodys_removal() {
    for (name, lost) in [
        ("pair-cut", [1, 0, 1, 0, 0]),
        ("pair-cut-one-way", [0, 0, 1, 0, 0]),
    ] {
        let story = told(name);
        assert_eq!(story.said_by_each("1123"), lost);
        for end in ["a", "c"] {
            let [unreachable, up] = ["1126 InterfaceUnreachable", "1125 InterfaceUp"]
                .map(|event| format!("{event} {end} net-1"));
            assert_eq!(story.said_by_each(&unreachable), [1; 5]);
            assert_eq!(story.said_by_each(&up), [1; 5]);
        }
        assert_eq!(story.said_by_each("1126"), [2; 5]);
        assert_eq!(story.said_by_each("1129 NetworkPartitioned net-1"), [1; 5]);
        assert_eq!(story.said_by_each("1128 NetworkUp net-1"), [1; 5]);
        story.is_without(&["1124", "1127", "1130", "1135", VIEW]);
    }
}

#[test]
fn a_pair_cut_on_all_networks_costs_one_view_and_the_one_that_is_no_tie_breaker() {
    let story = told("pair-cut-everywhere");
    assert_eq!(story.said_by_each("1123"), [3, 0, 3, 0, 0]);
    assert_eq!(story.said_by_each("1135 MemberRemoved c"), [1, 1, 0, 1, 1]);
    assert_eq!(story.said_by_each("1135"), [1, 1, 0, 1, 1]);
    assert_eq!(story.said_by_each("1177"), [0, 0, 1, 0, 0]);
    assert_eq!(story.said_by_each(VIEW), [2, 2, 1, 2, 2], "and its return");
}

#[test]
fn a_pair_cut_one_way_on_all_networks_costs_one_view() {
    let story = told("pair-cut-one-way-everywhere");
    assert_eq!(story.said_by_each("1123"), [0, 0, 3, 0, 0]);
    assert_eq!(story.said_by_each("1135 MemberRemoved c"), [1, 1, 0, 1, 1]);
    assert_eq!(story.said_by_each("1135"), [1, 1, 0, 1, 1]);
    assert_eq!(story.said_by_each("1177"), [0, 0, 1, 0, 0]);
    assert_eq!(story.said_by_each(VIEW), [2, 2, 1, 2, 2], "and its return");
}

#[test]
fn of_a_split_the_larger_side_goes_on_and_takes_the_other_back() {
    let story = told("split");
    assert_eq!(story.said_by_each("1135"), [0, 0, 2, 2, 2]);
    assert_eq!(story.said_by_each("1177"), [1, 1, 0, 0, 0]);
    let views = story.said_by_each(VIEW);
    assert_eq!(views[..2], [1, 1], "their return");
    assert_eq!(views[2..], [views[2]; 3]);
    assert!(
        (2..=3).contains(&views[2]),
        "at once or one by one: {views:?}"
    );
    story.is_without(&["1124", "1127", "1130"]);
}

#[test]
fn of_two_nodes_the_tie_breaker_goes_on_and_nobody_is_said_to_be_at_fault() {
    let story = told("two-nodes-split");
    assert_eq!(story.said_by_each("1126"), [4; 2]);
    assert_eq!(story.said_by_each("1129"), [2; 2]);
    assert_eq!(story.said_by_each("1135"), [1, 0]);
    assert_eq!(story.said_by_each("1177"), [0, 1]);
    assert_eq!(story.said_by_each(VIEW), [2, 1]);
    story.is_without(&["1124", "1127", "1130"]);
}
