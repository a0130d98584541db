//! How the nodes of a lab agree on their members, as far as a plan decides it.
//!
//! What a plan leaves open is not written, so that an agent's own default is what a test then sees.

use std::time::Duration;

use super::plan::{Node, Plan};

/// What the configuration says of the membership.
#[derive(Clone, Debug, Default)]
pub struct MembershipPlan {
    /// Missed heartbeats in a row, on every network that counts, until a node is suspected; absent: three times
    /// as many as end a path.
    pub regroup_after: Option<u32>,
    /// The silence after which a node is suspected whose host answers.
    pub stalled_after: Option<Duration>,
    /// How long a state holds before its event.
    pub settle: Option<Duration>,
    /// "lowest-id", or a node's name.
    pub tie_breaker: Option<&'static str>,
    /// The value as it stands in the file: `"off"`, or a table.
    pub quarantine: Option<&'static str>,
    /// Addresses to probe.
    pub witnesses: Vec<&'static str>,
    /// Nodes with more or fewer votes than one.
    pub votes: Vec<(Node, u32)>,
}

impl MembershipPlan {
    /// Missed heartbeats until a node is suspected, where so many end a path.
    pub fn regroup_after(&self, lost_after: u32) -> u32 {
        // As many times more as by default, because the default of 6 forbids more than 5 missed ones.
        self.regroup_after.unwrap_or(3 * lost_after)
    }

    /// The line of a node's table, if it has not one vote as everybody.
    pub fn votes_line(&self, node: Node) -> String {
        let votes = self.votes.iter().find(|(voter, _)| *voter == node);
        votes.map_or_else(String::new, |(_, votes)| format!("votes = {votes}\n"))
    }

    /// The table, if it says anything.
    pub fn table(&self) -> String {
        let ms = |time: Duration| format!("\"{}ms\"", time.as_millis());
        let quoted = |text: &str| format!("\"{text}\"");
        let witnesses: Vec<String> = self.witnesses.iter().map(|at| quoted(at)).collect();
        let lines = [
            ("stalled_after", self.stalled_after.map(ms)),
            ("settle", self.settle.map(ms)),
            ("tie_breaker", self.tie_breaker.map(quoted)),
            ("quarantine", self.quarantine.map(str::to_owned)),
            (
                "witness",
                (!witnesses.is_empty()).then(|| format!("[{}]", witnesses.join(", "))),
            ),
        ];
        let said: String = lines
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)))
            .collect();
        match said.is_empty() {
            true => said,
            false => format!("\n[membership]\n{said}"),
        }
    }
}

/// How the nodes agree on their members.
impl Plan {
    /// Sets how many missed heartbeats make a node suspected.
    pub fn regroup_after(mut self, missed: u32) -> Self {
        self.membership.regroup_after = Some(missed);
        self
    }

    /// Sets after which silence a node is suspected whose host answers; at least 1 s.
    pub fn stalled_after(mut self, silence: Duration) -> Self {
        self.membership.stalled_after = Some(silence);
        self
    }

    /// Sets how long a state holds before its event.
    pub fn settle(mut self, time: Duration) -> Self {
        self.membership.settle = Some(time);
        self
    }

    /// Sets who goes on when the votes split in half.
    pub fn tie_breaker(mut self, name: &'static str) -> Self {
        self.membership.tie_breaker = Some(name);
        self
    }

    /// Sets when a node is kept out, as the configuration writes it.
    pub fn quarantine(mut self, value: &'static str) -> Self {
        self.membership.quarantine = Some(value);
        self
    }

    /// Adds an address to probe.
    pub fn witness(mut self, address: &'static str) -> Self {
        self.membership.witnesses.push(address);
        self
    }

    /// Sets a node's votes.
    pub fn votes(mut self, node: Node, votes: u32) -> Self {
        self.membership.votes.push((node, votes));
        self
    }

    /// From a node's last heartbeat to the moment at which it is suspected.
    pub fn suspicion_time(&self) -> Duration {
        let missed = self.membership.regroup_after(self.lost_after);
        self.detection_time() + self.interval * (missed - self.lost_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plan_leaves_open_is_not_written() {
        let plan = Plan::nodes(2).two_networks();
        assert_eq!(plan.membership.table(), "");
        assert_eq!(plan.membership.votes_line(Node(0)), "");
        let plan = plan
            .settle(Duration::from_millis(300))
            .quarantine("\"off\"")
            .witness("10.77.1.9")
            .votes(Node(1), 2);
        assert_eq!(
            plan.membership.table(),
            "\n[membership]\nsettle = \"300ms\"\nquarantine = \"off\"\nwitness = [\"10.77.1.9\"]\n"
        );
        assert_eq!(plan.membership.votes_line(Node(1)), "votes = 2\n");
    }

    #[test]
    fn suspicion_takes_as_many_intervals_longer_as_it_takes_missed_heartbeats() {
        let plan = Plan::nodes(2).timing(Duration::from_millis(100), 3);
        assert_eq!(
            plan.clone().regroup_after(6).suspicion_time(),
            Duration::from_micros(612_500)
        );
        assert_eq!(plan.suspicion_time(), Duration::from_micros(912_500));
    }
}
