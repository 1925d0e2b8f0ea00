//! How the last audits of the same hosts went, as a line that fits in a table's row.

use crate::compliance::audit::Audit;
use serde::Serialize;
use std::collections::BTreeMap;

/// A sparkline's box, in its own units; the line keeps clear of the edge.
const WIDTH: usize = 120;
const HEIGHT: usize = 28;
const EDGE: usize = 3;

/// What is kept of one audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When it was made (RFC 3339).
    pub made: String,
    /// Controls that failed, over all hosts.
    pub failing: usize,
    /// Each host's strict score.
    pub scores: BTreeMap<String, u32>,
}

impl Point {
    pub fn of(audit: &Audit) -> Point {
        let results = audit.hosts.iter().flat_map(|host| &host.results);
        let score =
            |host: &crate::compliance::audit::HostResult| Some((host.host.clone(), host.score.strict?));
        Point {
            made: audit.made.clone(),
            failing: results.filter(|result| result.outcome.fails()).count(),
            scores: audit.hosts.iter().filter_map(score).collect(),
        }
    }

    /// The mean of the hosts' scores.
    pub fn mean(&self) -> Option<u32> {
        let hosts = u32::try_from(self.scores.len()).ok()?;
        self.scores.values().sum::<u32>().checked_div(hosts)
    }
}

/// A line from the oldest value to the newest.
#[derive(Serialize)]
pub struct Spark {
    width: usize,
    height: usize,
    /// `x,y x,y ...`
    line: String,
    end: (usize, usize),
    /// The values, for whoever can't see the line.
    values: Vec<usize>,
}

/// `None` of fewer than two values: one is no trend. `most` is the value at the top.
pub fn spark(values: Vec<usize>, most: usize) -> Option<Spark> {
    let steps = values.len().checked_sub(1).filter(|steps| *steps > 0)?;
    let (across, up) = (WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE);
    let place = |(at, value): (usize, &usize)| {
        let y = up * (*value).min(most) / most.max(1);
        (EDGE + across * at / steps, HEIGHT - EDGE - y)
    };
    let places: Vec<(usize, usize)> = values.iter().enumerate().map(place).collect();
    let line: Vec<String> = places.iter().map(|(x, y)| format!("{x},{y}")).collect();
    let end = places.last().copied()?;
    Some(Spark { width: WIDTH, height: HEIGHT, line: line.join(" "), end, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_left_to_right_and_better_is_higher() {
        let spark = spark(vec![0, 50, 100], 100).expect("three values");
        assert_eq!(spark.line, "3,25 60,14 117,3");
        assert_eq!(spark.end, (117, 3));
    }

    #[test]
    fn one_audit_is_no_trend_and_no_failures_are_no_division_by_zero() {
        assert!(super::spark(vec![7], 100).is_none());
        assert_eq!(super::spark(vec![0, 0], 0).expect("two values").line, "3,25 117,25");
    }
}
