//! Waiting for something that another process does.
//!
//! Nothing in the lab sleeps for a guessed time: a wait names what it waits for, ends at once when it is
//! there, and after its limit fails with that name.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::interrupt;

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(10);

/// Calls `look` until it returns a value, for at most `limit`. `what` completes "waited 5s for ...".
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = look()? {
            return Ok(value);
        }
        if end <= Instant::now() {
            bail!("waited {limit:?} for {what}, in vain");
        }
        interrupt::sleep(PERIOD)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_value_and_not_with_its_limit() {
        let mut looks = 0;
        let third = until("a third look", Duration::from_secs(60), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(third.unwrap(), 3);
    }

    #[test]
    fn a_wait_in_vain_says_what_for() {
        let nothing = until::<()>("a miracle", Duration::from_millis(1), || Ok(None));
        assert!(nothing.unwrap_err().to_string().contains("a miracle"));
    }
}
