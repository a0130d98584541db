//! All scenarios, in the order in which an operator might meet them: networks, then nodes, then the whole.

use super::Scenario;
use super::setting::{
    EVERYWHERE, NET_1, at, cut, cut_one_way, defaults, five, for_good, lasting, nodes,
};
use crate::script::{Fault, Trouble};

/// Every scenario.
pub const ALL: [Scenario; 19] = [
    Scenario {
        name: "cable-out",
        sentence: "The cable of c comes out of net-1, and its kernel says so.",
        shape: five,
        script: || vec![lasting(40, 70, at(2, Trouble::Cable(0)))],
    },
    Scenario {
        name: "cable-out-silently",
        sentence: "Nothing gets to c or from it on net-1, and its kernel notices nothing.",
        shape: five,
        script: || vec![lasting(40, 70, cut(NET_1, nodes([2]), nodes([0, 1, 3, 4])))],
    },
    Scenario {
        name: "cable-flapping",
        sentence: "The cable of c on net-1 is out for three seconds, seven times.",
        shape: five,
        script: || {
            let times = (0..7).map(|time| 40 + 8 * time);
            times
                .map(|from| lasting(from, from + 3, at(2, Trouble::Cable(0))))
                .collect()
        },
    },
    Scenario {
        name: "switch-dead",
        sentence: "The switch of net-1 forwards nothing, and its ports stay up.",
        shape: five,
        script: || vec![lasting(40, 70, cut(NET_1, nodes(0..5), nodes(0..5)))],
    },
    Scenario {
        name: "pair-cut",
        sentence: "a and c lose each other on net-1.",
        shape: five,
        script: || vec![lasting(40, 70, cut(NET_1, nodes([0]), nodes([2])))],
    },
    Scenario {
        name: "pair-cut-one-way",
        sentence: "On net-1 nothing gets from a to c; the way back works.",
        shape: five,
        script: || vec![lasting(40, 70, cut_one_way(NET_1, nodes([0]), nodes([2])))],
    },
    Scenario {
        name: "pair-cut-everywhere",
        sentence: "a and c lose each other on all networks.",
        shape: five,
        script: || vec![lasting(40, 90, cut(EVERYWHERE, nodes([0]), nodes([2])))],
    },
    Scenario {
        name: "pair-cut-one-way-everywhere",
        sentence: "Nothing gets from a to c on any network; the way back works.",
        shape: five,
        script: || {
            vec![lasting(
                40,
                90,
                cut_one_way(EVERYWHERE, nodes([0]), nodes([2])),
            )]
        },
    },
    Scenario {
        name: "split",
        sentence: "a and b lose c, d and e on all networks.",
        shape: five,
        script: || vec![lasting(40, 70, cut(EVERYWHERE, nodes(0..2), nodes(2..5)))],
    },
    Scenario {
        name: "two-nodes-split",
        sentence: "The two nodes of a cluster lose each other on both networks; a is the tie breaker.",
        shape: || defaults(2, 2),
        script: || vec![lasting(40, 70, cut(EVERYWHERE, nodes([0]), nodes([1])))],
    },
    Scenario {
        name: "agent-killed",
        sentence: "The agent of e is killed and not started again; its kernel goes on to answer.",
        shape: five,
        script: || vec![for_good(40, at(4, Trouble::Kill))],
    },
    Scenario {
        name: "host-off",
        sentence: "The host of e loses power, and boots after a minute.",
        shape: five,
        script: || vec![lasting(40, 100, at(4, Trouble::PowerOff))],
    },
    Scenario {
        name: "frozen-briefly",
        sentence: "The machine of e stands still for four seconds: lost, but not suspected.",
        shape: five,
        script: || vec![lasting(40, 44, at(4, Trouble::Freeze))],
    },
    Scenario {
        name: "frozen-long",
        sentence: "The machine of e stands still for twenty seconds: it is removed, and comes back.",
        shape: five,
        script: || vec![lasting(40, 60, at(4, Trouble::Freeze))],
    },
    Scenario {
        name: "slow",
        sentence: "The loop of e is late again and again, for a minute.",
        shape: five,
        script: || vec![lasting(40, 100, at(4, Trouble::Slow))],
    },
    Scenario {
        name: "restart",
        sentence: "The agent of e says that it restarts, and is back after five seconds.",
        shape: five,
        script: || vec![lasting(40, 45, at(4, Trouble::Restart))],
    },
    Scenario {
        name: "leave",
        sentence: "The agent of e says that it leaves, and another run begins after thirty seconds.",
        shape: five,
        script: || vec![lasting(40, 70, at(4, Trouble::Leave))],
    },
    Scenario {
        name: "join-late",
        sentence: "The host of e is off when the others form a view, and boots later.",
        shape: five,
        script: || vec![lasting(0, 40, at(4, Trouble::PowerOff))],
    },
    Scenario {
        name: "blackout",
        sentence: "All hosts lose power at once and boot after twenty seconds.",
        shape: five,
        script: || vec![lasting(40, 60, Fault::Blackout)],
    },
];
