//! The tag: SipHash-2-4 over the first 56 bytes of a datagram.
//!
//! A heartbeat must be authenticated in the NIC fast path for a few dozen nanoseconds, and by a program
//! that the verifier accepts without CAP_PERFMON: no stack array with a variable index. So the seven words
//! are absorbed in straight-line code. The function is Aumasson and Bernstein's SipHash-2-4, checked against
//! their test vector and against the `siphasher` crate. Comparing 64-bit tags takes the same time whatever
//! differs, for it is one machine comparison.

/// One 128-bit key, as two little-endian words. Which subkey signs what is drawn in [`crate::wire`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Subkey(pub [u64; 2]);

impl Subkey {
    /// The key of these 16 bytes.
    pub fn from_bytes(bytes: &[u8; 16]) -> Self {
        let whole = u128::from_le_bytes(*bytes);
        Subkey([whole as u64, (whole >> 64) as u64])
    }
}

impl core::fmt::Debug for Subkey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Subkey(..)")
    }
}

#[derive(Clone, Copy)]
struct State(u64, u64, u64, u64);

impl State {
    #[inline(always)]
    fn round(self) -> Self {
        let State(mut a, mut b, mut c, mut d) = self;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        State(a, b, c, d)
    }

    #[inline(always)]
    fn absorb(self, word: u64) -> Self {
        let State(a, b, c, d) = self;
        let State(a, b, c, d) = State(a, b, c, d ^ word).round().round();
        State(a ^ word, b, c, d)
    }
}

/// The tag of a datagram under `subkey`, given as words in wire order: over bytes 0 to 55; the last word is not
/// read.
#[inline(always)]
pub fn of(subkey: &Subkey, words: &[u64; 8]) -> u64 {
    let [k0, k1] = subkey.0;
    let State(a, b, c, d) = State(
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    )
    .absorb(u64::from_le(words[0]))
    .absorb(u64::from_le(words[1]))
    .absorb(u64::from_le(words[2]))
    .absorb(u64::from_le(words[3]))
    .absorb(u64::from_le(words[4]))
    .absorb(u64::from_le(words[5]))
    .absorb(u64::from_le(words[6]))
    .absorb(56 << 56);
    let State(a, b, c, d) = State(a, b, c ^ 0xff, d).round().round().round().round();
    a ^ b ^ c ^ d
}

#[cfg(test)]
mod tests;
