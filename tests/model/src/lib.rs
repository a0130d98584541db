//! A model check of the membership: whatever can go wrong within bounds, in every order.
//!
//! The simulator draws faults; here none is left out. Two to four nodes of the core that is shipped are taken
//! through every sequence of cuts, crashes, restarts, pauses and departures, lost, late and repeated messages that a
//! [`bounds::Bounds`] allows, and in every state the [`law`]s are looked at. The awkward case is time, which never
//! comes back: it passes in steps, and all moments are kept as offsets from now ([`scale`]), so that a cluster
//! that has settled is in a state that was seen before, and the search ends.
//!
//! How a run goes: [`scopes`] names the searches. Each [`search`] takes one [`world::World`] after the other, and each
//! [`step::Step`] makes the next one out of [`host::Host`]s and [`letter::Letter`]s. From states on the way the cluster
//! is let come to rest ([`calm`]), in one view of all. [`coverage`] counts what was come by, for a check that
//! never saw a node removed has shown nothing; [`mutant`] breaks what the protocol stands on, for a check that
//! never fails has shown as little.
//!
//! What keeps the search small, and what each of it leaves out:
//!
//! - *Time passes once all messages have come.* A message that is late is a trick of the network and counts as
//!   one, like a lost one and one that comes twice; it may then come at any moment. Nothing is left out but
//!   numbers of tricks above the bound.
//! - *Turns of one moment are one step.* Nodes share nothing but messages, so that their order makes no difference.
//! - *Messages come in the order in which they were sent*, unless [`bounds::Order`] says otherwise: one that is
//!   overtaken is a late one, and counts as a trick.
//! - *Clocks run alike*, and one step is one interval. Margins for clocks that do not are set to nothing, so that a
//!   lease ends at the very moment from which the promise does not bind any more.

pub mod bounds;
pub mod calm;
pub mod coverage;
pub mod history;
pub mod host;
pub mod law;
pub mod letter;
pub mod mutant;
pub mod print;
pub mod scale;
pub mod scopes;
pub mod search;
pub mod step;
pub mod story;
pub mod world;
