//! What came of the faults, counted by their kind.

use std::time::Duration;

#[derive(Default)]
pub struct Row {
    kind: String,
    faults: usize,
    converged: usize,
    damaged: usize,
    lost: usize,
    longest: Duration,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    /// In words.
    pub wrong: Vec<String>,
}

/// What came of one fault on one host.
pub struct Outcome {
    pub kind: &'static str,
    /// Files that are neither as before nor as wanted.
    pub damaged: usize,
    /// The host could not be brought to what was wanted any more.
    pub lost: bool,
    /// How long harda ran.
    pub took: Duration,
}

impl Table {
    /// All of another table too.
    pub fn join(&mut self, other: Table) {
        for row in other.rows {
            let mine = self.row(&row.kind);
            mine.faults += row.faults;
            mine.converged += row.converged;
            mine.damaged += row.damaged;
            mine.lost += row.lost;
            mine.longest = mine.longest.max(row.longest);
        }
        self.wrong.extend(other.wrong);
    }

    /// Whether a fault of this name came.
    pub fn has(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.kind == name && row.faults > 0)
    }

    fn row(&mut self, kind: &str) -> &mut Row {
        let at = self.rows.iter().position(|row| row.kind == kind).unwrap_or_else(|| {
            self.rows.push(Row { kind: kind.into(), ..Row::default() });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    pub fn add(&mut self, outcome: &Outcome) {
        let row = self.row(outcome.kind);
        row.faults += 1;
        row.converged += usize::from(!outcome.lost);
        row.damaged += outcome.damaged;
        row.lost += usize::from(outcome.lost);
        row.longest = row.longest.max(outcome.took);
    }

    pub fn faults(&self) -> usize {
        self.rows.iter().map(|row| row.faults).sum()
    }

    pub fn lost(&self) -> usize {
        self.rows.iter().map(|row| row.lost).sum()
    }

    pub fn damaged(&self) -> usize {
        self.rows.iter().map(|row| row.damaged).sum()
    }

    pub fn text(&self, took: Duration) -> String {
        let mut text = format!(
            "\n{:<34} {:>6} {:>9} {:>7} {:>4} {:>11}\n",
            "fault", "faults", "converged", "damaged", "lost", "longest run"
        );
        for row in &self.rows {
            text += &format!(
                "{:<34} {:>6} {:>9} {:>7} {:>4} {:>9} s\n",
                row.kind,
                row.faults,
                row.converged,
                row.damaged,
                row.lost,
                row.longest.as_secs()
            );
        }
        text + &format!(
            "faults injected {}, hosts lost {}, files damaged {}; in {} s\n\n",
            self.faults(),
            self.lost(),
            self.damaged(),
            took.as_secs()
        )
    }
}
