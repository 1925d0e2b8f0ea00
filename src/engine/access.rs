//! Refusing, before any change, a plan that would take away the way in.

use super::guard;
use super::host::HostRun;
use super::step::Todo;
use super::walk::Walked;
use crate::module::Access;
use crate::record::Status;
use crate::resource::lockout;
use crate::world::World;

/// Looks at all planned Changes together; where their end refuses the next login, the step whose
/// Change does it becomes a refusal. Demands that this raises are left with the World.
pub fn refuse_lockout(world: &World, access: &Access, walked: &mut Walked) {
    let changed: Vec<_> = walked
        .steps
        .iter()
        .flat_map(|step| match &step.todo {
            Todo::Changes(changes, _) => changes.as_slice(),
            _ => &[],
        })
        .map(|change| (&change.key, &change.from, &change.to))
        .collect();
    if changed.is_empty() {
        return;
    }
    let Ok(Some(refusal)) = lockout::check(access, world, &changed) else { return };
    let message = refusal.message.clone();
    let guilty = walked.steps.iter_mut().find(|step| match &step.todo {
        Todo::Changes(changes, _) => changes.iter().any(|c| c.key == refusal.key),
        _ => false,
    });
    if let Some(step) = guilty {
        step.entry.status = Status::Refused { message };
        walked.stopped = true;
    }
}

/// What could lock out where the host could not take it back: an apply leaves the host alone, a plan
/// says that it would.
pub fn refuse_unguarded(run: &HostRun<'_>, walked: &mut Walked) {
    let Some(message) = guard::unguarded(run) else { return };
    let options = &run.setup.options;
    let mut risky = walked.steps.iter_mut().filter(|step| guard::is_risky(step));
    match risky.next() {
        Some(step) if !options.check => {
            step.entry.status = Status::Refused { message };
            walked.stopped = true;
        }
        // An audit makes nothing of it.
        Some(step) if options.controls.is_none() => {
            step.entry.notes.push(format!("refused when it is applied: {message}"))
        }
        _ => {}
    }
}
