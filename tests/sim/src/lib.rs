//! The simulator: clusters of real cores in a world that is made of a seed.
//!
//! What a membership protocol does wrong, it does once in a million runs, and never twice. So here time,
//! wires, machines and their faults are made of numbers, and a run that fails fails again from its seed,
//! with every step told. Real are the core, as it is shipped, and the contract's code that stamps, answers and
//! counts; made up is what lies between them.
//!
//! In the order of a run: [`shape`] is the cluster, [`script`] what goes wrong, [`world`] runs it, over
//! [`host`]s with their [`clock`]s and [`kernel`]s and the [`lanes`] between them; [`truth`] is what really
//! happened, [`check`] what must hold, [`coverage`] what was met, [`transcript`] the story. [`seeds`] runs many,
//! [`mutant`] breaks what they must notice, [`scenario`] tells the named ones.

pub mod check;
pub mod clock;
pub mod coverage;
pub mod host;
pub mod kernel;
pub mod lanes;
pub mod mutant;
pub mod queue;
pub mod random;
pub mod scenario;
pub mod script;
pub mod seeds;
pub mod shape;
pub mod transcript;
pub mod truth;
pub mod world;
