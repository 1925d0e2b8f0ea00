//! A kernel module: whether it can be loaded, and whether it is.
//!
//! That it is blocked follows from files (`install NAME /bin/false` in modprobe.d), so making a
//! Change loads or unloads only; the block is proven by what modprobe says afterwards.

mod observe;

use super::{Difference, Extras, Key, Kind, Opaque, Realise, State, Undo, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};

pub struct KernelModule;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModuleState {
    /// Where the module itself is.
    pub place: Place,
    /// The command that modprobe runs in its place, if its configuration says so: the first one.
    pub install: Option<String>,
    pub loaded: bool,
    /// How many hold it, and the modules among them. They come and go: not part of what is compared.
    pub uses: u64,
    pub used_by: Vec<String>,
    /// What the running system has on the disks that it drives: mount points, swap, volumes.
    pub carries: Vec<String>,
    /// Parameters to load it with; the host doesn't tell them.
    pub options: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The host has no modules for its kernel: a container, or modprobe is missing.
    NoTree,
    /// The kernel has modules, but not this one.
    Missing,
    /// It is a file that can be loaded.
    File,
    BuiltIn,
}

/// Commands that keep a module from being loaded (modprobe.d(5)): `true` hides that from the loader,
/// `false` tells it.
const BLOCKS: &[&str] = &["/bin/false", "/usr/bin/false", "/bin/true", "/usr/bin/true"];

impl ModuleState {
    pub fn is_blocked(&self) -> bool {
        self.install.as_deref().is_some_and(|command| BLOCKS.contains(&command))
    }

    /// In a word, for messages.
    pub fn word(&self) -> &'static str {
        match (self.loaded, self.is_blocked(), self.place) {
            (true, ..) => "loaded",
            (false, _, Place::BuiltIn) => "built in",
            (false, true, _) => "blocked",
            (false, false, Place::File) => "loadable",
            (false, false, Place::Missing | Place::NoTree) => "not on this host",
        }
    }
}

/// What a plan rests on. Whether it is blocked isn't: a file that the same task writes says so.
impl PartialEq for ModuleState {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && self.loaded == other.loaded && self.carries == other.carries
    }
}

/// The name as the kernel has it: modprobe takes `-` and `_` for the same.
pub fn kernel_name(name: &str) -> String {
    name.replace('-', "_")
}

impl Kind for KernelModule {
    type Id = String;
    type State = ModuleState;
    const NAME: &'static str = "kernel module";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<ModuleState, String>> {
        observe::parse(wanted, reply)
    }

    fn diff(_id: &String, from: &ModuleState, to: &ModuleState) -> Vec<Difference> {
        let word = |yes: bool| if yes { "yes" } else { "no" };
        let mut differences = Vec::new();
        if from.is_blocked() != to.is_blocked() {
            differences.push(Difference::property("blocked", word(from.is_blocked()), word(to.is_blocked())));
        }
        if from.loaded != to.loaded {
            differences.push(Difference::property("loaded", word(from.loaded), word(to.loaded)));
        }
        differences
    }

    fn realise(
        name: &String,
        from: &ModuleState,
        to: &ModuleState,
        _extras: &Extras,
    ) -> Result<Realise, String> {
        let path = "PATH=$PATH:/usr/sbin:/sbin\n";
        Ok(Realise::script(match (from.loaded, to.loaded) {
            (true, false) => format!(
                "{path}rmmod {name} || {{ grep {line} /proc/modules >&2; exit 1; }}\n",
                name = quote(&kernel_name(name)),
                line = quote(&format!("^{} ", kernel_name(name))),
            ),
            (false, true) => {
                let words: Vec<String> = to.options.iter().map(|word| quote(word)).collect();
                format!("{path}modprobe {} {}\n", quote(name), words.join(" "))
            }
            _ => ":\n".to_string(),
        }))
    }

    fn same(found: &ModuleState, wanted: &ModuleState) -> bool {
        found.loaded == wanted.loaded && found.is_blocked() == wanted.is_blocked()
    }

    fn undo(_name: &String, from: &ModuleState, to: &ModuleState) -> Undo {
        match (from.loaded, to.loaded) {
            (true, false) => Undo::Partial("it is loaded again, with the parameters of modprobe.d".into()),
            _ => Undo::Full,
        }
    }

    fn shaken(_name: &String, state: &ModuleState, by: &Opaque) -> bool {
        let brings_modules = |p: &String| p.starts_with("linux-") || p.starts_with("kernel") || p == "kmod";
        state.place != Place::File && by.package.as_ref().is_some_and(brings_modules)
    }

    fn stands_on(_name: &String, changed: &Key, _now: &State) -> bool {
        matches!(changed, Key::File(path) if path.contains("/modprobe.d/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(loaded: bool) -> ModuleState {
        ModuleState {
            place: Place::File,
            install: None,
            loaded,
            uses: 0,
            used_by: Vec::new(),
            carries: Vec::new(),
            options: vec!["a=b c".into()],
        }
    }

    #[test]
    fn only_loading_and_unloading_is_done() {
        let script = |from, to| {
            let name = "usb-storage".to_string();
            KernelModule::realise(&name, &state(from), &state(to), &Extras::default()).map(|r| r.script)
        };
        assert_eq!(script(false, false).as_deref(), Ok(":\n"));
        assert!(script(true, false).is_ok_and(|s| s.contains("rmmod 'usb_storage' || ")));
        assert!(script(false, true).is_ok_and(|s| s.ends_with("modprobe 'usb-storage' 'a=b c'\n")));
    }

    #[test]
    fn a_block_is_part_of_what_is_wanted_but_not_of_what_a_plan_rests_on() {
        let blocked = ModuleState { install: Some("/bin/false".into()), ..state(false) };
        assert_eq!(blocked, state(false));
        assert!(!KernelModule::same(&state(false), &blocked));
        assert_eq!(KernelModule::diff(&"x".into(), &state(false), &blocked).len(), 1);
    }
}
