//! Refusing, before any change, a plan that would take away the way in.

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
