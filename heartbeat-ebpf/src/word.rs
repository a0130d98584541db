//! One shared 64-bit word of a map record.
//!
//! A record is written on any CPU and read by a mapped agent at any moment, so each of its words must be
//! read and written whole. Rust says that with atomics; its BPF target has the type, but neither loads nor
//! stores nor additions of it that the compiler's back end can select, though the machine has had all three
//! from the start. So the kernel side says them in its own way and the host uses the standard library. No
//! ordering is asked for: each word means something by itself.

use core::fmt;
use core::sync::atomic::AtomicU64;
#[cfg(not(target_arch = "bpf"))]
use core::sync::atomic::Ordering::Relaxed;

/// A word that others read and write at the same time.
#[derive(Default)]
#[repr(transparent)]
pub struct Word(AtomicU64);

#[cfg(not(target_arch = "bpf"))]
impl Word {
    /// Its value now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Replaces it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// Adds to it, whoever else does at the same time; wraps.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Relaxed);
    }
}

#[cfg(target_arch = "bpf")]
impl Word {
    /// Its value now.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        // SAFETY: the pointer is to a live, aligned word, which the machine reads whole.
        unsafe { self.0.as_ptr().read_volatile() }
    }

    /// Replaces it.
    #[inline(always)]
    pub fn set(&self, value: u64) {
        // SAFETY: the pointer is to a live, aligned word, which the machine writes whole.
        unsafe { self.0.as_ptr().write_volatile(value) }
    }

    /// Adds to it, whoever else does at the same time; wraps.
    #[inline(always)]
    pub fn add(&self, amount: u64) {
        // SAFETY: the pointer is to a live, aligned word; the instruction touches nothing else.
        unsafe {
            core::arch::asm!(
                "lock *(u64 *)({word} + 0) += {amount}",
                word = in(reg) self.0.as_ptr(),
                amount = in(reg) amount,
            );
        }
    }
}

impl Word {
    /// Takes from it, whoever else does at the same time; wraps.
    #[inline(always)]
    pub fn subtract(&self, amount: u64) {
        self.add(amount.wrapping_neg());
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
