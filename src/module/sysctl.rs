//! `sysctl`: a kernel parameter, now and at every boot.

use super::content::{Current, whole};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::Key;
use crate::resource::file::{Body, Entry, File, FileState, What};
use crate::resource::sysctl::{Assignment, Sysctl, SysctlState, dotted, folded, is_locked};
use crate::world::Stop;
use minijinja::Value;
use minijinja::value::ValueKind;

pub struct SysctlKey;

/// Sorts after `99-protect-links.conf` of Debian 12 and Ubuntu, which would win over `99-harda.conf`.
const FILE: &str = "/etc/sysctl.d/zz-harda.conf";

/// By this link systemd-sysctl reads /etc/sysctl.conf, on Debian 12 and Ubuntu.
const LINKED: &str = "/etc/sysctl.d/99-sysctl.conf";

const PARAMS: &[Param] = &[
    Param::new(&["name", "key"], Kind::Text, "The key, such as net.ipv4.ip_forward.").required(),
    Param::new(&["value", "val"], Kind::Any, "The value; runs of blanks count as one."),
    Param::new(&["state"], Kind::Text, "Whether the file sets it. Default: `present`.")
        .choices(&["present", "absent"]),
    Param::new(
        &["sysctl_file"],
        Kind::Path,
        "The file that sets it at boot. Default: /etc/sysctl.d/zz-harda.conf. (Ansible's default is \
         /etc/sysctl.conf, which Debian 13 never reads.)",
    ),
    Param::new(&["sysctl_set"], Kind::Bool, "Set it now even with `reload: false`. Default: false."),
    Param::new(&["reload"], Kind::Bool, "Set it now: this key, not the whole file. Default: true."),
    Param::new(
        &["ignoreerrors"],
        Kind::Bool,
        "Only write the file where the key doesn't exist or can't be set. Default: false.",
    ),
];

impl Module for SysctlKey {
    fn names(&self) -> &'static [&'static str] {
        &["sysctl"]
    }

    fn about(&self) -> &'static str {
        "A kernel parameter, now and at every boot."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let key = dotted(args.needed("name")?.trim());
        if key.is_empty() || key.contains(['=', '\n', ' ', '*']) || key.contains("//") || key.contains("..") {
            return Err(Stop::error(format!("`{key}` is no key of sysctl")));
        }
        let file = args.text("sysctl_file").unwrap_or_else(|| FILE.into());
        cx.world.demand(Key::File(file.clone()), whole());
        cx.world.demand(Key::Sysctl(key.clone()), Default::default());
        let current = Current::read(args, file.clone(), cx);
        if args.text("state").as_deref() == Some("absent") {
            return written(current?, &key, None);
        }
        let value = value(args)?;
        let state = cx.world.ask::<Sysctl>(key.clone())?;
        let mut planned = written(current?, &key, Some(&value))?;
        planned.notes.extend(overruled(&key, &value, &file, &state.boot));
        if file == "/etc/sysctl.conf" && cx.world.ask::<File>(LINKED)?.entry().is_none() {
            planned
                .notes
                .push("this host reads no /etc/sysctl.conf at boot: use a file in /etc/sysctl.d".into());
        }
        now(args, &key, value, state, planned)
    }
}

fn value(args: &Args) -> Result<String, Stop> {
    let value = match args.get("value") {
        Some(value) if value.kind() == ValueKind::Bool => Value::from(i64::from(value.is_true())),
        Some(value) => value.clone(),
        None => return Err(Stop::error("`value` is needed with `state: present`")),
    };
    let text = value.to_string();
    match matches!(value.kind(), ValueKind::Map | ValueKind::Seq) || text.trim().contains('\n') {
        true => Err(Stop::error(format!("`value` of module `sysctl` must be one line, this is `{text}`"))),
        false => Ok(folded(&text)),
    }
}

