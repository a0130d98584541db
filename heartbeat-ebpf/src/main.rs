//! The XDP program that stamps heartbeats, and the same with a log. Its body is the library's `kernel` module; on the host this
//! target is an empty program, so that the whole workspace builds everywhere.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod program {
    use aya_ebpf::macros::xdp;
    use aya_ebpf::programs::XdpContext;

    /// Judges every frame of the interface; declares fragments support so that jumbo frames do not refuse it.
    #[xdp(frags)]
    pub fn heartbeat(context: XdpContext) -> u32 {
        heartbeat_ebpf::kernel::run(&context).action
    }

    /// The same, with a log line for each refused frame (`--trace-frames`).
    #[xdp(frags)]
    pub fn heartbeat_traced(context: XdpContext) -> u32 {
        heartbeat_ebpf::kernel::run_traced(&context)
    }

    #[unsafe(no_mangle)]
    #[unsafe(link_section = "license")]
    static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        loop {}
    }
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
