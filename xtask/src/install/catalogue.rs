//! What verbs need: how each thing is recognised, what it is for, and where it comes from.

use crate::{command, ebpf_tools};

use super::bpffs_is_mounted;
use super::fetched;
use super::unpacked::{self, Program};

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
    /// One program out of a Debian package.
    Unpacked(Program),
    /// Debian packages, as files.
    Fetched(&'static [&'static str]),
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
    why: "checks the agent's metrics and the alerts on them (unpacked below target, no Prometheus is installed)",
    present: || unpacked::PROMTOOL.is_present(),
    remedy: Remedy::Unpacked(unpacked::PROMTOOL),
};

const AMTOOL: Tool = Tool {
    name: "amtool",
    why: "checks the example for Alertmanager (unpacked below target, no Alertmanager is installed)",
    present: || unpacked::AMTOOL.is_present(),
    remedy: Remedy::Unpacked(unpacked::AMTOOL),
};

const PROMETHEUS: Tool = Tool {
    name: "prometheus",
    why: "scrapes agents in a test network (unpacked below target, not installed)",
    present: || unpacked::PROMETHEUS.is_present(),
    remedy: Remedy::Unpacked(unpacked::PROMETHEUS),
};

const ALERTMANAGER: Tool = Tool {
    name: "prometheus-alertmanager",
    why: "routes their alerts in a test network (unpacked below target, not installed)",
    present: || unpacked::ALERTMANAGER.is_present(),
    remedy: Remedy::Unpacked(unpacked::ALERTMANAGER),
};

const SSH: Tool = Tool {
    name: "openssh-client",
    why: "`ssh` reaches the hosts of a deployment",
    present: || command::find("ssh").is_some() && command::find("ssh-keygen").is_some(),
    remedy: Remedy::Packages(&["openssh-client"]),
};

const HOSTS: Tool = Tool {
    name: "sshd and sudo for test hosts",
    why: "log an operator in to hosts of a test network (fetched below target, for those hosts alone; nothing is installed)",
    present: || fetched::are_present(FOR_HOSTS),
    remedy: Remedy::Fetched(FOR_HOSTS),
};

/// Packages that test hosts unpack into their own roots, with what a small Debian may lack of their libraries.
const FOR_HOSTS: &[&str] = &[
    "openssh-server",
    "sudo",
    "libwrap0",
    "libnsl2",
    "libtirpc3",
    "libtirpc-common",
];

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

const QEMU: Tool = Tool {
    name: "qemu",
    why: "boots an older kernel, emulated in software",
    present: || command::find("qemu-system-x86_64").is_some(),
    remedy: Remedy::Packages(&["qemu-system-x86"]),
};

const BUSYBOX: Tool = Tool {
    name: "busybox",
    why: "is the userland of a guest, and packs its root",
    present: || command::find("busybox").is_some(),
    remedy: Remedy::Packages(&["busybox-static"]),
};

const SETPRIV: Tool = Tool {
    name: "setpriv",
    why: "starts the agent of a guest with two capabilities",
    present: || command::find("setpriv").is_some(),
    remedy: Remedy::Packages(&["util-linux"]),
};

const STRIP: Tool = Tool {
    name: "strip",
    why: "takes out of the agent what only a debugger needs, for a guest's root is its memory",
    present: || command::find("strip").is_some(),
    remedy: Remedy::Packages(&["binutils"]),
};

const GIT: Tool = Tool {
    name: "git",
    why: "tells the date that packages bear",
    present: || command::find("git").is_some(),
    remedy: Remedy::Packages(&["git"]),
};

const XZ: Tool = Tool {
    name: "xz",
    why: "compresses a tarball",
    present: || command::find("xz").is_some(),
    remedy: Remedy::Packages(&["xz-utils"]),
};

const SHLIBDEPS: Tool = Tool {
    name: "dpkg-shlibdeps",
    why: "tells which libraries a Debian package needs",
    present: || command::find("dpkg-shlibdeps").is_some(),
    remedy: Remedy::Packages(&["dpkg-dev"]),
};

const RPMBUILD: Tool = Tool {
    name: "rpmbuild",
    why: "packs an RPM",
    present: || command::find("rpmbuild").is_some(),
    remedy: Remedy::Packages(&["rpm"]),
};

const SYSTEMD_ANALYZE: Tool = Tool {
    name: "systemd-analyze",
    why: "judges the agent's unit (nothing of systemd is started)",
    present: || command::find("systemd-analyze").is_some(),
    remedy: Remedy::Packages(&["systemd"]),
};

const MANDOC: Tool = Tool {
    name: "mandoc",
    why: "judges the manual pages",
    present: || command::find("mandoc").is_some(),
    remedy: Remedy::Packages(&["mandoc"]),
};

const SHELLCHECK: Tool = Tool {
    name: "shellcheck",
    why: "judges hooks and maintainer scripts",
    present: || command::find("shellcheck").is_some(),
    remedy: Remedy::Packages(&["shellcheck"]),
};

const LINTIAN: Tool = Tool {
    name: "lintian",
    why: "judges the Debian package",
    present: || command::find("lintian").is_some(),
    remedy: Remedy::Packages(&["lintian"]),
};

const DEBOOTSTRAP: Tool = Tool {
    name: "debootstrap",
    why: "makes a Debian root to install the package in",
    present: || command::find("debootstrap").is_some(),
    remedy: Remedy::Packages(&["debootstrap"]),
};

/// What making packages needs.
pub const FOR_PACKAGES: &[Tool] = &[COMPILER, LINKER, STRIP, GIT, XZ, SHLIBDEPS, RPMBUILD];

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

/// What the long tests need beside that.
pub const FOR_LONG_TESTS: &[Tool] = &[
    Tool {
        name: "chromium",
        why: "shows the agent's page as its readers see it (290 MB)",
        present: || command::find("chromium").is_some(),
        remedy: Remedy::Packages(&["chromium", "fonts-dejavu-core"]),
    },
    STRIP,
    GIT,
    XZ,
    SHLIBDEPS,
    RPMBUILD,
    LINTIAN,
    DEBOOTSTRAP,
];

/// What agents in namespaces need.
pub const FOR_CLUSTERS: &[Tool] = &[IP, NFT, COMPILER, LINKER, BPFFS];

/// What the XDP program alone needs.
pub const FOR_EBPF: &[Tool] = &[COMPILER, LINKER];

/// What a deployment needs: an agent with its program, and a way to the hosts.
pub const FOR_DEPLOYMENT: &[Tool] = &[COMPILER, LINKER, SSH];

/// What a guest with an older kernel needs.
pub const FOR_KERNELS: &[Tool] = &[IP, COMPILER, LINKER, QEMU, BUSYBOX, SETPRIV, STRIP];

/// What printing its instructions needs.
pub const FOR_DISASSEMBLY: &[Tool] = &[COMPILER, LINKER, DISASSEMBLER];

/// What the checks of the source need.
pub const LINTS: &[Tool] = &[RUSTFMT, CLIPPY];

/// What all tests need.
pub const FOR_TESTS: &[Tool] = &[
    IP,
    NFT,
    COMPILER,
    LINKER,
    BPFFS,
    PROMTOOL,
    AMTOOL,
    PROMETHEUS,
    ALERTMANAGER,
    SSH,
    HOSTS,
    SYSTEMD_ANALYZE,
    MANDOC,
    SHELLCHECK,
    SETPRIV,
    RUSTFMT,
    CLIPPY,
];

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
