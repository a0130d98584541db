//! The newest heartbeats of a path, as they stood when something was judged of it.
//!
//! XDP keeps them, and goes on overwriting them; what an event was judged by must not go with it. So they are copied into
//! its record.

use heartbeat_ebpf::slot::Announced;
use heartbeat_ebpf::trail::Step;

use super::evidence;

/// Heartbeats of a record.
pub const KEPT: usize = 12;

/// The newest of these, oldest first.
pub fn of(steps: &[Step]) -> Vec<evidence::Step> {
    let read = |step: &Step| {
        let age = Announced::unpack(step.announced.get()).agent_age_ms;
        (
            step.arrival.get(),
            step.sent.get(),
            step.sequence.get(),
            age,
        )
    };
    let mut steps: Vec<evidence::Step> = steps.iter().map(read).collect();
    steps.retain(|(arrival, ..)| *arrival != 0);
    steps.sort_unstable();
    let older = steps.len().saturating_sub(KEPT);
    steps.split_off(older)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_taken_in_the_order_of_their_arrival() {
        let steps: Vec<Step> = (0..32_u64)
            .map(|place| {
                let step = Step::default();
                step.arrival.set((place * 7 % 32) * 100);
                step.sequence.set(place * 7 % 32);
                step
            })
            .collect();
        let numbers: Vec<u64> = of(&steps).iter().map(|step| step.2).collect();
        assert_eq!(numbers, (20..32).collect::<Vec<u64>>());
        assert!(of(&[Step::default()]).is_empty(), "none was recorded");
    }
}
