//! Makes the eBPF object that the agent carries, with whichever compiler this machine has.
//!
//! The XDP program is compiled for a target that stable Rust does not ship, so it takes a second
//! compiler and a linker of its own. The awkward case is the machine that has neither: tests and
//! clippy must work there all the same, while a release that silently carries no program must never
//! be built. Hence an object file that is always there and may be empty. In the dev profile a
//! missing compiler is one warning, an empty object, and a sentence (`HEARTBEAT_EBPF_MISSING`) for
//! the agent to say at run time; in the release profile, or with `HEARTBEAT_EBPF=require`, the same
//! sentence is the error that ends the build.
//!
//! Where the object comes from, first match wins:
//!
//! 1. `HEARTBEAT_EBPF_OBJECT=FILE`: that file, built elsewhere (an absolute path);
//! 2. `HEARTBEAT_EBPF=skip`: no object, whatever the profile;
//! 3. `HEARTBEAT_EBPF_TOOLCHAIN=NAME`: that rustup toolchain, or Debian's for the name `system`;
//! 4. an installed nightly with `rust-src` whose LLVM the linker can read;
//! 5. Debian's `rustc-web` with `libstd-rust-web-dev-bpf`, which brings `core` ready-made.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

#[path = "build/tools.rs"]
mod tools;

/// The object of the agent in `OUT_DIR`, and the bin target of `heartbeat-ebpf` that becomes it.
const OBJECT: &str = "heartbeat-xdp";
/// The programs to measure the agent's by, built with it.
const BENCH_OBJECT: &str = "heartbeat-bench-xdp";
/// What mends a missing compiler. The nightly is the last with LLVM 22.
const COMPILER_FIX: &str = "`apt-get install --no-install-recommends rustc-web cargo-web \
    libstd-rust-web-dev-bpf` (Debian) or `rustup toolchain install nightly-2026-05-20 \
    --component rust-src`";
/// What mends a missing linker.
const LINKER_FIX: &str = "`cargo install bpf-linker --version 0.10.3 --locked`";

fn main() {
    if let Err(error) = provide_object() {
        // Cargo prints this line alone; returning the error would drag a backtrace along.
        let sentence = format!("{error:#}").replace('\n', " ");
        println!("cargo::error={sentence}");
    }
}

/// Leaves the objects, or empty files, in `OUT_DIR`, and tells the agent why its own is empty.
fn provide_object() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out_dir = env::var_os("OUT_DIR").context("OUT_DIR is not set: run this through cargo")?;
    let out_dir = Path::new(&out_dir);
    for object in [OBJECT, BENCH_OBJECT].map(|name| out_dir.join(name)) {
        fs::write(&object, []).with_context(|| format!("write {}", object.display()))?;
    }
    let missing = make(out_dir)?.unwrap_or_default();
    println!("cargo::rustc-env=HEARTBEAT_EBPF_MISSING={missing}");
    Ok(())
}

/// Makes the objects; `Some` is the sentence that says why there are none.
fn make(out_dir: &Path) -> Result<Option<String>> {
    let wish = Wish::read()?;
    if let Some(prebuilt) = variable("HEARTBEAT_EBPF_OBJECT") {
        return copy_prebuilt(Path::new(&prebuilt), &out_dir.join(OBJECT)).map(|()| None);
    }
    if wish == Wish::Skip {
        let sentence = "built with HEARTBEAT_EBPF=skip: build it again without that variable";
        return Ok(Some(sentence.to_owned()));
    }
    if under_clippy() {
        return Ok(Some("checked by clippy, not built".to_owned()));
    }
    let chosen = variable("HEARTBEAT_EBPF_TOOLCHAIN");
    match (tools::find_toolchain(chosen)?, tools::find_linker()) {
        (Some(toolchain), Some(linker)) => build(&toolchain, &linker, out_dir).map(|()| None),
        (toolchain, linker) => without_tools(toolchain.is_some(), linker.is_some(), wish).map(Some),
    }
}

/// A variable that this script obeys; cargo runs the script again when it changes.
fn variable(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// What `HEARTBEAT_EBPF` asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// The program where it can be built; in the release profile always.
    Auto,
    /// The program, or no agent.
    Require,
    /// No program.
    Skip,
}

impl Wish {
    fn read() -> Result<Wish> {
        match variable("HEARTBEAT_EBPF").as_deref() {
            None | Some("auto") => Ok(Wish::Auto),
            Some("require") => Ok(Wish::Require),
            Some("skip") => Ok(Wish::Skip),
            Some(other) => bail!("HEARTBEAT_EBPF={other} is not one of auto, require and skip"),
        }
    }
}

/// Takes an object that was built elsewhere.
fn copy_prebuilt(prebuilt: &Path, object: &Path) -> Result<()> {
    println!("cargo::rerun-if-changed={}", prebuilt.display());
    let origin = || format!("HEARTBEAT_EBPF_OBJECT={}", prebuilt.display());
    let bytes =
        fs::read(prebuilt).with_context(|| format!("read {} (an absolute path)", origin()))?;
    if !bytes.starts_with(b"\x7fELF") {
        bail!("{} is no eBPF object: it does not begin as one", origin());
    }
    fs::write(object, bytes).with_context(|| format!("write {}", object.display()))
}

