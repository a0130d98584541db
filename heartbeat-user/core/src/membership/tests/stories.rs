//! What a few nodes tell of named faults.

use expect_test::expect;

use super::*;

#[test]
fn nodes_that_are_all_there_form_a_view_at_once() {
    let mut parlour = Parlour::new(3);
    parlour.run_for(Duration::from_secs(60));
    expect![[r#"
        100 ms, node 1: view 1 of 1,2,3 (joined 1,2,3; removed )
        125 ms, node 2: view 1 of 1,2,3 (joined 1,2,3; removed )
        125 ms, node 3: view 1 of 1,2,3 (joined 1,2,3; removed )
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_silent_node_is_removed_once_all_others_have_given_it_up() {
    let mut parlour = formed(4);
    parlour.crash(3);
    parlour.run_for(Duration::from_secs(60));
    expect![[r#"
        12425 ms, node 1: view 2 of 1,2,3 (joined ; removed 4)
        12450 ms, node 2: view 2 of 1,2,3 (joined ; removed 4)
        12450 ms, node 3: view 2 of 1,2,3 (joined ; removed 4)
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_pair_that_lost_each_other_both_ways_costs_one_of_them_and_one_view() {
    let mut parlour = formed(4);
    parlour.cut_both(1, 2);
    parlour.run_for(Duration::from_secs(600));
    expect![[r#"
        13950 ms, node 1: view 2 of 1,2,4 (joined ; removed 3)
        13975 ms, node 2: view 2 of 1,2,4 (joined ; removed 3)
        13975 ms, node 4: view 2 of 1,2,4 (joined ; removed 3)
        13975 ms, node 3: lost the quorum of view 1
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_pair_that_lost_each_other_one_way_costs_one_of_them_and_one_view() {
    let mut parlour = formed(4);
    parlour.cut(1, 2);
    parlour.run_for(Duration::from_secs(600));
    expect![[r#"
        13950 ms, node 1: view 2 of 1,2,4 (joined ; removed 3)
        13975 ms, node 2: view 2 of 1,2,4 (joined ; removed 3)
        13975 ms, node 4: view 2 of 1,2,4 (joined ; removed 3)
        13975 ms, node 3: lost the quorum of view 1
    "#]]
    .assert_eq(&parlour.told());
}

/// Both would coordinate, and neither hears the other: the rest must not be talked round again and again.
#[test]
fn a_coordinator_that_lost_somebody_is_not_held_up_by_its_rival() {
    for both in [true, false] {
        let mut parlour = formed(5);
        parlour.cut(0, 2);
        if both {
            parlour.cut(2, 0);
        }
        parlour.run_for(Duration::from_secs(600));
        assert_eq!(parlour.quorate(), [0, 1, 3, 4]);
        assert_eq!(parlour.views, 5 + 4, "{}", parlour.story.join("\n"));
    }
}

#[test]
fn of_a_split_the_larger_side_goes_on_and_takes_the_other_back() {
    let mut parlour = formed(5);
    for (one, two) in [(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)] {
        parlour.cut_both(one, two);
    }
    parlour.run_for(Duration::from_secs(30));
    parlour.heal();
    parlour.run_for(Duration::from_secs(30));
    expect![[r#"
        12425 ms, node 3: view 2 of 3,4,5 (joined ; removed 1,2)
        12450 ms, node 4: view 2 of 3,4,5 (joined ; removed 1,2)
        12450 ms, node 5: view 2 of 3,4,5 (joined ; removed 1,2)
        13850 ms, node 1: lost the quorum of view 1
        13850 ms, node 2: lost the quorum of view 1
        35150 ms, node 3: view 3 of 1,2,3,4,5 (joined 1,2; removed )
        35175 ms, node 1: view 3 of 1,2,3,4,5 (joined 1,2; removed )
        35175 ms, node 2: view 3 of 1,2,3,4,5 (joined 1,2; removed )
        35175 ms, node 4: view 3 of 1,2,3,4,5 (joined 1,2; removed )
        35175 ms, node 5: view 3 of 1,2,3,4,5 (joined 1,2; removed )
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn of_two_nodes_the_tie_breaker_goes_on() {
    let mut parlour = formed(2);
    parlour.cut_both(0, 1);
    parlour.run_for(Duration::from_secs(30));
    parlour.heal();
    parlour.run_for(Duration::from_secs(30));
    expect![[r#"
        12350 ms, node 1: view 3 of 1 (joined ; removed 2)
        13850 ms, node 2: lost the quorum of view 2
        35150 ms, node 1: view 4 of 1,2 (joined 2; removed )
        35175 ms, node 2: view 4 of 1,2 (joined 2; removed )
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_node_that_comes_back_joins_as_another_run() {
    let mut parlour = formed(3);
    parlour.crash(1);
    parlour.run_for(Duration::from_secs(2));
    parlour.restart(1);
    parlour.run_for(Duration::from_secs(30));
    expect![[r#"
        7100 ms, node 1: view 101 of 1,2,3 (joined 2; removed )
        7125 ms, node 2: view 101 of 1,2,3 (joined 2; removed )
        7125 ms, node 3: view 101 of 1,2,3 (joined 2; removed )
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_node_that_leaves_is_not_waited_for() {
    let mut parlour = formed(3);
    let member = parlour.nodes[2].as_mut().expect("it is there");
    member.depart();
    parlour.left.insert(2);
    parlour.run_for(Duration::from_secs(30));
    expect![[r#"
        5075 ms, node 1: view 2 of 1,2 (joined ; removed )
        5100 ms, node 2: view 2 of 1,2 (joined ; removed )
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_cluster_without_one_of_its_nodes_forms_after_the_promise_of_a_former_run() {
    let mut parlour = Parlour::new(3);
    parlour.crash(0);
    parlour.run_for(Duration::from_secs(30));
    expect![[r#"
        6025 ms, node 2: view 8 of 2,3 (joined 2,3; removed )
        6050 ms, node 3: view 8 of 2,3 (joined 2,3; removed )
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_view_outlives_the_node_that_was_about_to_propose_another() {
    let mut parlour = formed(5);
    parlour.crash(4);
    parlour.run_for(Duration::from_millis(7_380));
    parlour.crash(0);
    parlour.run_for(Duration::from_secs(60));
    expect![[r#"
        18450 ms, node 2: view 7 of 1,2,3,4 (joined ; removed 5)
        18475 ms, node 3: view 7 of 1,2,3,4 (joined ; removed 5)
        18475 ms, node 4: view 7 of 1,2,3,4 (joined ; removed 5)
        19825 ms, node 2: view 8 of 2,3,4 (joined ; removed 1)
        19850 ms, node 3: view 8 of 2,3,4 (joined ; removed 1)
        19850 ms, node 4: view 8 of 2,3,4 (joined ; removed 1)
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_node_that_hears_nobody_but_is_heard_goes_out_and_stays_out() {
    let mut parlour = formed(4);
    for from in 0..3 {
        parlour.cut(from, 3);
    }
    parlour.run_for(Duration::from_secs(600));
    expect![[r#"
        13850 ms, node 4: lost the quorum of view 1
        19900 ms, node 1: view 10 of 1,2,3 (joined ; removed 4)
        19925 ms, node 2: view 10 of 1,2,3 (joined ; removed 4)
        19925 ms, node 3: view 10 of 1,2,3 (joined ; removed 4)
    "#]]
    .assert_eq(&parlour.told());
}

#[test]
fn a_three_way_split_has_no_quorum_anywhere_and_ends() {
    let mut parlour = formed(5);
    for (one, two) in [
        (0, 2),
        (0, 3),
        (0, 4),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 4),
        (3, 4),
    ] {
        parlour.cut_both(one, two);
    }
    parlour.run_for(Duration::from_secs(30));
    assert_eq!(parlour.quorate(), []);
    parlour.heal();
    parlour.run_for(Duration::from_secs(30));
    assert_eq!(parlour.quorate(), [0, 1, 2, 3, 4]);
    expect![[r#"
        13850 ms, node 1: lost the quorum of view 1
        13850 ms, node 2: lost the quorum of view 1
        13850 ms, node 3: lost the quorum of view 1
        13850 ms, node 4: lost the quorum of view 1
        13850 ms, node 5: lost the quorum of view 1
        35100 ms, node 1: view 3 of 1,2,3,4,5 (joined 1,2,3,4,5; removed )
        35100 ms, node 2: view 3 of 1,2,3,4,5 (joined 1,2,3,4,5; removed )
        35100 ms, node 3: view 3 of 1,2,3,4,5 (joined 1,2,3,4,5; removed )
        35100 ms, node 4: view 3 of 1,2,3,4,5 (joined 1,2,3,4,5; removed )
        35100 ms, node 5: view 3 of 1,2,3,4,5 (joined 1,2,3,4,5; removed )
    "#]]
    .assert_eq(&parlour.told());
}
