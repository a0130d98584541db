//! Faults of nodes: who is accused, who is removed, and who comes back.

use super::told;

const VIEW: &str = "installs view";

#[test]
fn a_stalled_agent_stays_a_member_for_a_minute() {
    let story = told("agent-killed");
    assert_eq!(story.said_by_each("1123"), [3, 3, 3, 3, 0]);
    assert_eq!(story.said_by_each("1126"), [3, 3, 3, 3, 0]);
    assert_eq!(story.said_by_each("1135 MemberRemoved e"), [1, 1, 1, 1, 0]);
    assert_eq!(story.said_by_each(VIEW), [1, 1, 1, 1, 0]);
    story.is_without(&["1127", "1129", "1130", "1177"]);
    story.accuses_only(4);
}

#[test]
fn a_host_without_power_is_removed_once_and_comes_back_once() {
    let story = told("host-off");
    assert_eq!(story.said_by_each("1123"), [3, 3, 3, 3, 0]);
    assert_eq!(story.said_by_each("1126"), [3, 3, 3, 3, 0]);
    assert_eq!(story.said_by_each("1125"), [3, 3, 3, 3, 0]);
    assert_eq!(story.said_by_each("1135 MemberRemoved e"), [1, 1, 1, 1, 0]);
    assert_eq!(story.said_by_each("334310 MemberJoined e"), [1; 5]);
    assert_eq!(story.said_by_each(VIEW), [2, 2, 2, 2, 1]);
    story.is_without(&["1127", "1129", "1130", "1177"]);
    story.accuses_only(4);
}

#[test]
fn a_machine_that_stood_still_for_less_than_the_suspicion_stays_a_member() {
    let story = told("frozen-briefly");
    assert_eq!(story.said_by_each("334309"), [0, 0, 0, 0, 2]);
    story.is_without(&["1127", "1129", "1130", "1135", "1177", VIEW]);
    story.accuses_only(4);
}

#[test]
fn a_machine_that_stood_still_for_longer_is_removed_and_knows_it_when_it_wakes() {
    let story = told("frozen-long");
    assert_eq!(story.said_by_each("1135 MemberRemoved e"), [1, 1, 1, 1, 0]);
    assert_eq!(story.said_by_each("1177"), [0, 0, 0, 0, 1]);
    assert_eq!(story.said_by_each("1135"), [1, 1, 1, 1, 0]);
    assert_eq!(story.said_by_each(VIEW), [2, 2, 2, 2, 1]);
    story.is_without(&["1127", "1129", "1130"]);
    story.accuses_only(4);
}

#[test]
fn a_node_that_is_late_says_so_and_accuses_nobody() {
    let story = told("slow");
    assert_eq!(story.said_by_each("334309"), [0, 0, 0, 0, 1]);
    story.is_without(&["1123", "1126", "1127", "1129", "1130", "1135", VIEW]);
}

#[test]
fn a_restart_that_was_announced_is_no_loss() {
    let story = told("restart");
    assert_eq!(story.said_by_each("334304"), [1, 1, 1, 1, 0]);
    assert_eq!(story.said_by_each(VIEW), [1; 5], "which names the new run");
    story.is_without(&["1122", "1123", "1126", "1127", "1129", "1130", "1135"]);
}

#[test]
fn a_node_that_leaves_is_neither_lost_nor_removed() {
    let story = told("leave");
    assert_eq!(story.said_by_each("334303"), [1, 1, 1, 1, 0]);
    assert_eq!(story.said_by_each("334310 MemberJoined e"), [1; 5]);
    assert_eq!(story.said_by_each(VIEW), [2, 2, 2, 2, 1]);
    story.is_without(&["1123", "1126", "1127", "1129", "1130", "1135", "1177"]);
}

#[test]
fn a_node_that_joins_late_costs_one_view() {
    let story = told("join-late");
    assert_eq!(story.said_by_each("334310 MemberJoined e"), [1; 5]);
    assert_eq!(story.said_by_each(VIEW), [1; 5]);
    story.is_without(&["1123", "1126", "1127", "1129", "1130", "1135", "1177"]);
}

#[test]
fn after_a_blackout_all_form_a_view_and_nobody_is_removed() {
    let story = told("blackout");
    assert_eq!(story.said_by_each("agent starts"), [1; 5]);
    let views = story.said_by_each(VIEW);
    assert!(
        views.iter().all(|views| (1..=2).contains(views)),
        "{views:?}"
    );
    story.is_without(&["1123", "1126", "1127", "1129", "1130", "1135", "1177"]);
}
