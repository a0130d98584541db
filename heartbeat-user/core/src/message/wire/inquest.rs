//! Questions about silences, and accounts of them, as bytes.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NetworkId};

use super::ROWS_MAX;
use super::code::Code;
use super::read::Reader;
use crate::account::{Account, Question, Silence};

/// Writes a question.
pub fn put_question(bytes: &mut Vec<u8>, question: &Question) {
    bytes.extend(question.incarnation.0.to_be_bytes());
    let silences = question.silences.iter().take(ROWS_MAX);
    bytes.push(silences.len() as u8);
    for silence in silences {
        put_silence(bytes, silence);
    }
}

/// Reads a question.
pub fn question(reader: &mut Reader<'_>) -> Option<Question> {
    let incarnation = Incarnation(reader.u64()?);
    let silences = list(reader, silence, |silence| silence.network)?;
    Some(Question {
        incarnation,
        silences,
    })
}

/// Writes accounts.
pub fn put_accounts(bytes: &mut Vec<u8>, accounts: &[Account]) {
    let accounts = accounts.iter().take(ROWS_MAX);
    bytes.push(accounts.len() as u8);
    for account in accounts {
        put_silence(bytes, &account.of);
        for span in [
            account.unheard,
            account.late,
            account.sender_late,
            account.waited,
            account.paused,
        ] {
            let ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
            bytes.extend(ns.to_be_bytes());
        }
        bytes.push(account.interface.code());
        bytes.extend(account.refused.to_be_bytes());
        bytes.extend(account.unsent.to_be_bytes());
    }
}

/// Reads accounts.
pub fn accounts(reader: &mut Reader<'_>) -> Option<Vec<Account>> {
    list(reader, account, |account| account.of.network)
}

fn account(reader: &mut Reader<'_>) -> Option<Account> {
    Some(Account {
        of: silence(reader)?,
        unheard: span(reader)?,
        late: span(reader)?,
        sender_late: span(reader)?,
        waited: span(reader)?,
        paused: span(reader)?,
        interface: Code::of(reader.u8()?)?,
        refused: reader.u32()?,
        unsent: reader.u32()?,
    })
}

/// At most one for each network.
fn list<T>(
    reader: &mut Reader<'_>,
    read: impl Fn(&mut Reader<'_>) -> Option<T>,
    network: impl Fn(&T) -> NetworkId,
) -> Option<Vec<T>> {
    let count = usize::from(reader.u8()?);
    let mut items: Vec<T> = Vec::new();
    if ROWS_MAX < count {
        return None;
    }
    for _ in 0..count {
        let item = read(reader)?;
        if items.iter().any(|known| network(known) == network(&item)) {
            return None;
        }
        items.push(item);
    }
    Some(items)
}

fn put_silence(bytes: &mut Vec<u8>, silence: &Silence) {
    bytes.extend(silence.network.number().to_be_bytes());
    bytes.extend(silence.from.to_be_bytes());
    bytes.extend(silence.until.to_be_bytes());
}

fn silence(reader: &mut Reader<'_>) -> Option<Silence> {
    Some(Silence {
        network: NetworkId::new(reader.u16()?)?,
        from: reader.u64()?,
        until: reader.u64()?,
    })
}

fn span(reader: &mut Reader<'_>) -> Option<Duration> {
    reader.u64().map(Duration::from_nanos)
}
