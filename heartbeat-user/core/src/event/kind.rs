//! Numbers, names and severities: a number never changes its meaning, and operators search for it.

/// How much an event matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it.
    Warning,
    /// Something is broken.
    Error,
    /// Somebody must act now.
    Critical,
}

impl Severity {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $id:literal $severity:ident,)*) => {
        /// What kind of event.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)*
        }

        impl EventKind {
            /// All kinds, by number.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind,)*];

            /// The number, which never changes its meaning.
            pub const fn id(self) -> u32 {
                match self {
                    $(EventKind::$kind => $id,)*
                }
            }

            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(EventKind::$kind => stringify!($kind),)*
                }
            }

            /// The severity.
            pub const fn severity(self) -> Severity {
                match self {
                    $(EventKind::$kind => Severity::$severity,)*
                }
            }
        }
    };
}

kinds! {
    /// Heard for the first time, or again after 1123.
    PathRestored 1122 Info,
    /// `lost_after` heartbeats in a row missed on a path that was heard before.
    PathLost 1123 Warning,
    /// This node's own interface failed.
    LocalInterfaceFailed 1124 Warning,
    /// An interface reaches all others on its network that are neither failed nor unavailable.
    InterfaceUp 1125 Info,
    /// It misses one of those, and where the fault lies is not determined.
    InterfaceUnreachable 1126 Warning,
    /// The fault is isolated to that interface.
    InterfaceFailed 1127 Error,
    /// All interfaces that are neither failed nor unavailable reach each other.
    NetworkUp 1128 Info,
    /// Some pair of them cannot.
    NetworkPartitioned 1129 Error,
    /// None can.
    NetworkDown 1130 Error,
    /// By configuration.
    InterfaceAdded 1131 Info,
    /// By configuration.
    InterfaceRemoved 1132 Info,
    /// By configuration.
    NetworkAdded 1133 Info,
    /// By configuration.
    NetworkRemoved 1134 Info,
    /// A node was removed from the active membership.
    MemberRemoved 1135 Critical,
    /// This node's side lost the quorum it had.
    QuorumLost 1177 Critical,
    /// A peer's host answers while its agent does not do its work.
    AgentStalled 334_301 Warning,
    /// That is over.
    AgentResumed 334_302 Info,
    /// Announced: a path that left is not lost and misses nothing.
    NodeLeft 334_303 Info,
    /// Announced: verdicts wait.
    AgentRestarting 334_304 Info,
    /// A peer runs another configuration.
    ConfigDiffers 334_305 Warning,
    /// Unicast works where the group does not.
    MulticastFailed 334_306 Warning,
    /// This node's incarnation went back.
    IncarnationRefused 334_307 Warning,
    /// Five losses within ten minutes.
    PathFlapping 334_308 Warning,
    /// This node's own timing was too late to judge by.
    SelfStarved 334_309 Warning,
    /// A node joined the active membership.
    MemberJoined 334_310 Info,
    /// A node is kept out after repeated ungraceful exits.
    Quarantined 334_311 Warning,
    /// Leave, reload, maintenance, key change.
    Operator 334_312 Info,
    /// Late or losing, not yet lost.
    PathLate 334_313 Info,
}
