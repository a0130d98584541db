//! The frame as the driver hands it over.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::bpf_xdp_load_bytes;
use aya_ebpf::programs::XdpContext;

use crate::frame::Frame;
use crate::wire::Words;

/// A frame in the driver's memory.
pub(super) struct Packet<'a>(pub(super) &'a XdpContext);

impl Frame for Packet<'_> {
    #[inline(always)]
    fn near<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let start = self.0.data() + offset;
        if self.0.data_end() < start + N {
            return None;
        }
        // SAFETY: the N bytes lie before the end of the packet, which the verifier checks too.
        Some(unsafe { (start as *const [u8; N]).read() })
    }

    #[inline(always)]
    fn far<const N: usize>(&self, offset: u32) -> Option<[u8; N]> {
        copy(self.0, offset)
    }
}

/// The 64 bytes at `offset`.
#[inline(always)]
pub(super) fn payload(context: &XdpContext, offset: u32) -> Option<Words> {
    copy(context, offset).map(Words)
}

/// Index of the interface the frame came in through.
#[inline(always)]
pub(super) fn interface(context: &XdpContext) -> u32 {
    // SAFETY: the context is valid for the program's run.
    unsafe { (*context.ctx).ingress_ifindex }
}

/// The integers at `offset`. Not through a default value: clearing it first would be a call to memset, whose
/// variable offset into the stack the verifier refuses without CAP_PERFMON.
#[inline(always)]
pub(super) fn copy<T>(context: &XdpContext, offset: u32) -> Option<T> {
    let mut value = MaybeUninit::<T>::uninit();
    let length = size_of::<T>() as u32;
    // SAFETY: the helper writes `length` bytes to the value or fails; T is made of integers.
    unsafe {
        if bpf_xdp_load_bytes(context.ctx, offset, value.as_mut_ptr().cast(), length) != 0 {
            return None;
        }
        Some(value.assume_init())
    }
}
