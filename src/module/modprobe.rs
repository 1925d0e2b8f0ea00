//! `modprobe`: a kernel module is loaded, or isn't; and is loaded at boot, or isn't.

use super::content::whole;
use super::file::absent;
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::Key;
use crate::resource::file::{Body, Entry, File, FileState, What};
use crate::resource::kernel_module::{KernelModule, ModuleState, Place};
use crate::world::Stop;

pub struct Modprobe;

const PARAMS: &[Param] = &[
    Param::new(&["name"], Kind::Text, "The module.").required(),
    Param::new(&["state"], Kind::Text, "Whether it is loaded. Default: `present`.")
        .choices(&["present", "absent"]),
    Param::new(&["params"], Kind::Text, "Parameters to load it with."),
    Param::new(
        &["persistent"],
        Kind::Text,
        "Whether it is loaded at boot, by /etc/modules-load.d/NAME.conf; its parameters are in \
         /etc/modprobe.d/NAME.conf. Default: `disabled` (left as it is).",
    )
    .choices(&["disabled", "present", "absent"]),
];

impl Module for Modprobe {
    fn names(&self) -> &'static [&'static str] {
        &["modprobe"]
    }

    fn about(&self) -> &'static str {
        "A kernel module is loaded, or isn't (`kernel_module` keeps one from ever being loaded)."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let name = args.needed("name")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(Stop::error(format!("`{name}` is no name of a kernel module")));
        }
        let persistent = args.text("persistent").filter(|word| word != "disabled");
        let (load, options) =
            (format!("/etc/modules-load.d/{name}.conf"), format!("/etc/modprobe.d/{name}.conf"));
        if persistent.is_some() {
            cx.world.demand(Key::File(load.clone()), whole());
            cx.world.demand(Key::File(options.clone()), whole());
        }
        let state = cx.world.ask::<KernelModule>(name.clone())?;
        let present = args.text("state").as_deref() != Some("absent");
        let mut planned = Planned::default().result("name", name.clone());
        if let Some(word) = persistent {
            let line = args.text("params").map(|params| format!("options {name} {params}\n"));
            let keep = word == "present";
            planned = file(planned, load, keep.then(|| format!("{name}\n")), cx)?;
            planned = file(planned, options, line.filter(|_| keep), cx)?;
        }
        let to = wanted(args, &name, state, present)?;
        Ok(planned.want::<KernelModule>(name, to))
    }
}

fn wanted(args: &Args, name: &str, state: &ModuleState, present: bool) -> Result<ModuleState, Stop> {
    let to = ModuleState { loaded: present, ..state.clone() };
    match (present, state.loaded, state.place) {
        (true, false, Place::BuiltIn) => Ok(state.clone()),
        (true, false, Place::NoTree) => Err(Stop::error(format!(
            "`{name}` can't be loaded: this host has no modules for its kernel (a container?)"
        ))),
        (true, false, Place::Missing) => {
            Err(Stop::error(format!("`{name}` can't be loaded: this host's kernel was built without it")))
        }
        (true, false, Place::File) if state.is_blocked() => {
            Err(Stop::error(format!("`{name}` can't be loaded: modprobe.d blocks it by an `install` line")))
        }
        (true, false, Place::File) => {
            let options = shlex::split(&args.text("params").unwrap_or_default());
            Ok(ModuleState {
                options: options.ok_or_else(|| Stop::error("a quote is not closed in `params`"))?,
                ..to
            })
        }
        (false, true, _) if state.uses > 0 => {
            let by = if state.used_by.is_empty() {
                String::new()
            } else {
                format!(" ({})", state.used_by.join(", "))
            };
            Err(Stop::error(format!("`{name}` can't be unloaded: it is in use{by}")))
        }
        _ => Ok(to),
    }
}

/// A small file of root's with this text, or none.
fn file(planned: Planned, path: String, text: Option<String>, cx: &Context<'_>) -> Result<Planned, Stop> {
    let now = cx.world.ask_at::<File>(path.clone(), whole())?;
    let to = match text {
        Some(_) if matches!(now, FileState::Absent { folder: false }) => {
            return Err(Stop::error(format!("the folder of `{path}` does not exist")));
        }
        Some(text) => FileState::Present(Entry {
            what: What::File(Body::of(text.into_bytes())),
            mode: 0o644,
            owner: "root".into(),
            group: "root".into(),
            links: 1,
        }),
        None => absent(now),
    };
    Ok(planned.want::<File>(path, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted, wanted_text};
    use serde_json::json;

    fn module(place: Place, loaded: bool, uses: u64) -> ModuleState {
        let (install, used_by, carries, options) = Default::default();
        ModuleState { place, install, loaded, uses, used_by, carries, options }
    }

    #[test]
    fn modules_are_loaded_now_and_at_boot() {
        let bench = Bench::new()
            .without("/etc/modules-load.d/br.conf")
            .without("/etc/modprobe.d/br.conf")
            .has::<KernelModule>("br", module(Place::File, false, 0));
        let args = json!({"name": "br", "params": "a=1 b='2 3'", "persistent": "present"});
        let planned = bench.plan("modprobe", args).expect("planned");
        assert_eq!(wanted_text(&planned, "/etc/modules-load.d/br.conf").as_deref(), Some("br\n"));
        let options = wanted_text(&planned, "/etc/modprobe.d/br.conf");
        assert_eq!(options.as_deref(), Some("options br a=1 b='2 3'\n"));
        let to = wanted::<KernelModule>(&planned, "br").expect("wanted");
        assert_eq!((to.loaded, to.options.clone()), (true, vec!["a=1".into(), "b=2 3".into()]));
    }

    #[test]
    fn what_cannot_be_loaded_or_unloaded_is_told() {
        let cases = [
            (module(Place::NoTree, false, 0), "present", "(a container?)"),
            (module(Place::Missing, false, 0), "present", "built without it"),
            (module(Place::File, true, 1), "absent", "it is in use"),
        ];
        for (state, wish, told) in cases {
            let bench = Bench::new().has::<KernelModule>("br", state);
            let error = bench.error("modprobe", json!({"name": "br", "state": wish}));
            assert!(error.contains(told), "{error}");
        }
    }
}
