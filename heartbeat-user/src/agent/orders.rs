//! Orders by operators.
//!
//! Whatever can't be done is refused with a sentence; nothing is taken and then forgotten.

use super::Agent;
use crate::request::{Answer, Asker, Order};

impl Agent {
    /// Carries out an order, or says why not.
    pub(super) fn order(&mut self, order: Order, asker: Asker) -> Answer {
        let (what, instead) = match order {
            Order::Reload => ("reload its configuration", "restart it instead"),
            Order::Leave => ("announce that it leaves", "stop it with SIGTERM instead"),
            Order::Maintenance(_) => ("keep a maintenance", "tell whoever reads the events"),
        };
        log::info!("{asker} asked the agent to {what}");
        Err(format!("this release's agent can't {what}: {instead}"))
    }
}
