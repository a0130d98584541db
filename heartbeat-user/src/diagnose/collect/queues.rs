//! What waits to be sent, by interface: queueing disciplines and what they dropped.

use std::collections::BTreeMap;

use crate::diagnose::facts::Queue;
use crate::diagnose::reading::Counters;
use crate::interface::ethtool::text;
use crate::interface::netlink::{attributes, dump, u32_at};

/// Length of the struct tcmsg before the attributes; the interface's index at 4.
const TCMSG: usize = 20;
const TCA_KIND: u16 = 1;
const TCA_STATS2: u16 = 7;
/// Inside TCA_STATS2: struct gnet_stats_queue of queue length, backlog, drops, requeues and overlimits.
const TCA_STATS_QUEUE: u16 = 3;

/// The disciplines of each interface, by its index.
pub fn look() -> BTreeMap<u32, Vec<Queue>> {
    let payloads = dump(libc::RTM_GETQDISC, &[0; TCMSG]).unwrap_or_default();
    let mut queues = BTreeMap::<u32, Vec<Queue>>::new();
    for (index, queue) in payloads.iter().filter_map(|payload| decode(payload)) {
        queues.entry(index).or_default().push(queue);
    }
    queues
}

fn decode(payload: &[u8]) -> Option<(u32, Queue)> {
    let index = u32_at(payload, 4)?;
    let mut queue = Queue::default();
    for (kind, value) in attributes(payload.get(TCMSG..)?) {
        match kind {
            TCA_KIND => queue.kind = text(value),
            TCA_STATS2 => {
                let mut parts = attributes(value).filter(|(kind, _)| *kind == TCA_STATS_QUEUE);
                let part = parts.next().map_or(&[][..], |(_, part)| part);
                queue.backlog = u32_at(part, 4).unwrap_or_default();
                let dropped = u32_at(part, 8).unwrap_or_default();
                queue.counters = Counters::of([("dropped", u64::from(dropped))]);
            }
            _ => {}
        }
    }
    Some((index, queue))
}

#[cfg(test)]
mod tests {
    use crate::interface::netlink::attribute;

    use super::*;

    #[test]
    fn a_discipline_tells_what_waits_and_what_it_dropped() {
        let mut payload = vec![0; TCMSG];
        payload[4] = 3;
        payload.extend(attribute(TCA_KIND, b"fq_codel\0"));
        let numbers: Vec<u8> = [2_u32, 3000, 7, 0, 0]
            .iter()
            .flat_map(|n| n.to_ne_bytes())
            .collect();
        payload.extend(attribute(TCA_STATS2, &attribute(TCA_STATS_QUEUE, &numbers)));
        let (index, queue) = decode(&payload).expect("a discipline");
        assert_eq!(
            (index, queue.kind.as_str(), queue.backlog),
            (3, "fq_codel", 3000)
        );
        assert_eq!(queue.counters.get("dropped").total, 7);
        assert_eq!(decode(&[0; 7]), None);
    }
}
