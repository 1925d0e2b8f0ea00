//! What a control's outcome rests on: what the host was asked for its tasks and by the probes that
//! they read, and what it answered.

use super::setup::Setup;
use super::step::Step;
use super::task::Job;
use super::walk::Walk;
use crate::fragment::Reply;
use crate::playbook::model::{Play, Task};
use crate::playbook::reads::{self, Words};
use crate::record::Evidence;
use crate::resource::{Key, evidence};
use std::sync::Arc;

/// Lines of a probe's answer before it is cut.
const LINES: usize = 20;

impl Walk<'_> {
    /// Notes what the host was asked for the task, and its answers, where a run is about controls.
    pub(super) fn prove(&mut self, job: &Job<'_>, step: &mut Step) {
        let asked = self.world.take_asked();
        if self.setup.options.controls.is_none() || step.entry.origin.secret {
            return;
        }
        let seen = |key: &Key| {
            let told = evidence::told(self.world.seen(key)?);
            Some(Evidence { asked: evidence::asked(key), told })
        };
        let mut found: Vec<Evidence> = asked.iter().filter_map(seen).collect();
        if let (Some(reply), Some(action)) = (self.log.reply(&step.id), &step.entry.action) {
            let title = action.title.strip_prefix("run `").and_then(|rest| rest.strip_suffix('`'));
            let asked = title.unwrap_or(&action.title).to_string();
            found.push(Evidence { asked, told: answer(reply) });
        }
        if job.task.control().is_some() {
            let words = self.setup.reads(job.play, job.task);
            for proof in self.proofs.iter().filter(|(name, _)| words.contains(*name)).map(|(_, proof)| proof)
            {
                let new: Vec<Evidence> = proof.iter().filter(|one| !found.contains(one)).cloned().collect();
                found.extend(new);
            }
            if found.is_empty() {
                found = self.facts_of(&words);
            }
        }
        step.entry.evidence = found;
    }

    /// Where a task goes by facts alone, those.
    fn facts_of(&self, words: &Words) -> Vec<Evidence> {
        let fact = |word: &String| {
            let told = self.world.fact(word.strip_prefix("ansible_")?)?;
            Some(Evidence { asked: format!("the fact {word}"), told })
        };
        words.iter().filter_map(fact).collect()
    }

    /// Keeps what a task found out under the name that it registers, for those that read it. In the
    /// end only what belongs to a control is evidence.
    pub(super) fn keep_proof(&mut self, name: &str, first: usize) {
        let steps = &mut self.out.steps[first..];
        let proof: Vec<Evidence> = steps.iter().flat_map(|step| step.entry.evidence.clone()).collect();
        if !proof.is_empty() {
            self.proofs.insert(name.to_string(), proof);
        }
    }
}

fn answer(reply: &Reply) -> String {
    let text = reply.text();
    let mut told: Vec<String> = text.lines().take(LINES).map(String::from).collect();
    match text.lines().count().saturating_sub(LINES) {
        0 => {}
        more => told.push(format!("... and {more} more lines")),
    }
    if reply.status != 0 {
        let error = reply.error_text();
        told.push(
            format!("exit status {} {}", reply.status, error.lines().last().unwrap_or_default())
                .trim()
                .into(),
        );
    }
    if told.is_empty() { "(nothing)".into() } else { told.join("\n") }
}

impl Setup {
    /// What a task reads, looked up once a run.
    fn reads(&self, play: &Play, task: &Task) -> Arc<Words> {
        let known = self.cache.reads.lock().ok().and_then(|all| all.get(&task.place).cloned());
        known.unwrap_or_else(|| {
            let words = Arc::new(reads::words(play, task, []));
            if let Ok(mut all) = self.cache.reads.lock() {
                all.insert(task.place.clone(), words.clone());
            }
            words
        })
    }
}
