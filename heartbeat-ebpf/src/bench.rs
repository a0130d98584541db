//! Programs to measure the XDP program by: one that does nothing, and one to which the same heartbeat is
//! new every time. On the host this target is an empty program.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]

#[cfg(target_arch = "bpf")]
mod program {
    use aya_ebpf::bindings::xdp_action::XDP_PASS;
    use aya_ebpf::macros::xdp;
    use aya_ebpf::programs::XdpContext;

    /// What any XDP program costs. Also what the far end of a veth needs to take an XDP_TX.
    #[xdp(frags)]
    pub fn empty(_context: XdpContext) -> u32 {
        XDP_PASS
    }

    /// The program itself, after forgetting the newest sequence of slot 0.
    #[xdp(frags)]
    pub fn heartbeat_again(context: XdpContext) -> u32 {
        heartbeat_ebpf::kernel::rewind();
        heartbeat_ebpf::kernel::run(&context).action
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
