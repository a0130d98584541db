//! A frame that is eaten from the front.

/// What is left of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a> {
    frame: &'a [u8],
    /// Bytes eaten so far.
    pub eaten: usize,
}

impl<'a> Bytes<'a> {
    /// A whole frame.
    pub fn new(frame: &'a [u8]) -> Self {
        Bytes { frame, eaten: 0 }
    }

    /// Eats this many bytes, if there are as many.
    pub fn eat(&mut self, count: usize) -> Option<&'a [u8]> {
        let bytes = self.frame.get(self.eaten..self.eaten + count)?;
        self.eaten += count;
        Some(bytes)
    }

    /// Eats one byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.eat(1).map(|bytes| bytes[0])
    }

    /// Eats a number of two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.eat(2)
            .map(|bytes| u16::from(bytes[0]) << 8 | u16::from(bytes[1]))
    }
}