/// The key's value in the running kernel.
fn now(
    args: &Args,
    key: &str,
    value: String,
    state: &SysctlState,
    mut planned: Planned,
) -> Result<Planned, Stop> {
    if !args.flag("reload").unwrap_or(true) && args.flag("sysctl_set") != Some(true) {
        return Ok(planned);
    }
    // The file is all that can be set: the kernel takes another value with its next start.
    if let Some(found) =
        state.value.as_deref().filter(|found| is_locked(key, found) && folded(found) != value)
    {
        planned.lags = Some(format!("`{key}` is {} now, which only a reboot takes back", folded(found)));
        return Ok(planned);
    }
    let to = SysctlState { value: Some(value.clone()), ..state.clone() };
    let trouble = match &state.value {
        None => Some(format!("this host's kernel has no key `{key}`")),
        Some(found) if !state.writable && folded(found) != value => Some(format!(
            "`{key}` can't be set on this host (in a container it belongs to the host below); it is {}",
            folded(found)
        )),
        Some(_) => None,
    };
    match trouble {
        None => Ok(planned.want::<Sysctl>(key.to_string(), to)),
        Some(why) if args.flag("ignoreerrors") == Some(true) => {
            planned.notes.push(why);
            Ok(planned)
        }
        Some(why) => Err(Stop::error(format!("{why} (`ignoreerrors: true` only writes the file)"))),
    }
}

/// A file that is read after ours and says otherwise.
fn overruled(key: &str, value: &str, file: &str, boot: &[Assignment]) -> Option<String> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
    let last = boot.iter().rfind(|a| a.file != file && name(&a.file) > name(file))?;
    (last.value != value).then(|| {
        format!(
            "at boot {} sets `{key}` to {} after {file}: name `sysctl_file` so that it sorts last",
            last.file, last.value
        )
    })
}

/// The file with one line for the key, or none.
fn written(current: Current, key: &str, value: Option<&str>) -> Result<Planned, Stop> {
    let before = current.text.clone().unwrap_or_default();
    let after = set(&before, key, value);
    let planned = Planned::default().result("path", current.path.clone());
    if after == before {
        return Ok(planned);
    }
    if matches!(current.state, FileState::Absent { folder: false }) {
        return Err(Stop::error(format!("the folder of `{}` does not exist", current.path)));
    }
    let old = current.state.entry();
    let to = FileState::Present(Entry {
        what: What::File(Body::of(after.into_bytes())),
        mode: old.map_or(0o644, |e| e.mode),
        owner: old.map_or("root".into(), |e| e.owner.clone()),
        group: old.map_or("root".into(), |e| e.group.clone()),
        links: old.map_or(1, |e| e.links),
    });
    Ok(planned.want::<File>(current.path, to))
}

