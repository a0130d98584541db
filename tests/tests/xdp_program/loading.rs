//! What the verifier says, and what the object brings.

use anyhow::{Context, Result};
use aya::programs::Xdp;
use heartbeat_ebpf::map::{FRAMES_MAX, NAMES, NETWORKS_MAX, PATHS_MAX};
use heartbeat_tests::program::{Program, open, verify};
use heartbeat_tests::suite::Test;

pub const TESTS: &[Test] = &[
    (
        "the verifier accepts every program, and what that took is printed",
        verified,
    ),
    (
        "the object has every map of the contract with its size",
        maps,
    ),
];

fn verified() -> Result<()> {
    let programs = [
        (heartbeat_user::object::program()?, "heartbeat"),
        (heartbeat_user::object::program()?, "heartbeat_traced"),
        (heartbeat_user::object::BENCH, "heartbeat_again"),
        (heartbeat_user::object::BENCH, "empty"),
    ];
    for (object, name) in programs {
        if object.is_empty() {
            println!("{name}: not in this build, whose program was built elsewhere");
            continue;
        }
        let mut ebpf = open(object)?;
        let program: &mut Xdp = verify(&mut ebpf, name)?;
        let info = program.info().context("ask the kernel about the program")?;
        let instructions = info.verified_instruction_count();
        println!(
            "{name}: {} instructions verified, {} bytes translated, {} bytes of machine code",
            instructions.map_or("unknown".to_owned(), |count| count.to_string()),
            info.size_translated().unwrap_or_default(),
            info.size_jitted(),
        );
    }
    Ok(())
}

fn maps() -> Result<()> {
    let mut ebpf = open(heartbeat_user::object::program()?)?;
    for name in NAMES {
        assert!(ebpf.map(name).is_some(), "{name} is missing");
    }
    assert!(ebpf.map("NOSUCH").is_none());
    let frames = ebpf.take_map("FRAMES").context("FRAMES")?;
    let frames: aya::maps::PerCpuArray<_, u64> = frames.try_into()?;
    assert_eq!(frames.len() as usize, FRAMES_MAX);
    drop(frames);
    let program = Program::load()?;
    assert_eq!(program.slots.entries(), PATHS_MAX);
    assert_eq!(program.echoes.entries(), PATHS_MAX);
    assert_eq!(program.controls.entries(), PATHS_MAX);
    assert_eq!(program.networks.entries(), NETWORKS_MAX);
    Ok(())
}
