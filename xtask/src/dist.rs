//! `cargo xtask dist`: what is shipped, as a Debian package, an RPM and a tarball.
//!
//! All three hold one tree, which is laid out once: whatever is true of one of them, a file's place or its mode, is
//! true of the others. The awkward case is time: two builds of one commit must be the same bytes, or nobody can tell
//! whether a package holds what its source says. So no clock is read; every date is that of the last commit, or
//! SOURCE_DATE_EPOCH.

mod deb;
mod rpm;
mod tarball;
mod tree;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::{command, install};

/// What `cargo xtask dist` may be told.
#[derive(clap::Args)]
pub struct Options {
    /// Where the packages go; without it `dist` below the target folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Which packages of this version these are: a change of the packaging alone counts this up.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    revision: u32,
    /// The profile that the agent is built with.
    #[arg(long, value_name = "NAME", default_value = "release")]
    profile: String,
}

/// What all packages of a run have in common.
struct Release {
    version: &'static str,
    revision: u32,
    /// Seconds since 1970.
    date: u64,
    /// The staged tree, as it is to lie below `/`.
    tree: PathBuf,
    /// Where the packages go.
    out: PathBuf,
    /// For what is needed on the way.
    scratch: PathBuf,
}

/// Builds and packs.
pub fn run(options: &Options) -> Result<ExitCode> {
    install::require(install::FOR_PACKAGES)?;
    let built = build(&options.profile)?;
    let scratch = command::target_dir()?.join("packages");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("clear {}", scratch.display()))?;
    }
    let out = match &options.out {
        Some(out) => std::path::absolute(out).context("find the folder for the packages")?,
        None => command::target_dir()?.join("dist"),
    };
    let release = Release {
        version: env!("CARGO_PKG_VERSION"),
        revision: options.revision,
        date: date()?,
        tree: scratch.join("tree"),
        out,
        scratch,
    };
    for folder in [&release.tree, &release.out] {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    tree::lay_out(&release, &built)?;
    for package in [
        deb::pack(&release)?,
        rpm::pack(&release)?,
        tarball::pack(&release)?,
    ] {
        println!("{}", package.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What the compiler made.
struct Built {
    agent: PathBuf,
    manual: PathBuf,
}

fn build(profile: &str) -> Result<Built> {
    // In one go: each by itself would have the dependencies built once more, with other features.
    let mut cargo = command::cargo(["build", "--package", "heartbeat-user", "--locked"]);
    cargo.args(["--bin", "heartbeat", "--example", "manual"]);
    command::run(cargo.args(["--profile", profile]))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let built = command::target_dir()?.join(folder);
    let agent = built.join("heartbeat");
    refuse_without_program(&agent)?;
    Ok(Built {
        agent,
        manual: built.join("examples/manual"),
    })
}

/// Without an eBPF compiler an agent can be built that has nothing to attach: nobody may be given that one.
fn refuse_without_program(agent: &PathBuf) -> Result<()> {
    let bytes = fs::read(agent).with_context(|| format!("read {}", agent.display()))?;
    let section = b"Dual MIT/GPL\0";
    if !bytes.windows(section.len()).any(|window| window == section) {
        bail!(
            "the agent was built without its XDP program: `cargo xtask ebpf build` says what is missing"
        );
    }
    Ok(())
}

/// The date that everything bears.
fn date() -> Result<u64> {
    let told = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(told) => told,
        Err(_) => command::output(&mut git(["log", "-1", "--format=%ct"]))
            .context("ask for the date of the last commit; SOURCE_DATE_EPOCH may say another")?,
    };
    told.trim()
        .parse()
        .with_context(|| format!("read the date {told:?}: allowed are seconds since 1970"))
}

/// Who answers for the packages: DEBFULLNAME and DEBEMAIL, else whoever made the last commit.
fn maintainer() -> Result<String> {
    if let (Ok(name), Ok(email)) = (std::env::var("DEBFULLNAME"), std::env::var("DEBEMAIL")) {
        return Ok(format!("{name} <{email}>"));
    }
    let author = command::output(&mut git(["log", "-1", "--format=%an <%ae>"]))
        .context("ask who made the last commit; DEBFULLNAME and DEBEMAIL may say another")?;
    Ok(author.trim().to_owned())
}

fn git<const N: usize>(arguments: [&str; N]) -> std::process::Command {
    let mut git = command::command("git");
    git.args(arguments);
    git
}

impl Release {
    /// Where a file of the tree is staged.
    fn staged(&self, place: &str) -> PathBuf {
        self.tree.join(place)
    }

    /// A date in words, as date(1) writes them by this format.
    fn written(&self, format: &str) -> Result<String> {
        let mut date = command::command("date");
        date.env("LC_ALL", "C").arg("--utc");
        date.args([format!("--date=@{}", self.date), format!("+{format}")]);
        Ok(command::output(&mut date)?.trim().to_owned())
    }
}

/// A file of the source.
fn source(path: &str) -> PathBuf {
    command::root().join(path)
}

/// What is told of the package in a list.
const SUMMARY: &str = "cluster heartbeat monitor stamped by XDP";
/// The same for those who look closer, a paragraph a line.
const DESCRIPTION: [&str; 2] = [
    "Every node sends small sequenced datagrams from each of its network interfaces to those of every other node. \
     An XDP program stamps their arrival; an agent judges from these stamps, reports losses with their causes as \
     numbered events, agrees with the other nodes on the membership, and exports metrics for Prometheus.",
    "It goes on stamping while its agent is restarted or upgraded, and fences nothing.",
];
