//! Undoing a run, by its record on the host: the module behind `harda rollback`, and the one that
//! makes undone files effective. Both are for harda's own playbook only.

mod undoing;

use super::{Action, Args, Context, Effect, Kind, Module, Outcome, Param, Planned};
use crate::resource::effective::{self, SERVICES};
use crate::resource::runs::Runs;
use crate::resource::unit::{self, Active, Unit, UnitState};
use crate::world::Stop;
use undoing::Undoing;

pub struct Rollback;
pub struct MakeEffective;

const ROLLBACK: &[Param] = &[
    Param::new(&["run"], Kind::Text, "The run to undo.").required(),
    Param::new(&["force"], Kind::Bool, "Undo even what somebody has changed since."),
];

const MAKE_EFFECTIVE: &[Param] =
    &[Param::new(&["service"], Kind::Text, "The service whose files were undone.").required()];

impl Module for Rollback {
    fn names(&self) -> &'static [&'static str] {
        &["harda_rollback"]
    }

    fn about(&self) -> &'static str {
        "Undoes what a run changed."
    }

    fn params(&self) -> &'static [Param] {
        ROLLBACK
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let run = args.needed("run")?;
        let force = args.flag("force") == Some(true);
        let runs = cx.world.ask::<Runs>(run.clone())?;
        let Some(manifest) = runs.first() else {
            let message = format!("nothing to undo: this host keeps no record of run {run}");
            let planned = Planned { effect: Effect::Message(message), ..Planned::default() };
            return Ok(planned.result("services", Vec::<String>::new()));
        };
        if !manifest.damage.is_empty() && !force {
            let damage = manifest.damage.join("; ");
            return Err(Stop::Refused(format!(
                "the record of run {run} is damaged: {damage}\nhint: `--force` undoes what can be read of it"
            )));
        }
        let undoing = Undoing::of(manifest, cx.world)?;
        if !undoing.drifted.is_empty() && !force {
            let drifted: Vec<String> = undoing.drifted.iter().map(ToString::to_string).collect();
            return Err(Stop::Refused(format!(
                "what run {run} made was changed by somebody since: {}\n\
                 hint: look at it; `--force` takes that back too (what is there now is kept)",
                drifted.join(", ")
            )));
        }
        let mut planned = Planned { wants: undoing.wants, notes: undoing.notes, ..Planned::default() };
        if planned.wants.is_empty() {
            planned.notes.insert(0, format!("nothing is left to undo of run {run}"));
        }
        Ok(planned.result("services", undoing.services))
    }
}

impl Module for MakeEffective {
    fn names(&self) -> &'static [&'static str] {
        &["harda_make_effective"]
    }

    fn about(&self) -> &'static str {
        "Has a service read its files again."
    }

    fn params(&self) -> &'static [Param] {
        MAKE_EFFECTIVE
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let name = args.needed("service")?;
        let service = SERVICES.iter().find(|service| service.name == name);
        let (verb, units) = match service.and_then(|service| service.effect) {
            Some(effective::Effect::Reload(units)) => ("reload", units),
            Some(effective::Effect::Restart(units)) => ("restart", units),
            Some(effective::Effect::Start) | None => return Ok(Planned::default()),
        };
        // All are asked for before the first answer is used.
        let states: Vec<Result<&UnitState, Stop>> =
            units.iter().map(|unit| cx.world.ask::<Unit>(unit.to_string())).collect();
        for state in states {
            let Some(unit) = state?.service().filter(|unit| unit.active == Active::Active) else { continue };
            let action = Action {
                title: format!("{verb} {}", unit.name),
                script: unit::restart(&unit.name, verb, unit.manager, false),
                input: Vec::new(),
                risk: service.map_or(crate::resource::Risk::None, |service| service.risk),
                opaque: false,
                outcome: Outcome::Done,
                seconds: 180,
                paths: Vec::new(),
            };
            return Ok(Planned { action: Some(action), ..Planned::default() });
        }
        let notes = vec![format!("no unit of {name} runs: it reads its files when it is started")];
        Ok(Planned { notes, ..Planned::default() })
    }
}

/// The playbook that undoes a run.
pub fn playbook(run: &str, force: bool) -> String {
    let mut text = format!(
        "- name: Roll back run {run}\n  hosts: all\n  become: true\n  tasks:\n    \
         - name: What the run changed is undone\n      harda_rollback: {{run: {run}, force: {force}}}\n      \
         register: harda_rolled_back\n"
    );
    for service in SERVICES.iter().filter(|service| service.is_told()) {
        text.push_str(&format!(
            "    - name: {0} reads its files again\n      harda_make_effective: {{service: {0}}}\n      \
             when: \"'{0}' in harda_rolled_back.services\"\n",
            service.name
        ));
    }
    text
}
