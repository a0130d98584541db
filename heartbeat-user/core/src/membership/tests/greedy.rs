//! Cuts for which the search for the largest fully connected set gives up.
//!
//! It takes more than sixty nodes and hundreds of cut pairs to use its budget up; what follows from that does not
//! depend on the size. So here a few nodes have a budget that is too small for them: many pairs are cut, no three
//! of them in a triangle, so that no bound tells how many nodes have to go. All have to come to the same
//! second-best view, or none would follow.

use super::*;
use crate::view::Choice;

/// Nodes that lose nobody, and so many votes for each: whatever else is left has quorum with them.
const SOUND: usize = 6;
const VOTES: u32 = 3;
/// Nodes of which each loses up to so many others.
const RIVALS: usize = 16;
const LOST_EACH: usize = 3;

/// Pairs that lose each other, no three of them in a triangle; the same ones every time.
fn pairs(seed: u64) -> Vec<(usize, usize)> {
    let mut state = seed;
    let mut rival = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % RIVALS
    };
    let mut lost = vec![BTreeSet::new(); RIVALS];
    for _ in 0..1_000 {
        let (one, two) = (rival(), rival());
        let full = lost[one].len() == LOST_EACH || lost[two].len() == LOST_EACH;
        if one != two && !full && lost[one].is_disjoint(&lost[two]) {
            lost[one].insert(two);
            lost[two].insert(one);
        }
    }
    let of = |(one, lost): (usize, BTreeSet<usize>)| {
        let pair = move |two| (SOUND + one, SOUND + two);
        lost.into_iter().map(pair)
    };
    lost.into_iter().enumerate().flat_map(of).collect()
}

/// All nodes in one view, with a budget that no search of theirs can do with.
fn formed() -> Parlour {
    let mut votes = vec![1; SOUND + RIVALS];
    votes[..SOUND].fill(VOTES);
    let mut parlour = Parlour::of(&votes);
    for member in parlour.nodes.iter_mut().flatten() {
        member.terms.steps = 0;
    }
    parlour.run_for(Duration::from_secs(5));
    assert_eq!(parlour.quorate().len(), votes.len());
    parlour
}

#[test]
fn where_the_search_gives_up_all_come_to_the_same_second_best_view_and_stay_in_it() {
    for seed in 0..4 {
        let mut parlour = formed();
        let views = parlour.views;
        parlour.cuts.extend(pairs(seed));
        parlour.run_for(Duration::from_secs(30));
        let first = parlour.nodes[0].as_ref().and_then(Membership::view);
        let view = first.expect("a node that lost nobody stays").clone();
        assert_eq!(view.choice, Choice::Greedy);
        let members: Vec<usize> = view.set().iter().map(NodeIndex::position).collect();
        assert_eq!(parlour.quorate(), members, "seed {seed}");
        assert_eq!(parlour.views, views + members.len(), "one view for each");
        let apart = |(one, two): &(usize, usize)| !members.contains(one) || !members.contains(two);
        assert!(pairs(seed).iter().all(apart), "they reach each other");
        let views = parlour.views;
        parlour.run_for(Duration::from_secs(60));
        assert_eq!(parlour.views, views, "and nothing changes any more");
    }
}
