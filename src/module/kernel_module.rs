//! `kernel_module`: a kernel module can't be loaded, and isn't.
//!
//! `blacklist` alone stops only loading by alias: `uas` still pulls in `usb-storage`, and an explicit
//! modprobe loads it. `install NAME /bin/false` stops every way that modprobe goes (not insmod: this
//! is protection against what is plugged in, not against root). The initramfs has its own copy of
//! modprobe.d: the playbook notifies a handler that runs `update-initramfs -u`.

use super::content::whole;
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::module::file::absent;
use crate::resource::file::{Body, Entry, File, FileState, What};
use crate::resource::kernel_module::{KernelModule, ModuleState, Place, kernel_name};
use crate::world::Stop;

pub struct KernelModules;

const PARAMS: &[Param] = &[
    Param::new(&["name"], Kind::List, "The modules, as lsmod or modinfo names them.").required(),
    Param::new(&["state"], Kind::Text, "`disabled` (default), or `enabled`: harda's file is removed.")
        .choices(&["disabled", "enabled"]),
    Param::new(&["unload"], Kind::Bool, "Unload them if they are loaded and idle. Default: true."),
    Param::new(
        &["file"],
        Kind::Path,
        "The file. Default: /etc/modprobe.d/harda-NAME.conf, by the first name.",
    ),
];

const BLOCK: &str = "/bin/false";

impl Module for KernelModules {
    fn names(&self) -> &'static [&'static str] {
        &["kernel_module"]
    }

    fn about(&self) -> &'static str {
        "Kernel modules can't be loaded, and aren't."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let names = names(args)?;
        let file = file(args, &names)?;
        let asked: Vec<_> = names.iter().map(|name| cx.world.ask::<KernelModule>(name.clone())).collect();
        let there = cx.world.ask_at::<File>(file.clone(), whole());
        let mut modules = Vec::new();
        for (name, state) in names.iter().zip(asked) {
            modules.push((name.clone(), state?.clone()));
        }
        match args.text("state").as_deref() {
            Some("enabled") => Ok(enabled(file, there?, modules)),
            _ => disabled(args, file, there?, modules),
        }
    }
}

fn names(args: &Args) -> Result<Vec<String>, Stop> {
    let names = args.list("name").unwrap_or_default();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match names.iter().find(|name| name.is_empty() || !name.chars().all(good)) {
        Some(name) => Err(Stop::error(format!("`{name}` is no name of a kernel module"))),
        None if names.is_empty() => Err(Stop::error("`name` of module `kernel_module` names no module")),
        None => Ok(names),
    }
}

/// modprobe reads only files that end in `.conf`.
fn file(args: &Args, names: &[String]) -> Result<String, Stop> {
    match args.text("file") {
        Some(file) if !file.ends_with(".conf") => Err(Stop::error(format!(
            "`file` must end in `.conf`, or modprobe doesn't read it; this is `{file}`"
        ))),
        Some(file) => Ok(file),
        None => Ok(format!("/etc/modprobe.d/harda-{}.conf", names[0])),
    }
}

fn enabled(file: String, there: &FileState, modules: Vec<(String, ModuleState)>) -> Planned {
    let ours = there.body().is_some();
    let mut planned = Planned::default().result("file", file.clone());
    if there.entry().is_some() {
        planned = planned.want::<File>(file, absent(there));
    }
    for (name, state) in modules {
        if !ours && state.is_blocked() {
            planned.notes.push(format!("`{name}` is blocked by another file of modprobe.d"));
        } else {
            planned = planned.want::<KernelModule>(name, ModuleState { install: None, ..state });
        }
    }
    planned
}