/// Clippy never runs what it checks, and cargo gives it an `OUT_DIR` of its own: an object there
/// would be a minute wasted.
fn under_clippy() -> bool {
    variable("RUSTC_WORKSPACE_WRAPPER")
        .is_some_and(|wrapper| Path::new(&wrapper).file_stem() == Some(OsStr::new("clippy-driver")))
}

/// The sentence for a machine without compiler or linker: an error where an agent without its
/// program is of no use.
fn without_tools(has_compiler: bool, has_linker: bool, wish: Wish) -> Result<String> {
    let remedy = match (has_compiler, has_linker) {
        (true, _) => format!("bpf-linker: run {LINKER_FIX}"),
        (false, true) => format!("an eBPF compiler: run {COMPILER_FIX}"),
        (false, false) => {
            format!("an eBPF compiler and bpf-linker: run {COMPILER_FIX}, then {LINKER_FIX}")
        }
    };
    let sentence = format!("the XDP program was not built for want of {remedy}");
    if wish == Wish::Require || env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        bail!(sentence);
    }
    println!("cargo::warning={sentence}");
    for witness in witnesses() {
        println!("cargo::rerun-if-changed={}", witness.display());
    }
    Ok(sentence)
}

/// Files that change when a missing tool gets installed. To watch the tool itself would not do:
/// cargo takes an absent file for a changed one, at every build.
fn witnesses() -> impl Iterator<Item = PathBuf> {
    let installed = tools::home("CARGO_HOME", ".cargo").map(|cargo| cargo.join(".crates.toml"));
    let toolchains =
        tools::home("RUSTUP_HOME", ".rustup").map(|rustup| rustup.join("update-hashes"));
    let packages = Some(PathBuf::from("/var/lib/dpkg/status"));
    [installed, toolchains, packages]
        .into_iter()
        .flatten()
        .filter(|witness| witness.exists())
}

/// Compiles and links the program.
fn build(toolchain: &str, linker: &Path, out_dir: &Path) -> Result<()> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").context("CARGO_MANIFEST_DIR is not set")?;
    let workspace = PathBuf::from(manifest).join("..");
    let source = workspace.join("heartbeat-ebpf");
    // aya-build has cargo watch the package; these shape the object too.
    for file in [workspace.join("Cargo.toml"), workspace.join("Cargo.lock")] {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    println!("cargo::rerun-if-changed={}", linker.display());
    prepare_environment(toolchain, linker, out_dir)?;
    let package = aya_build::Package {
        name: "heartbeat-ebpf",
        root_dir: source
            .to_str()
            .context("the path of this workspace is not UTF-8: move it")?,
        ..aya_build::Package::default()
    };
    aya_build::build_ebpf([package], aya_build::Toolchain::Custom(toolchain))
        .context("the XDP program did not build (the warnings above say why)")?;
    for name in [OBJECT, BENCH_OBJECT] {
        if fs::metadata(out_dir.join(name)).is_ok_and(|file| file.len() == 0) {
            bail!(
                "heartbeat-ebpf was built but left no {name}: it needs a bin target of that name"
            );
        }
    }
    Ok(())
}

/// Sets what the inner cargo, its rustc and bpf-linker read from the environment.
fn prepare_environment(toolchain: &str, linker: &Path, out_dir: &Path) -> Result<()> {
    for target in ["BPFEL", "BPFEB"] {
        set(
            &format!("CARGO_TARGET_{target}_UNKNOWN_NONE_LINKER"),
            linker,
        );
    }
    // The inner cargo's progress would appear as warnings of this package; its errors and real
    // warnings still do.
    set("CARGO_TERM_QUIET", "true");
    // These crates need one unstable feature. Naming them leaves every other as strict as stable
    // is; the value 1 would make aya-build compile `core` itself.
    set("RUSTC_BOOTSTRAP", "aya_ebpf,heartbeat_ebpf");
    if toolchain == tools::SYSTEM {
        set("LD_LIBRARY_PATH", system_llvm(out_dir)?);
    }
    Ok(())
}

/// A folder with nothing but the LLVM of the system's rustc, for bpf-linker to search first: Debian
/// keeps several versions in one place.
fn system_llvm(out_dir: &Path) -> Result<PathBuf> {
    let (major, minor) =
        tools::llvm(tools::SYSTEM).context("/usr/bin/rustc does not name its LLVM")?;
    let name = format!("libLLVM.so.{major}.{minor}");
    let host = env::var("HOST").context("HOST is not set")?;
    let library = Path::new("/usr/lib")
        .join(host.replace("-unknown-", "-"))
        .join(&name);
    if !library.exists() {
        bail!(
            "{} is missing: run `apt-get install libllvm{major}`",
            library.display()
        );
    }
    let folder = out_dir.join("llvm");
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let link = folder.join(&name);
    if !link.exists() {
        symlink(&library, &link).with_context(|| format!("create {}", link.display()))?;
    }
    Ok(folder)
}

/// Sets a variable that the inner cargo inherits: aya-build takes no environment of its own.
fn set(name: &str, value: impl AsRef<OsStr>) {
    // SAFETY: this script has one thread until aya-build starts the inner cargo, so nobody reads
    // the environment meanwhile.
    unsafe { env::set_var(name, value) };
}
