//! Messages: more words than a heartbeat has, from node to node.
//!
//! A message is the core's (a report, a proposal) or a user's (a parcel). It is cut into fragments that fit any
//! network ([`fragment`]), each of which leaves as a datagram of its own, sealed ([`datagram`]). At its receiver the
//! XDP program lets through what has an authentic header; everything else is proved here: that no datagram is taken
//! twice ([`window`]), that it is of the run of the peer that is heard now, and for this run of ours. What comes
//! whole ([`assembly`]) is the core's or a user's again. The core's wait in an [`outbox`]; a user's is a [`parcel`], which
//! has a way of its own from [`lanes`] to an [`inbox`]. And one node may ask another how it is set up ([`inquiry`]).
//!
//! The awkward case is a recording. Windows are forgotten when an agent ends, and a run that has just begun could
//! not tell an old message from a new one. So each datagram says for which run of its receiver it is: a recording
//! is for an earlier one, and refused. A node therefore writes only to peers that it has heard.

pub mod assembly;
pub mod correspondent;
pub mod datagram;
pub mod fragment;
pub mod inbox;
pub mod inquiry;
pub mod lanes;
pub mod outbox;
pub mod parcel;
pub mod verdict;
pub mod window;

/// Bytes of the longest message, without what its datagrams add: a user's 64 KiB and some words about them, and
/// more than the core ever says.
pub const MESSAGE_MAX: usize = 64 * 1024 + 256;
