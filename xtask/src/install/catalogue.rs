//! What verbs need: how each thing is recognised, what it is for, and where it comes from.

use crate::{command, ebpf_tools};

use super::{bpffs_is_mounted, promtool};

/// Something that a verb needs on the machine.
#[derive(Clone, Copy)]
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    /// What it is needed for, as an announcement.
    pub why: &'static str,
    /// Whether it is there.
    pub present: fn() -> bool,
    /// Where it comes from.
    pub remedy: Remedy,
}

/// How a tool is installed.
#[derive(Clone, Copy)]
pub enum Remedy {
    /// Debian packages.
    Packages(&'static [&'static str]),
    /// A program from crates.io.
    Crate {
        /// Of the crate.
        name: &'static str,
        /// The one that was tried.
        version: &'static str,
    },
    /// A component of the Rust toolchain in use.
    Component(&'static str),
    /// promtool out of Debian's prometheus package.
    Promtool,
    /// The BPF file system, mounted where the agent pins.
    Bpffs,
}

const IP: Tool = Tool {
    name: "iproute2",
    why: "`ip` lays the namespaces and cables of the test networks",
    present: || command::find("ip").is_some(),
    remedy: Remedy::Packages(&["iproute2"]),
};

const NFT: Tool = Tool {
    name: "nftables",
    why: "`nft` drops frames at the switch of a test network",
    present: || command::find("nft").is_some(),
    remedy: Remedy::Packages(&["nftables"]),
};

const COMPILER: Tool = Tool {
    name: "an eBPF compiler",
    why: "compiles the XDP program; stable Rust has no target for it (rustc-web, 550 MB)",
    present: has_compiler,
    remedy: Remedy::Packages(&["rustc-web", "cargo-web", "libstd-rust-web-dev-bpf"]),
};

const LINKER: Tool = Tool {
    name: "bpf-linker",
    why: "links the XDP program (compiled here, which takes minutes)",
    present: || ebpf_tools::find_linker().is_some(),
    remedy: Remedy::Crate {
        name: "bpf-linker",
        version: "0.10.3",
    },
};

const BPFFS: Tool = Tool {
    name: "bpffs on /sys/fs/bpf",
    why: "keeps the XDP program and its maps while no agent runs",
    present: bpffs_is_mounted,
    remedy: Remedy::Bpffs,
};

const PROMTOOL: Tool = Tool {
    name: "promtool",
    why: "checks the agent's metrics (unpacked below target, no Prometheus is installed)",
    present: promtool::is_present,
    remedy: Remedy::Promtool,
};

/// `cargo fmt`.
pub const RUSTFMT: Tool = Tool {
    name: "rustfmt",
    why: "checks the format of the source",
    present: || answers("fmt"),
    remedy: Remedy::Component("rustfmt"),
};

/// `cargo clippy`.
pub const CLIPPY: Tool = Tool {
    name: "clippy",
    why: "finds mistakes in the source",
    present: || answers("clippy"),
    remedy: Remedy::Component("clippy"),
};

const DISASSEMBLER: Tool = Tool {
    name: "llvm-objdump",
    why: "prints the instructions of the XDP program",
    present: || command::find("llvm-objdump").is_some(),
    remedy: Remedy::Packages(&["llvm"]),
};

/// `cargo fuzz`.
pub const FUZZER: &[Tool] = &[
    Tool {
        name: "a C++ compiler",
        why: "compiles libFuzzer",
        present: || command::find("c++").is_some(),
        remedy: Remedy::Packages(&["g++"]),
    },
    Tool {
        name: "cargo-fuzz",
        why: "drives libFuzzer",
        present: || command::find("cargo-fuzz").is_some(),
        remedy: Remedy::Crate {
            name: "cargo-fuzz",
            version: "0.13.2",
        },
    },
];

/// What agents in namespaces need.
pub const FOR_CLUSTERS: &[Tool] = &[IP, NFT, COMPILER, LINKER, BPFFS];

/// What the XDP program alone needs.
pub const FOR_EBPF: &[Tool] = &[COMPILER, LINKER];

/// What printing its instructions needs.
pub const FOR_DISASSEMBLY: &[Tool] = &[COMPILER, LINKER, DISASSEMBLER];

/// What the checks of the source need.
pub const LINTS: &[Tool] = &[RUSTFMT, CLIPPY];

/// What all tests need.
pub const FOR_TESTS: &[Tool] = &[IP, NFT, COMPILER, LINKER, BPFFS, PROMTOOL, RUSTFMT, CLIPPY];

/// Whether the build script would find a compiler, or was told to do without.
fn has_compiler() -> bool {
    let told = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    told("HEARTBEAT_EBPF_OBJECT").is_some()
        || told("HEARTBEAT_EBPF").is_some_and(|wish| wish == "skip")
        || ebpf_tools::find_toolchain(told("HEARTBEAT_EBPF_TOOLCHAIN"))
            .is_ok_and(|toolchain| toolchain.is_some())
}

/// Whether cargo has this verb: rustup leaves stand-ins for components that are not installed.
fn answers(verb: &str) -> bool {
    command::output(&mut command::cargo([verb, "--version"])).is_ok()
}