fn disabled(
    args: &Args,
    file: String,
    there: &FileState,
    modules: Vec<(String, ModuleState)>,
) -> Result<Planned, Stop> {
    let unload = args.flag("unload").unwrap_or(true);
    let names: Vec<String> = modules.iter().map(|(name, _)| kernel_name(name)).collect();
    let mut planned = Planned::default().result("file", file.clone());
    for (name, state) in &modules {
        check(name, state, &names, unload)?;
        planned.notes.extend(note(name, state, unload));
    }
    planned = planned.want::<File>(file, written(&modules, there)?);
    for (name, state) in in_order(modules) {
        let to = ModuleState {
            install: state.install.clone().filter(|_| state.is_blocked()).or(Some(BLOCK.into())),
            loaded: state.loaded && !unload,
            ..state
        };
        planned = planned.want::<KernelModule>(name, to);
    }
    Ok(planned)
}

/// Whether it can be done, and would not take the running system's disk away.
fn check(name: &str, state: &ModuleState, names: &[String], unload: bool) -> Result<(), Stop> {
    if state.place == Place::BuiltIn {
        return Err(Stop::error(format!(
            "`{name}` is built into this host's kernel: no file can disable it"
        )));
    }
    if let Some(command) = state.install.as_ref().filter(|_| !state.is_blocked()) {
        return Err(Stop::error(format!(
            "modprobe.d says `install {name} {command}` already, and the first such line counts: remove it first"
        )));
    }
    if !state.carries.is_empty() {
        return Err(Stop::Refused(format!(
            "the running system stands on USB disks ({}): without `{name}` it would not come up again",
            state.carries.join(", ")
        )));
    }
    let others: Vec<&String> = state.used_by.iter().filter(|user| !names.contains(user)).collect();
    let held = state.uses > state.used_by.len() as u64 || !others.is_empty();
    if state.loaded && unload && held {
        let who = match others.is_empty() {
            true => format!("{} users that are no modules", state.uses - state.used_by.len() as u64),
            false => others.iter().map(|u| format!("`{u}`")).collect::<Vec<_>>().join(", "),
        };
        return Err(Stop::error(format!(
            "`{name}` is in use by {who}: it can't be unloaded (`unload: false` keeps it from the next boot on)"
        )));
    }
    Ok(())
}

/// What a plan should say besides its Changes.
fn note(name: &str, state: &ModuleState, unload: bool) -> Option<String> {
    match state.place {
        Place::NoTree => Some(format!(
            "`{name}` is not on this host, which has no modules for its kernel (a container?): it is blocked all the same"
        )),
        Place::Missing => Some(format!("`{name}` is not on this host: its kernel was built without it")),
        _ if state.loaded && !unload => Some(format!("`{name}` stays loaded until the next boot")),
        _ => None,
    }
}

/// Modules before those that they use.
fn in_order(mut modules: Vec<(String, ModuleState)>) -> Vec<(String, ModuleState)> {
    let mut ordered: Vec<(String, ModuleState)> = Vec::new();
    while !modules.is_empty() {
        let names: Vec<String> = modules.iter().map(|(name, _)| kernel_name(name)).collect();
        let free = modules.iter().position(|(_, state)| !state.used_by.iter().any(|u| names.contains(u)));
        ordered.push(modules.remove(free.unwrap_or(0)));
    }
    ordered
}

