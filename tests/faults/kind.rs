//! The faults, as data: what is done to a host, when, and how it is made good again.

use crate::support::forwarder::Harm;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// harda itself.
    Killed,
    /// The line, at a boundary of an action or after so many bytes.
    Line(&'static str, Harm),
    /// The shell on the host, or it with all that runs below it.
    Shell,
    /// By the host's own will, and by a power cut.
    Rebooted,
    PowerCut,
    /// Commands that spoil something on the host, and mend it.
    Spoilt(Spoilt),
}

/// What goes wrong on a host by these commands: before the run, at the moment, when the run has ended, and when the
/// host was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spoilt {
    pub name: &'static str,
    before: &'static str,
    at: &'static str,
    after: &'static str,
    last: &'static str,
    /// Of the place that it is about.
    pub place: &'static str,
    /// The service may be down until the next run.
    pub stops_service: bool,
}

const NOTHING: Spoilt =
    Spoilt { name: "", before: "", at: "", after: "", last: "", place: "", stops_service: false };

const FULL: Spoilt = Spoilt {
    name: "disk full",
    before: "mkdir -p /run/faults.disk && mount -t tmpfs -o size=32m,mode=$(stat -c %a PLACE) tmpfs /run/faults.disk && \
             cp -a PLACE/. /run/faults.disk/ && mount --bind /run/faults.disk PLACE && umount /run/faults.disk",
    at: "dd if=/dev/zero of=PLACE/fill bs=64k 2>/dev/null; true",
    after: "rm -f PLACE/fill",
    last: "cp -a PLACE /run/faults.copy && umount -l PLACE && find PLACE -mindepth 1 -delete && \
           cp -a /run/faults.copy/. PLACE/ && rm -rf /run/faults.copy",
    ..NOTHING
};

const READ_ONLY: Spoilt = Spoilt {
    name: "read-only file system",
    at: "mount --bind PLACE PLACE && mount -o remount,bind,ro PLACE",
    after: "umount -l PLACE",
    ..NOTHING
};

const FILES: &str = "/srv/faults";
const RECORDS: &str = "/var/lib/harda";

const FAST: &[Kind] = &[
    Kind::Line("line cut", Harm::Cut),
    Kind::Line("line cut", Harm::Cut),
    Kind::Line("line held up for a second", Harm::Delay(Duration::from_secs(1))),
    Kind::Shell,
    Kind::Shell,
    Kind::Spoilt(Spoilt { place: FILES, ..FULL }),
    Kind::Spoilt(Spoilt { place: RECORDS, ..FULL }),
    Kind::Spoilt(Spoilt { place: FILES, ..READ_ONLY }),
    Kind::Spoilt(Spoilt { place: RECORDS, ..READ_ONLY }),
    Kind::Spoilt(Spoilt {
        name: "validator fails",
        at: "touch /run/faults.invalid",
        after: "rm -f /run/faults.invalid",
        ..NOTHING
    }),
    Kind::Spoilt(Spoilt {
        name: "service does not come up",
        at: "touch /run/faults.broken",
        after: "rm -f /run/faults.broken",
        stops_service: true,
        ..NOTHING
    }),
    Kind::Spoilt(Spoilt { name: "sudo's time stamp expires", at: "rm -rf /run/sudo/ts/*", ..NOTHING }),
];

/// Those that end slowly: they would hold up rounds of the others.
pub const SLOW: &[Kind] = &[
    Kind::Line("connection hangs", Harm::Hang),
    Kind::Line("line dead", Harm::Dead),
    Kind::Line("one byte a second", Harm::Trickle),
    Kind::Rebooted,
    Kind::PowerCut,
];

const DOWN: &[Kind] = &[Kind::Rebooted, Kind::PowerCut];

/// What the hosts of a round get, one round after the other.
pub const ROUNDS: &[&[Kind]] = &[&[Kind::Killed], FAST, DOWN, FAST, &[Kind::Killed], FAST, FAST, SLOW];

/// What every third host gets from the beginning, in rounds between.
pub const THIRD: [Kind; 2] = [
    Kind::Line("a third of the hosts gone", Harm::Gone),
    Kind::Line("a third of the hosts silent", Harm::Dead),
];

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if let Kind::Spoilt(spoilt) = self { spoilt.place } else { "" };
        f.write_str(format!("{} {place}", self.name()).trim_end())
    }
}

impl Kind {
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Killed => "harda killed (-9)",
            Kind::Line(name, _) => name,
            Kind::Shell => "shell on the host killed (-9)",
            Kind::Rebooted => "host rebooted",
            Kind::PowerCut => "host's power cut",
            Kind::Spoilt(spoilt) => spoilt.name,
        }
    }

    /// It leaves a script on the host no time to take away its temporary file.
    pub fn is_hard(&self) -> bool {
        matches!(self, Kind::Shell | Kind::Rebooted | Kind::PowerCut)
    }

    pub fn stops_service(&self) -> bool {
        matches!(self, Kind::Spoilt(spoilt) if spoilt.stops_service)
    }
}

impl Spoilt {
    fn command(&self, text: &str) -> String {
        text.replace("PLACE", self.place)
    }

    pub fn before(&self) -> String {
        self.command(self.before)
    }

    pub fn at(&self) -> String {
        self.command(self.at)
    }

    pub fn after(&self) -> String {
        self.command(self.after)
    }

    pub fn last(&self) -> String {
        self.command(self.last)
    }
}
