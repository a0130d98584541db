//! The XDP program on its devices.
//!
//! One program a device serves all networks of an agent there. The awkward cases are other people's
//! programs, which are never displaced, and our own from before a restart, whose links are adopted and
//! updated in place, so that no frame passes unstamped.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use aya::maps::{Array, MapData};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::{ProgramError, Xdp, XdpMode as Mode};
use aya::{Ebpf, EbpfLoader};
use heartbeat_ebpf::map::Keys;

use crate::config::XdpMode;
use crate::interface::Interface;
use crate::key::KeyRing;
use crate::object;
use crate::pins::Pins;

/// Whether the program writes a log line for each refused frame. The one that does needs CAP_PERFMON on
/// kernels before 6.17.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trace {
    /// No log.
    Off,
    /// A line a refused frame.
    Refused,
}

impl Trace {
    /// The program's name in the object.
    const fn program(self) -> &'static str {
        match self {
            Trace::Off => "heartbeat",
            Trace::Refused => "heartbeat_traced",
        }
    }
}

/// How a program is attached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attached {
    /// In the driver.
    Native,
    /// In the kernel's stack, behind the driver.
    Generic,
}

impl Attached {
    /// As metrics and commands print it.
    pub const fn label(self) -> &'static str {
        match self {
            Attached::Native => "native",
            Attached::Generic => "generic",
        }
    }

    const fn mode(self) -> Mode {
        match self {
            Attached::Native => Mode::Driver,
            Attached::Generic => Mode::Skb,
        }
    }
}

/// The loaded program.
pub struct Program {
    ebpf: Ebpf,
    name: &'static str,
    pins: Pins,
    keys: Array<MapData, [u64; KEY_WORDS]>,
}

/// Words of an entry of `KEYS`, see [`Keys::pack`].
const KEY_WORDS: usize = 5;

impl Program {
    /// Loads the program over the pinned maps, or over new ones that it pins.
    pub fn load(pins: Pins, trace: Trace) -> Result<Self> {
        let mut loader = EbpfLoader::new();
        for name in Pins::map_names() {
            loader.map_pin_path(name, pins.path(name));
        }
        let mut ebpf = loader
            .load(object::program()?)
            .context("load the maps of the XDP program (CAP_BPF is needed)")?;
        pins.restrict()?;
        let name = trace.program();
        program(&mut ebpf, name)?.load().context(
            "load the XDP program (CAP_BPF and CAP_NET_ADMIN are needed, and Linux 6.1 or later)",
        )?;
        let keys = ebpf
            .take_map("KEYS")
            .ok_or_else(|| anyhow!("the XDP object has no map KEYS: build it again"))?;
        Ok(Program {
            keys: Array::try_from(keys)?,
            ebpf,
            name,
            pins,
        })
    }

    /// Has the program verify by these keys. One that stays is never missing meanwhile.
    pub fn place_keys(&mut self, ring: &KeyRing) -> Result<()> {
        let mut current = [0; 2];
        for (index, id) in (0..).zip(&mut current) {
            *id = Keys::unpack(self.keys.get(&index, 0).context("read KEYS")?).id;
        }
        for (index, keys) in (0..).zip(ring.placed(current)) {
            self.keys.set(index, keys.pack(), 0).context("write KEYS")?;
        }
        Ok(())
    }

    /// The loaded object, for its log.
    pub fn ebpf(&mut self) -> &mut Ebpf {
        &mut self.ebpf
    }

    /// Attaches to a device, or takes over the link that an earlier run pinned there.
    pub fn attach(&mut self, device: &Interface, wanted: XdpMode) -> Result<Attached> {
        let candidates: &[Attached] = match wanted {
            XdpMode::Auto => &[Attached::Native, Attached::Generic],
            XdpMode::Native => &[Attached::Native],
            XdpMode::Generic => &[Attached::Generic],
        };
        for link in self.pins.links()? {
            if link.index == device.index {
                let candidate = candidates.iter().find(|mode| mode.label() == link.mode);
                if let Some(attached) = candidate
                    && self.adopt(device, &link.path)?
                {
                    return Ok(*attached);
                }
                remove(&link.path)?;
            }
        }
        let mut refusal = anyhow!("no XDP mode was tried");
        for attached in candidates {
            match self.attach_new(device, *attached) {
                Ok(()) => return Ok(*attached),
                Err(Refusal::Foreign) => bail!(foreign(device)),
                Err(Refusal::Other(error)) => {
                    refusal = error.context(format!(
                        "attach to {} in {} mode",
                        device.name,
                        attached.label()
                    ));
                }
            }
        }
        Err(refusal)
    }

    /// Detaches from devices that are not among these.
    pub fn keep_only(&self, indices: &[u32]) -> Result<()> {
        for link in self.pins.links()? {
            if !indices.contains(&link.index) {
                remove(&link.path)?;
            }
        }
        Ok(())
    }

    /// Puts the program into a pinned link; `false` where that link is no longer attached.
    fn adopt(&mut self, device: &Interface, path: &Path) -> Result<bool> {
        let Ok(pinned) = PinnedLink::from_pin(path) else {
            return Ok(false);
        };
        let link = FdLink::from(pinned)
            .try_into()
            .context("read the pinned link")?;
        let program = program(&mut self.ebpf, self.name)?;
        match program.attach_to_link(link) {
            Ok(id) => {
                program.take_link(id).context("keep the link")?;
                Ok(true)
            }
            Err(error) => {
                log::info!(
                    "the pinned link to {} can't be used again ({error}): attaching anew",
                    device.name
                );
                Ok(false)
            }
        }
    }

    fn attach_new(&mut self, device: &Interface, attached: Attached) -> Result<(), Refusal> {
        let program = program(&mut self.ebpf, self.name)?;
        let id = program
            .attach_to_if_index(device.index, attached.mode())
            .map_err(Refusal::from_attaching)?;
        let link = program.take_link(id).context("keep the link")?;
        let link = FdLink::try_from(link).context("keep the link")?;
        let path = self.pins.link(device.index, attached.label());
        link.pin(&path)
            .with_context(|| format!("pin {}", path.display()))?;
        Ok(())
    }
}

/// Why a program was not attached.
enum Refusal {
    /// Somebody else's is there.
    Foreign,
    /// Anything else.
    Other(anyhow::Error),
}

impl Refusal {
    fn from_attaching(error: ProgramError) -> Self {
        if let ProgramError::SyscallError(syscall) = &error
            && matches!(
                syscall.io_error.raw_os_error(),
                Some(libc::EBUSY | libc::EEXIST)
            )
        {
            return Refusal::Foreign;
        }
        Refusal::Other(error.into())
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Refusal::Other(error)
    }
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp> {
    let program = ebpf
        .program_mut(name)
        .ok_or_else(|| anyhow!("the XDP object has no program {name}: build it again"))?;
    Ok(program.try_into()?)
}

fn foreign(device: &Interface) -> String {
    let owner = device.xdp_program.map_or_else(String::new, |id| {
        let name = aya::programs::loaded_programs()
            .flatten()
            .find(|program| program.id() == id)
            .and_then(|program| program.name_as_str().map(str::to_owned));
        format!(
            " (program id {id}{})",
            name.map_or_else(String::new, |name| format!(", {name}"))
        )
    });
    format!(
        "interface {} already has an XDP program of another owner{owner}: it is never displaced. Remove it (`ip link set dev {} xdp off`, or the service that attached it), or take the network out of the configuration",
        device.name, device.name
    )
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("remove {}", path.display()))
}
