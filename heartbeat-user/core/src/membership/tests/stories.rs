//! What a few nodes tell of named faults.

use expect_test::expect;

use super::*;

fn formed(nodes: usize) -> Parlour {
    let mut parlour = Parlour::new(nodes);
    parlour.run_for(Duration::from_secs(5));
    assert_eq!(
        parlour.quorate().len(),
        nodes,
        "{}",
        parlour.story.join("\n")
    );
    parlour.told();
    parlour
}

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

/// An earlier run may have accepted a view that a peer knows nothing of: no promise until the peer is past it.
#[test]
fn a_new_run_promises_nothing_to_who_acts_by_a_view_older_than_it_may_have_replaced() {
    let mut parlour = formed(3);
    parlour.cut_both(1, 2);
    parlour.restart(0);
    let promised = |parlour: &Parlour| {
        let node = parlour.nodes[0].as_ref().expect("it runs");
        node.leases.answers().to_vec()
    };
    for _ in 0..10 {
        parlour.step();
    }
    assert_eq!(promised(&parlour), [0, 0, 0]);
    let heard = parlour.nodes[0]
        .as_ref()
        .expect("it runs")
        .view_of(NodeIndex(1));
    assert!(heard.is_some_and(|epoch| epoch < Epoch(100)), "{heard:?}");
    parlour.heal();
    parlour.run_for(INTERVAL * 20);
    assert_ne!(promised(&parlour)[1..], [0, 0]);
}

/// A coordinator that was late may propose a view without somebody who is well.
#[test]
fn nobody_consents_to_leaving_out_a_node_that_all_are_known_to_reach() {
    let mut parlour = formed(3);
    let now = parlour.now;
    let ours = parlour.nodes[1].as_ref().and_then(Membership::view);
    let mut view = ours.expect("all are in one").clone();
    view.epoch = view.epoch.next();
    view.members.truncate(2);
    view.acceptors.remove(NodeIndex(2));
    let coordinator = NodeIndex(0);
    let mut complaint = parlour.nodes[0].as_ref().expect("it runs").report(now);
    complaint.reaches.remove(NodeIndex(2));
    let mut hear = |node: usize, message: &Message| {
        let member = parlour.nodes[node].as_mut().expect("it runs");
        member.hear(
            now,
            coordinator,
            Incarnation(1),
            message,
            &mut Outcome::default(),
        );
        member.turn(now, &mut Outcome::default());
        (member.pending.is_some(), member.view().is_some())
    };
    let proposal = Message::Proposal(view);
    assert_eq!(hear(1, &proposal), (false, true), "why should 2 go?");
    assert_eq!(hear(2, &proposal), (false, true), "why should I?");
    for node in [1, 2] {
        hear(node, &Message::Report(complaint.clone()));
    }
    assert_eq!(hear(1, &proposal), (true, true), "0 does not reach it");
    assert_eq!(hear(2, &proposal), (false, false), "it gives way");
}

/// Only its coordinator knows that a view was accepted by all, and it is not the first of its members.
#[test]
fn whoever_alone_has_a_view_hands_it_to_all() {
    let mut parlour = formed(3);
    let mut view = parlour.nodes[2]
        .as_ref()
        .and_then(Membership::view)
        .expect("all are in one")
        .clone();
    view.epoch = view.epoch.next();
    let now = parlour.now;
    for node in [0, 1] {
        let member = parlour.nodes[node].as_mut().expect("it runs");
        member.promise(view.epoch, &mut Outcome::default());
        member.give_way(now);
    }
    let coordinator = parlour.nodes[2].as_mut().expect("it runs");
    coordinator.install(now, view.clone(), &mut Outcome::default());
    parlour.run_for(INTERVAL * 3);
    for node in parlour.nodes.iter().flatten() {
        assert_eq!(node.view(), Some(&view));
    }
}

/// Two that each believe that it is their turn would go on for as long as no report comes between.
#[test]
fn a_newer_proposal_gets_an_attempts_time_before_it_is_outbid() {
    let mut parlour = formed(3);
    parlour.crash(2);
    let proposed = |parlour: &Parlour| {
        let node = parlour.nodes[0].as_ref()?;
        node.proposed.as_ref().map(|proposed| proposed.view.clone())
    };
    let end = parlour.now.after(SUSPICION * 2);
    while proposed(&parlour).is_none() && parlour.now < end {
        parlour.step();
    }
    let mut rival = proposed(&parlour).expect("somebody is to be left out");
    rival.epoch = rival.epoch.next();
    let now = parlour.now;
    let node = parlour.nodes[0].as_mut().expect("it runs");
    let proposal = Message::Proposal(rival);
    let mut out = Outcome::default();
    node.hear(now, NodeIndex(1), Incarnation(1), &proposal, &mut out);
    let mut proposes = |now, mut out: Outcome| {
        node.turn(now, &mut out);
        let mut messages = out.posts.iter().map(|post| &post.message);
        messages.any(|message| matches!(message, Message::Proposal(_)))
    };
    assert!(!proposes(now, out));
    assert!(proposes(
        now.after(Duration::from_millis(50)),
        Outcome::default()
    ));
}

/// All have accepted, but the coordinator was stopped before it read so, and others have gone on since.
#[test]
fn a_coordinator_that_was_stopped_installs_nothing_of_what_it_proposed_before() {
    let opening = Duration::from_millis(1500);
    for (late, installs) in [(opening / 2, true), (opening * 2, false)] {
        let mut parlour = formed(2);
        let now = parlour.now;
        let node = parlour.nodes[0].as_mut().expect("it runs");
        let mut view = node.view().expect("all are in one").clone();
        view.epoch = view.epoch.next();
        node.promise(view.epoch, &mut Outcome::default());
        node.accepted = Some(view.clone());
        node.proposed = Some(Proposed {
            accepts: view.set(),
            view: view.clone(),
            again: now,
            attempts: 1,
        });
        node.stirred = true;
        node.turn(now.after(late), &mut Outcome::default());
        assert_eq!(
            node.view().map(|view| view.epoch) == Some(view.epoch),
            installs
        );
    }
}
