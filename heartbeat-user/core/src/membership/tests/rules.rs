//! What a node must not do to others, whatever it was late for, has forgotten or was told.
//!
//! The simulator found each of these as a story of hundreds of lines; here is the one step of it that matters.

use expect_test::expect;

use super::*;

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

/// The view in which it joined was accepted by all, and those who installed it can't say so.
#[test]
fn a_newcomer_that_others_may_act_with_stays_until_it_was_silent_for_long() {
    let mut parlour = without_the_last(5);
    parlour.restart(4);
    let joined = |parlour: &Parlour, node: usize| {
        let member = parlour.nodes[node].as_ref().expect("it runs");
        member.is_member(NodeIndex(4))
    };
    while !joined(&parlour, 0) {
        assert!(!joined(&parlour, 1), "nobody is told yet");
        parlour.step();
    }
    parlour.told();
    for from in [0, 4] {
        (1..4).for_each(|to| parlour.cut(from, to));
    }
    parlour.run_for(SUSPICION - INTERVAL / 2);
    expect![[r#"
        19875 ms, node 5: view 101 of 1,2,3,4,5 (joined 5; removed )
        25925 ms, node 2: view 107 of 1,2,3,4,5 (joined 5; removed )
        25950 ms, node 3: view 107 of 1,2,3,4,5 (joined 5; removed )
        25950 ms, node 4: view 107 of 1,2,3,4,5 (joined 5; removed )
    "#]]
    .assert_eq(&parlour.told());
    parlour.run_for(SUSPICION);
    expect![[r#"
        27275 ms, node 2: view 108 of 2,3,4 (joined ; removed 1,5)
        27300 ms, node 3: view 108 of 2,3,4 (joined ; removed 1,5)
        27300 ms, node 4: view 108 of 2,3,4 (joined ; removed 1,5)
        27300 ms, node 1: lost the quorum of view 101
        27300 ms, node 5: lost the quorum of view 101
    "#]]
    .assert_eq(&parlour.told());
}

/// All who could have told it of its view speak, and act by none with it.
#[test]
fn a_newcomer_that_goes_before_it_has_accepted_is_taken_in_by_nobody() {
    let mut parlour = without_the_last(4);
    parlour.restart(3);
    let accepted = |parlour: &Parlour| {
        let node = parlour.nodes[1].as_ref().expect("it runs");
        let view = node.accepted.as_ref().expect("it is in one");
        view.incarnation(NodeIndex(3)).is_some()
    };
    while !accepted(&parlour) {
        parlour.step();
    }
    parlour.crash(3);
    parlour.run_for(SUSPICION * 3);
    expect![[r#"
        25850 ms, node 1: view 109 of 1,2,3 (joined ; removed )
        25875 ms, node 2: view 109 of 1,2,3 (joined ; removed )
        25875 ms, node 3: view 109 of 1,2,3 (joined ; removed )
    "#]]
    .assert_eq(&parlour.told());
}

/// Nodes that are in a view without the last of them, which has crashed.
fn without_the_last(nodes: usize) -> Parlour {
    let mut parlour = formed(nodes);
    parlour.crash(nodes - 1);
    parlour.run_for(SUSPICION * 2);
    assert_eq!(parlour.quorate().len(), nodes - 1);
    parlour.told();
    parlour
}
