//! A node without power: its agent is gone, and its host answers nothing.
//!
//! An agent that is killed leaves a host behind that goes on answering echo requests, and that is something else:
//! peers know that the host lives. So whoever loses power loses its ports as well. When it is back, its kernel
//! remembers nothing, while the disk does.

use anyhow::Result;

use super::Lab;
use super::fault::{Fault, at_once};
use super::plan::Node;

/// Power.
impl Lab {
    /// The node loses its power. Give what this returns to [`Lab::power_on`].
    pub fn power_off(&mut self, node: Node) -> Result<Fault> {
        // The kernel takes its time to end a process, and would answer for its host meanwhile; what is stopped is
        // silent at once, and sees nothing of the ports' end.
        self.pause_agent(node)?;
        let pull = |network| Fault::device_down(self.switch(network), &node.to_string());
        let ports = at_once(self.plan.all_networks(), pull)?;
        self.kill_agent(node)?;
        Ok(Fault::together(format!("{node} without power"), ports))
    }

    /// The node boots, and its agent starts.
    pub fn power_on(&mut self, node: Node, off: Fault) -> Result<()> {
        self.detach_node(node)?;
        off.heal()?;
        self.start_agent(node)
    }
}