fn written(modules: &[(String, ModuleState)], there: &FileState) -> Result<FileState, Stop> {
    if matches!(there, FileState::Absent { folder: false }) {
        // kmod brings the folder; a host without it has nothing that could load a module.
        return Err(Stop::error("the folder /etc/modprobe.d does not exist (package `kmod` brings it)"));
    }
    let mut text = String::from("# Written by harda: these kernel modules can't be loaded.\n");
    for (name, _) in modules {
        text.push_str(&format!("install {name} {BLOCK}\nblacklist {name}\n"));
    }
    Ok(FileState::Present(Entry {
        what: What::File(Body::of(text.into_bytes())),
        mode: 0o644,
        owner: "root".into(),
        group: "root".into(),
        links: 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted, wanted_text};
    use serde_json::json;

    fn module(place: Place) -> ModuleState {
        ModuleState {
            place,
            install: None,
            loaded: false,
            uses: 0,
            used_by: Vec::new(),
            carries: Vec::new(),
            options: Vec::new(),
        }
    }

    fn loaded(uses: u64, by: &[&str]) -> ModuleState {
        let used_by = by.iter().map(|u| u.to_string()).collect();
        ModuleState { loaded: true, uses, used_by, ..module(Place::File) }
    }

    const FILE: &str = "/etc/modprobe.d/harda-usb-storage.conf";

    fn bench(storage: ModuleState, uas: ModuleState) -> Bench {
        Bench::new().without(FILE).has::<KernelModule>("usb-storage", storage).has::<KernelModule>("uas", uas)
    }

    #[test]
    fn modules_are_blocked_in_one_file_and_unloaded_in_order() {
        let bench = bench(loaded(1, &["uas"]), loaded(0, &[]));
        let planned = bench.plan("kernel_module", json!({"name": ["usb-storage", "uas"]})).expect("planned");
        let text = "# Written by harda: these kernel modules can't be loaded.\n\
                    install usb-storage /bin/false\nblacklist usb-storage\n\
                    install uas /bin/false\nblacklist uas\n";
        assert_eq!(wanted_text(&planned, FILE).as_deref(), Some(text));
        let order: Vec<String> = planned.wants.iter().map(|w| w.key.id()).collect();
        assert_eq!(order, [FILE, "uas", "usb-storage"]);
        let to = wanted::<KernelModule>(&planned, "usb-storage").expect("wanted");
        assert!(to.is_blocked() && !to.loaded);
    }

    #[test]
    fn a_host_without_modules_gets_the_file_and_a_note() {
        let bench = bench(module(Place::NoTree), module(Place::Missing));
        let planned = bench.plan("kernel_module", json!({"name": "usb-storage,uas"})).expect("planned");
        assert!(planned.notes[0].contains("(a container?)"), "{:?}", planned.notes);
        assert!(planned.notes[1].contains("built without it"), "{:?}", planned.notes);
        assert_eq!(planned.wants.len(), 3);
    }

    #[test]
    fn what_cannot_or_must_not_be_is_told() {
        let told = |storage, args: serde_json::Value| {
            bench(storage, module(Place::File)).error("kernel_module", args)
        };
        let one = json!({"name": "usb-storage"});
        let cases = [
            (loaded(2, &["uas"]), "in use by `uas`"),
            (loaded(1, &[]), "in use by 1 users that are no modules"),
            (module(Place::BuiltIn), "built into this host's kernel"),
            (
                ModuleState { carries: vec!["mounted on /".into()], ..loaded(1, &[]) },
                "stands on USB disks (mounted on /)",
            ),
            (
                ModuleState { install: Some("/sbin/modprobe -i x".into()), ..module(Place::File) },
                "the first such line counts",
            ),
        ];
        for (state, message) in cases {
            let error = told(state, one.clone());
            assert!(error.contains(message), "{error}");
        }
        assert!(told(module(Place::File), json!({"name": "a b"})).contains("no name of a kernel module"));
        assert!(
            told(module(Place::File), json!({"name": "uas", "file": "/etc/x"})).contains("end in `.conf`")
        );
        let stays = bench(loaded(1, &[]), module(Place::File));
        let planned =
            stays.plan("kernel_module", json!({"name": "usb-storage", "unload": false})).expect("planned");
        assert!(wanted::<KernelModule>(&planned, "usb-storage").is_some_and(|s| s.loaded));
        assert!(planned.notes[0].contains("until the next boot"));
    }

    #[test]
    fn enabled_takes_the_block_away() {
        let blocked = ModuleState { install: Some(BLOCK.into()), ..module(Place::File) };
        let bench = Bench::new()
            .file(FILE, "install usb-storage /bin/false\n")
            .has::<KernelModule>("usb-storage", blocked);
        let planned =
            bench.plan("kernel_module", json!({"name": "usb-storage", "state": "enabled"})).expect("planned");
        assert_eq!(wanted::<File>(&planned, FILE), Some(&FileState::Absent { folder: true }));
        assert!(wanted::<KernelModule>(&planned, "usb-storage").is_some_and(|s| !s.is_blocked()));
    }
}
