//! The lines of a recording, one after the other.
//!
//! The awkward case is a file that just stops: the agent runs on, or was killed, or its disk was full, and the
//! last line may be torn. All before it is as good as ever, so that is no error; anything else that is no line of
//! a recording is one, with its number.

use std::io::{BufRead, Read as _};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;

use super::FORMAT;
use super::line::{Begin, End, Line, What};

/// Bytes of a line: that of 4096 new paths is far shorter, as is a configuration, written as JSON.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// How a recording ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It says so.
    Said(End),
    /// It stops.
    Cut,
}

/// What comes next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Another line: an input.
    Line(Line),
    /// Nothing.
    Ended(Ending),
}

/// A recording that is read.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    number: u64,
    at: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// What is no recording, or one of another form.
    pub fn open(mut source: R) -> Result<(Self, Line, Begin)> {
        let first = read_line(&mut source).context("read its first line")?;
        let Some(first) = first else {
            bail!("it is no recording: it has not one whole line");
        };
        check_format(&first)?;
        let line: Line = parse(&first).context("its first line is no beginning of a recording")?;
        let What::Begin(begin) = line.what.clone() else {
            bail!("it is no recording: its first line is no beginning");
        };
        let lines = Lines {
            source,
            number: 1,
            at: line.at,
        };
        Ok((lines, line, begin))
    }

    /// Number of the line read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Reads on.
    ///
    /// # Errors
    /// What is no line, or not where it may be.
    pub fn read(&mut self) -> Result<Next> {
        let Some(bytes) = read_line(&mut self.source)
            .with_context(|| format!("read line {}", self.number + 1))?
        else {
            return Ok(Next::Ended(Ending::Cut));
        };
        self.number += 1;
        let number = self.number;
        let line: Line =
            parse(&bytes).with_context(|| format!("line {number} is none of a recording"))?;
        ensure!(
            self.at <= line.at,
            "line {number} goes back in time, from {} to {}",
            self.at,
            line.at
        );
        self.at = line.at;
        match line.what {
            What::Begin(_) => bail!("line {number} begins another recording"),
            What::End(end) => {
                let mut more = [0];
                let read = self.source.read(&mut more).context("read on")?;
                ensure!(read == 0, "something follows on the end in line {number}");
                Ok(Next::Ended(Ending::Said(end)))
            }
            What::Adopt(_)
            | What::Sweep(_)
            | What::Configure { .. }
            | What::Reborn(_)
            | What::Late { .. }
            | What::Paused { .. }
            | What::Refused { .. }
            | What::Dropped { .. }
            | What::Promised(_)
            | What::Message { .. }
            | What::Soundness { .. }
            | What::Witness { .. }
            | What::Depart(_) => Ok(Next::Line(line)),
        }
    }
}

/// The next line that ends with its newline, without it.
fn read_line(source: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes)?;
    if bytes.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Some(bytes));
    }
    ensure!(
        (bytes.len() as u64) < LINE_BYTES_MAX,
        "it is longer than any line of a recording"
    );
    Ok(None)
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    // Its lines are those of the one line.
    let said =
        |error: serde_json::Error| error.to_string().replace(" at line 1 column ", ", column ");
    serde_json::from_slice(bytes).map_err(|error| anyhow!(said(error)))
}

/// Names the form that a recording of another one has, before anything else of it is called wrong.
fn check_format(first: &[u8]) -> Result<()> {
    #[derive(Deserialize)]
    struct First {
        what: Beginning,
    }
    #[derive(Deserialize)]
    struct Beginning {
        begin: Form,
    }
    #[derive(Deserialize)]
    struct Form {
        format: u64,
        version: String,
    }
    let first: First = parse(first).context("it is no recording: its first line is none of one")?;
    let Form { format, version } = first.what.begin;
    ensure!(
        format == u64::from(FORMAT),
        "it is a recording of form {format} by heartbeat {version}, and this is heartbeat {}, which replays form {FORMAT}: use that version",
        env!("CARGO_PKG_VERSION")
    );
    Ok(())
}

#[cfg(test)]
mod tests;
