//! The program on every switch port: XDP_PASS, two instructions.
//!
//! A veth device delivers what its peer transmits by XDP_TX only if it runs a native XDP program itself.
//! The agents' programs answer echo requests by XDP_TX, so without this each echo reply would vanish
//! between the node and its switch, as it never does between real network cards. Too small for a
//! compiler: the instructions are spelled out. It is pinned only for `ip link` to find it; a device that
//! has it keeps it, also in a lab that outlives its process.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

const BPF_FS: &str = "/sys/fs/bpf";
const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_OBJ_PIN: libc::c_long = 6;
const BPF_PROG_TYPE_XDP: u32 = 6;
const XDP_PASS: u8 = 2;
/// `r0 = XDP_PASS; exit`, eight bytes each.
const INSTRUCTIONS: [[u8; 8]; 2] = [
    [0xb7, 0, 0, 0, XDP_PASS, 0, 0, 0],
    [0x95, 0, 0, 0, 0, 0, 0, 0],
];

/// The start of `union bpf_attr` for BPF_PROG_LOAD.
#[repr(C)]
struct ProgramLoad {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
}

/// The start of `union bpf_attr` for BPF_OBJ_PIN.
#[repr(C)]
struct ObjectPin {
    path: u64,
    fd: u32,
    flags: u32,
}

/// Mounts the BPF file system where nothing is mounted yet. It is never unmounted: others may use it.
pub fn mount_bpf_fs() -> Result<()> {
    let kind = statfs(BPF_FS)
        .with_context(|| format!("look at {BPF_FS}"))?
        .filesystem_type();
    if kind != BPF_FS_MAGIC {
        mount(
            Some("bpf"),
            BPF_FS,
            Some("bpf"),
            MsFlags::empty(),
            None::<&str>,
        )
        .with_context(|| format!("mount the BPF file system on {BPF_FS}"))?;
    }
    Ok(())
}

/// Loads the program and pins it in `directory`, which must lie on the BPF file system.
pub fn pin_in(directory: &Path) -> Result<PathBuf> {
    let path = directory.join("switch-pass");
    let program = load().context("load the XDP_PASS program of the switch ports")?;
    pin(&program, &path).with_context(|| format!("pin it as {}", path.display()))?;
    Ok(path)
}

fn load() -> Result<OwnedFd> {
    let mut name = [0; 16];
    name[..11].copy_from_slice(b"switch_pass");
    let attributes = ProgramLoad {
        kind: BPF_PROG_TYPE_XDP,
        instruction_count: INSTRUCTIONS.len() as u32,
        instructions: INSTRUCTIONS.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
        name,
    };
    let fd = bpf(BPF_PROG_LOAD, &attributes)?;
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn pin(program: &OwnedFd, path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let c_path = CString::new(path.as_os_str().as_encoded_bytes())?;
    let fd = u32::try_from(program.as_raw_fd())?;
    bpf(
        BPF_OBJ_PIN,
        &ObjectPin {
            path: c_path.as_ptr() as u64,
            fd,
            flags: 0,
        },
    )?;
    Ok(())
}

fn bpf<T>(command: libc::c_long, attributes: &T) -> Result<i32> {
    // SAFETY: the attributes are a prefix of union bpf_attr of the length given, and every pointer in
    // them outlives the call; the kernel takes what lies beyond the prefix as zero.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attributes, size_of::<T>()) };
    if result < 0 {
        bail!(io::Error::last_os_error());
    }
    Ok(i32::try_from(result)?)
}