/// The key's first line gets the value, its other lines go; a new one comes last.
fn set(text: &str, key: &str, value: Option<&str>) -> String {
    let mut value = value.map(|v| (v, format!("{key} = {v}\n")));
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let assigned = line.split_once('=').filter(|_| !line.trim_start().starts_with(['#', ';']));
        match assigned.filter(|(k, _)| dotted(k.trim().trim_start_matches('-')) == key) {
            None => lines.push(line.to_string()),
            Some((_, old)) => match value.take() {
                Some((new, _)) if folded(old) == new => lines.push(line.to_string()),
                Some((_, new)) => lines.push(new),
                None => {}
            },
        }
    }
    if let Some((_, new)) = value {
        if let Some(last) = lines.last_mut().filter(|l| !l.ends_with('\n')) {
            last.push('\n');
        }
        lines.push(new);
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted, wanted_text};
    use serde_json::json;

    fn key(value: Option<&str>, writable: bool) -> SysctlState {
        SysctlState { value: value.map(String::from), writable, boot: Vec::new() }
    }

    #[test]
    fn a_line_is_set_once() {
        let cases = [
            ("", Some("1"), "a.b = 1\n"),
            ("x=2", Some("1"), "x=2\na.b = 1\n"),
            ("a.b=1\n", Some("1"), "a.b=1\n"),
            ("# a.b = 0\na/b = 0\n-a.b=3\nc=1\n", Some("1"), "# a.b = 0\na.b = 1\nc=1\n"),
            ("a.b=1\nc=1\n", None, "c=1\n"),
        ];
        for (before, value, after) in cases {
            assert_eq!(set(before, "a.b", value), after, "{before:?}");
        }
    }

    #[test]
    fn the_file_and_the_kernel_are_both_wanted() {
        let bench = Bench::new()
            .without(FILE)
            .without(LINKED)
            .without("/etc/sysctl.conf")
            .has::<Sysctl>("a.b", key(Some("0"), true));
        let old = json!({"name": "a.b", "value": 1, "sysctl_file": "/etc/sysctl.conf"});
        assert_eq!(bench.plan("sysctl", old).map(|p| p.notes.len()), Ok(1));
        let planned = bench.plan("sysctl", json!({"name": "a/b", "value": true})).expect("planned");
        assert_eq!(wanted_text(&planned, FILE).as_deref(), Some("a.b = 1\n"));
        assert_eq!(wanted::<Sysctl>(&planned, "a.b").and_then(|s| s.value.as_deref()), Some("1"));
        let later =
            bench.plan("sysctl", json!({"name": "a.b", "value": 1, "reload": false})).expect("planned");
        assert_eq!(later.wants.len(), 1);
        let gone = bench.plan("sysctl", json!({"name": "a.b", "state": "absent"})).expect("planned");
        assert!(gone.wants.is_empty());
    }

    #[test]
    fn both_are_asked_for_in_one_round() {
        let bench = Bench::new();
        assert_eq!(bench.plan("sysctl", json!({"name": "a.b", "value": 1})).map(|_| ()), Err(Stop::Waiting));
        assert!(bench.world.take_demands().len() >= 2);
    }

    #[test]
    fn what_the_kernel_takes_back_with_a_reboot_only_is_set_for_then() {
        let name = "kernel.unprivileged_bpf_disabled";
        let plan = |found: &str| {
            let bench = Bench::new().without(FILE).has::<Sysctl>(name, key(Some(found), true));
            bench.plan("sysctl", json!({"name": name, "value": 2})).expect("planned")
        };
        let locked = plan("1");
        assert_eq!(wanted_text(&locked, FILE), Some(format!("{name} = 2\n")));
        assert_eq!(locked.wants.len(), 1, "the running kernel is left alone");
        assert!(locked.lags.is_some_and(|what| what.contains("is 1 now")));
        assert_eq!((plan("0").wants.len(), plan("0").lags), (2, None));
    }

    #[test]
    fn a_key_that_cannot_be_set_is_told() {
        let plan = |state: SysctlState, args: serde_json::Value| {
            let bench = Bench::new().without(FILE).has::<Sysctl>("a.b", state);
            match bench.plan("sysctl", args) {
                Ok(planned) => format!("{} wants, {:?}", planned.wants.len(), planned.notes),
                Err(Stop::Error(why)) => why,
                Err(other) => format!("{other:?}"),
            }
        };
        let args = json!({"name": "a.b", "value": 1});
        assert!(plan(key(None, false), args.clone()).contains("has no key `a.b`"));
        assert!(plan(key(Some("0"), false), args.clone()).contains("belongs to the host below"));
        assert!(plan(key(Some("1"), false), args.clone()).starts_with("2 wants"));
        let ignoring = json!({"name": "a.b", "value": 1, "ignoreerrors": true});
        assert!(plan(key(None, false), ignoring).starts_with("1 wants, [\"this host's kernel has no key"));
        let late = Assignment { file: "/usr/lib/sysctl.d/zzz.conf".into(), value: "0".into() };
        let overruled = SysctlState { boot: vec![late], ..key(Some("0"), true) };
        assert!(plan(overruled, args).contains("at boot /usr/lib/sysctl.d/zzz.conf sets"));
        assert!(plan(key(None, false), json!({"name": "a b", "value": 1})).contains("is no key"));
        assert!(plan(key(None, false), json!({"name": "a.b"})).contains("`value` is needed"));
    }
}
