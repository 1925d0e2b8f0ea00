//! Which faults come where, by chance.

use crate::fleet::Fleet;
use crate::kind::{Kind, ROUNDS, THIRD};
use crate::round::{Fault, Round, When};
use crate::support::forwarder::{Harm, Way};
use harda::fail_point::Point;
use std::time::Duration;

/// A run in which nothing goes wrong: the points that it comes to, and the bytes that go.
pub struct Clean {
    points: Vec<String>,
    /// How many of them come while every host is planned, and before the lock.
    planning: usize,
    unlocked: usize,
    bytes: [u64; 2],
}

impl Clean {
    /// From the trace of a run. A point that it did not come to is none.
    pub fn read(trace: &str, bytes: [u64; 2]) -> Clean {
        let names: Vec<&str> = trace.lines().collect();
        let nth = |at: usize| names[..=at].iter().filter(|name| **name == names[at]).count();
        let points: Vec<String> = (0..names.len()).map(|at| format!("{} {}", names[at], nth(at))).collect();
        for point in Point::ALL {
            assert!(points.contains(&format!("{point:?} 1")), "no run comes to {point:?}");
        }
        let before =
            |name: &str| points.iter().position(|point| point == name).expect("a point of every run");
        let (planning, unlocked) = (before("Planned 1"), before("AfterLock 1"));
        Clean { points, planning, unlocked, bytes }
    }
}

pub struct Chance {
    random: fastrand::Rng,
    clean: Clean,
    /// Of each round; in place of those of `ROUNDS` where only some are wanted.
    kinds: Vec<Vec<Kind>>,
}

impl Chance {
    /// `only` are words of the names of the kinds that are wanted.
    pub fn new(seed: u64, clean: Clean, only: Option<&str>) -> Chance {
        let all = ROUNDS.iter().map(|kinds| kinds.to_vec());
        let kinds = match only {
            Some(words) => vec![all.flatten().filter(|kind| kind.to_string().contains(words)).collect()],
            None => all.collect(),
        };
        Chance { random: fastrand::Rng::with_seed(seed), clean, kinds }
    }

    pub fn round<'f>(&mut self, fleet: &'f Fleet, number: usize) -> Round<'f> {
        let hosts = 0..fleet.lab.hosts.len();
        let turn = number / self.kinds.len();
        let faults = match number % self.kinds.len() {
            7 if turn % 2 == 1 => hosts.map(|n| third(n, THIRD[turn / 2 % 2])).collect(),
            at => hosts.map(|_| Some(self.fault(at, number))).collect(),
        };
        Round {
            fleet,
            faults,
            user: if number % 3 == 1 { "operator" } else { "admin" },
            // The clean run went to the other one.
            to: number % 2,
            pause: Duration::from_millis(self.random.u64(..300)),
        }
    }

    fn fault(&mut self, at: usize, round: usize) -> Fault {
        let kind = self.kinds[at][self.random.usize(..self.kinds[at].len())];
        Fault { kind, when: self.when(kind, round) }
    }

    fn when(&mut self, kind: Kind, round: usize) -> When {
        if matches!(kind, Kind::Line(..)) && self.random.bool() {
            let way = if self.random.bool() { Way::ToHost } else { Way::FromHost };
            return When::Bytes(way, self.random.u64(..self.clean.bytes[way as usize]));
        }
        let Clean { points, planning, unlocked, .. } = &self.clean;
        let within = match kind {
            // No host is changed before all are planned: they can't wait for each other across that.
            Kind::Killed if round % 64 == 4 => 0..*planning,
            Kind::Killed => *planning..points.len(),
            Kind::Line(_, Harm::Cut) => 0..points.len(),
            // What happens on a host is of interest once it is being changed.
            _ => *unlocked..points.len(),
        };
        When::Point(points[self.random.usize(within)].clone())
    }
}

/// Every third host, from the beginning.
fn third(n: usize, kind: Kind) -> Option<Fault> {
    n.is_multiple_of(3).then_some(Fault { kind, when: When::Bytes(Way::ToHost, 0) })
}
