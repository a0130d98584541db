//! Programs that matter to what is judged.
//!
//! Collecting is apart from judging, and yet both must speak of the same names: a program that a rule knows and that
//! nobody looks for would never be found, and the rule would call every host healthy. So the names stand here, once.

/// They set the clock.
pub const CLOCK_SETTERS: [&str; 8] = [
    "chronyd",
    "ntpd",
    "ntpsec",
    "systemd-timesyn",
    "ptp4l",
    "phc2sys",
    "timemaster",
    "openntpd",
];

/// They may read all of a disk: backups, scanners, SNMP agents.
pub const DISK_READERS: [&str; 13] = [
    "snmpd",
    "rsync",
    "restic",
    "borg",
    "bacula-fd",
    "bareos-fd",
    "veeamagent",
    "updatedb",
    "quotacheck",
    "mdadm",
    "cma_nt",
    "hpasmd",
    "dsm_sa_datamgrd",
];

/// All for which a rule asks.
pub fn all() -> impl Iterator<Item = &'static str> {
    CLOCK_SETTERS.into_iter().chain(DISK_READERS)
}
