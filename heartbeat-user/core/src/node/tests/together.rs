//! Nodes that hear each other and exchange their messages.

use super::*;
use crate::config::NetworkIndex;
use crate::message::Message;

/// Three nodes on one network that counts, as node `me` of them.
fn member(me: u16) -> Node {
    let mut config = config(3);
    config.node = NodeId::new(me).expect("not zero");
    config.name = std::format!("node-{me}");
    config.nodes.truncate(3);
    config.networks[0].role = Role::Counts;
    config.networks[0].attached = NodeSet::first(3);
    config.paths.retain(|path| path.peer != config.node);
    Node::new(config, Incarnation(u64::from(me)))
}

#[test]
fn nodes_that_hear_each_other_agree_on_a_view_and_keep_it() {
    let mut nodes: Vec<Node> = (1..=3).map(member).collect();
    let mut wire: Vec<(usize, usize, Message)> = Vec::new();
    let mut told: Vec<(usize, u32)> = Vec::new();
    let mut posts = [0; 3];
    for tick in 1..=400 {
        let ms = 1_000 + tick * 10;
        for (from, to, message) in core::mem::take(&mut wire) {
            let input = Input::Message {
                from: nodes[from].config().node,
                incarnation: Incarnation(from as u64 + 1),
                message: &message,
            };
            let mut actions = Vec::new();
            nodes[to].handle(at(ms), input, &mut actions);
            carry_out(to, actions, &mut wire, &mut told, &mut posts);
        }
        for (me, node) in nodes.iter_mut().enumerate() {
            let last = ms - ms % 100;
            let arrivals: Vec<Arrival> = (0..2)
                .map(|path| {
                    let peer = node.config().paths[path as usize].peer.number();
                    Arrival {
                        incarnation: Incarnation(u64::from(peer)),
                        reply: None,
                        ..heard(path, last)
                    }
                })
                .collect();
            let mut actions = Vec::new();
            let input = Input::Sweep {
                arrivals: &arrivals,
                gaps: &[],
            };
            node.handle(at(ms), input, &mut actions);
            carry_out(me, actions, &mut wire, &mut told, &mut posts);
        }
    }
    assert_eq!(
        nodes.iter().map(|node| node.epoch().0).collect::<Vec<_>>(),
        [1, 1, 1],
        "{told:?} {posts:?}"
    );
    assert!(nodes.iter().all(|node| node.is_quorate(at(5_000))));
    assert_eq!(nodes[0].network_state(NetworkIndex(0)).label(), "up");
    assert!(
        posts.iter().all(|posts| (80..200).contains(posts)),
        "{posts:?}"
    );
}

/// Of two peers one was last heard at `last`, and sends a word after it would have been suspected, while what the
/// other has sent since lies unread in its slot.
#[test]
fn a_message_makes_nobody_suspect_a_peer_whose_slot_is_unread() {
    let mut node = member(1);
    let sweep = |node: &mut Node, ms, last: [u64; 2]| {
        let arrival = |(path, last): (u32, &u64)| Arrival {
            incarnation: Incarnation(u64::from(path) + 2),
            reply: None,
            ..heard(path, *last)
        };
        let arrivals: Vec<Arrival> = (0..).zip(&last).map(arrival).collect();
        let input = Input::Sweep {
            arrivals: &arrivals,
            gaps: &[],
        };
        node.handle(at(ms), input, &mut Vec::new());
        let membership = node.membership.as_ref().expect("it has begun");
        membership.reaches().contains(NodeIndex(1))
    };
    assert!(sweep(&mut node, 1_000, [1_000, 1_000]));
    let message = Message::Accept(crate::view::Epoch(1));
    let input = Input::Message {
        from: NodeId::new(3).expect("not zero"),
        incarnation: Incarnation(3),
        message: &message,
    };
    let late = 30_000;
    let mut actions = Vec::new();
    node.handle(at(late), input, &mut actions);
    assert_eq!(actions, []);
    assert!(node.next_deadline().is_some_and(|due| due <= at(late)));
    let mut unread = node.clone();
    assert!(sweep(&mut unread, late, [late - 10, late - 10]));
    assert!(
        !sweep(&mut node, late, [1_000, late - 10]),
        "it would have been suspected"
    );
}

fn carry_out(
    me: usize,
    actions: Vec<Action>,
    wire: &mut Vec<(usize, usize, Message)>,
    told: &mut Vec<(usize, u32)>,
    posts: &mut [u32; 3],
) {
    for action in actions {
        match action {
            Action::Post { to, message, .. } => {
                for node in to.iter() {
                    posts[me] += 1;
                    wire.push((me, node.position(), message.clone()));
                }
            }
            Action::Emit(event, _) => told.push((me, event.kind().id())),
            _ => {}
        }
    }
}
