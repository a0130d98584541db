//! Helper processes of the starvation tests: a hog, which uses up a CPU, and a plain tokio heartbeat, which shows
//! what becomes of a program without precautions meanwhile.
//!
//! Each prints what it saw as one line of JSON when its time is over, which it looks up itself.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use heartbeat_tests::hog::{Pressure, Window, spin};
use heartbeat_tests::tokio_control::Control;

/// Load for the starvation tests; ends by itself.
#[derive(Debug, Parser)]
#[command(name = "load")]
enum Arguments {
    #[command(flatten)]
    Part(Part),
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Uses up one CPU.
    Hog {
        /// At which priority.
        #[arg(long, value_enum)]
        pressure: Pressure,
        /// On which CPU.
        #[arg(long)]
        cpu: usize,
        /// When to begin, in nanoseconds of CLOCK_MONOTONIC.
        #[arg(long)]
        begin_ns: u64,
        /// When to end.
        #[arg(long)]
        end_ns: u64,
    },
    /// Sends to a peer and watches it, by tokio alone.
    Control {
        /// Address and port of this end.
        #[arg(long)]
        local: SocketAddr,
        /// Address and port of the other.
        #[arg(long)]
        peer: SocketAddr,
        /// Milliseconds between two datagrams.
        #[arg(long)]
        interval_ms: u64,
        /// Milliseconds of silence that are a loss.
        #[arg(long)]
        detection_ms: u64,
        /// When to end, in nanoseconds of CLOCK_MONOTONIC.
        #[arg(long)]
        end_ns: u64,
    },
}

fn main() -> Result<()> {
    let Arguments::Part(part) = Arguments::parse();
    let said = match part {
        Part::Hog {
            pressure,
            cpu,
            begin_ns,
            end_ns,
        } => serde_json::to_string(&spin(pressure, cpu, Window { begin_ns, end_ns })?)?,
        Part::Control {
            local,
            peer,
            interval_ms,
            detection_ms,
            end_ns,
        } => {
            let control = Control {
                local,
                peer,
                interval: Duration::from_millis(interval_ms),
                detection: Duration::from_millis(detection_ms),
                end_ns,
            };
            serde_json::to_string(&control.run()?)?
        }
    };
    println!("{said}");
    Ok(())
}
