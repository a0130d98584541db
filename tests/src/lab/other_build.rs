//! Another build of the agent, for upgrades.
//!
//! Compiling the workspace twice would double the time of a test run, and the kernel takes a program for another
//! one by its instructions alone. So a copy of the binary gets one instruction of the XDP program that it
//! carries exchanged for another of the same effect: a 64-bit move of a small number becomes a 32-bit one, which
//! clears the upper half. The kernel verifies it anew and gives it another tag.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use object::elf::EM_BPF;
use object::{File, Object as _, ObjectSection as _, ObjectSymbol as _};

/// The program that agents attach.
const PROGRAM: &str = "heartbeat";
const MAGIC: &[u8] = b"\x7fELF";
/// Where an ELF file names its machine.
const MACHINE: Range<usize> = 18..20;
/// Bytes of an instruction.
const INSTRUCTION: usize = 8;
/// The one instruction of twice the length: load a 64-bit number.
const LOAD_DOUBLE: u8 = 0x18;
/// 64-bit and 32-bit move of a number.
const MOVE_64: u8 = 0xb7;
const MOVE_32: u8 = 0xb4;

/// Writes a binary to `copy` that is `binary` but for its XDP program.
pub fn write(binary: &Path, copy: &Path) -> Result<()> {
    let mut bytes = fs::read(binary).with_context(|| format!("read {}", binary.display()))?;
    let place = programs(&bytes)
        .find_map(|code| small_move(&bytes[code.clone()]).map(|offset| code.start + offset))
        .context("the binary carries no XDP program that could be changed")?;
    bytes[place] = MOVE_32;
    fs::write(copy, bytes).with_context(|| format!("write {}", copy.display()))?;
    fs::set_permissions(copy, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("make {} executable", copy.display()))
}

/// Where the instructions of the program lie in each eBPF object within these bytes that has it.
fn programs(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..bytes.len()).filter(|start| bytes[*start..].starts_with(MAGIC));
    starts.filter_map(|start| {
        let object = &bytes[start..];
        if object.get(MACHINE)? != EM_BPF.to_le_bytes() {
            return None;
        }
        let code = instructions(object)?;
        Some(start + code.start..start + code.end)
    })
}

/// Where the program's instructions lie in this object.
fn instructions(object: &[u8]) -> Option<Range<usize>> {
    let file = File::parse(object).ok()?;
    let symbol = file.symbol_by_name(PROGRAM)?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    let (offset, _) = section.file_range()?;
    let start = usize::try_from(offset + symbol.address()).ok()?;
    Some(start..start + usize::try_from(symbol.size()).ok()?)
}

/// Offset of the first 64-bit move of a number that is not negative.
fn small_move(code: &[u8]) -> Option<usize> {
    let mut offset = 0;
    while let Some(instruction) = code.get(offset..offset + INSTRUCTION) {
        if instruction[0] == MOVE_64 && instruction[7] & 0x80 == 0 {
            return Some(offset);
        }
        let length = if instruction[0] == LOAD_DOUBLE { 2 } else { 1 };
        offset += length * INSTRUCTION;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_inside_a_double_load_is_no_instruction() {
        let mut code = [0u8; 4 * INSTRUCTION];
        code[0] = LOAD_DOUBLE;
        code[INSTRUCTION] = MOVE_64;
        assert_eq!(small_move(&code), None);
        code[2 * INSTRUCTION] = MOVE_64;
        code[2 * INSTRUCTION + 7] = 0xff;
        code[3 * INSTRUCTION] = MOVE_64;
        assert_eq!(small_move(&code), Some(3 * INSTRUCTION));
    }
}
