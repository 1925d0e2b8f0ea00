//! `lineinfile`: one line of a file is there, or isn't.

mod edit;

use super::content::{BACKUP, CREATE, Current, GROUP, MODE, OWNER, PATH, UNSAFE_WRITES, VALIDATE};
use super::{Args, Context, Kind, Module, Param, Planned};
use crate::world::Stop;
use edit::{Done, Edit};

pub struct LineInFile;

const PARAMS: &[Param] = &[
    PATH,
    Param::new(&["state"], Kind::Text, "Whether the line is to be there. Default: `present`.")
        .choices(&["present", "absent"]),
    Param::new(&["line", "value"], Kind::Text, "The line."),
    Param::new(
        &["regexp", "regex"],
        Kind::Text,
        "The last line that matches is replaced, or all are removed.",
    ),
    Param::new(&["search_string"], Kind::Text, "As `regexp`, by a part of the line as it stands."),
    Param::new(
        &["insertafter"],
        Kind::Text,
        "A line that is new goes after the last one that matches; BOF, EOF. Default: EOF.",
    ),
    Param::new(
        &["insertbefore"],
        Kind::Text,
        "A line that is new goes before the last one that matches; BOF.",
    ),
    Param::new(&["firstmatch"], Kind::Bool, "The first match counts instead of the last. Default: false."),
    Param::new(
        &["backrefs"],
        Kind::Bool,
        "`\\1` in `line` is what group 1 of `regexp` matched; without a match nothing is done. Default: false.",
    ),
    CREATE,
    MODE,
    OWNER,
    GROUP,
    VALIDATE,
    BACKUP,
    UNSAFE_WRITES,
];

impl Module for LineInFile {
    fn names(&self) -> &'static [&'static str] {
        &["lineinfile"]
    }

    fn about(&self) -> &'static str {
        "One line of a file is there, or isn't."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let edit = Edit::new(args)?;
        if args.text("state").as_deref() == Some("absent") {
            let current = Current::read(args, args.needed("path")?, cx)?;
            let Some(text) = &current.text else {
                return Ok(Planned::default().result("msg", "file not present"));
            };
            let (text, found) = edit.remove(text)?;
            let message = if found > 0 { format!("{found} line(s) removed") } else { String::new() };
            return Ok(current.write(args, text)?.result("found", found).result("msg", message));
        }
        let current = Current::editable(args, cx)?;
        let (text, done) = edit.insert(current.text.as_deref().unwrap_or_default())?;
        if current.is_absent() && done == Done::Nothing {
            return Ok(Planned::default().result("msg", ""));
        }
        Ok(current.write(args, text)?.result("msg", done.words()))
    }
}

#[cfg(test)]
mod tests {
    use crate::module::testing::{Bench, result, wanted, wanted_text};
    use crate::resource::file::{Body, Bytes, Entry, File, FileState, What};
    use serde_json::json;

    #[test]
    fn a_file_that_is_missing_is_made_only_if_asked() {
        let bench = Bench::new().without("/f");
        assert_eq!(
            bench.error("lineinfile", json!({"path": "/f", "line": "a"})),
            "`/f` does not exist (`create: true` makes it)"
        );
        let made =
            bench.plan("lineinfile", json!({"path": "/f", "line": "a", "create": true, "mode": "0600"}));
        let made = made.expect("planned");
        assert_eq!(wanted_text(&made, "/f").as_deref(), Some("a\n"));
        assert_eq!(wanted::<File>(&made, "/f").and_then(|s| s.entry()).map(|e| e.mode), Some(0o600));
        let gone = bench.plan("lineinfile", json!({"path": "/f", "line": "a", "state": "absent"}));
        assert!(gone.expect("planned").wants.is_empty());
    }

    #[test]
    fn a_line_that_is_there_changes_nothing_but_the_mode() {
        let bench = Bench::new().file("/f", "a\nb\n");
        let planned =
            bench.plan("lineinfile", json!({"path": "/f", "line": "b", "mode": "0600"})).expect("planned");
        let entry = wanted::<File>(&planned, "/f").and_then(FileState::entry).expect("wanted");
        assert_eq!((entry.mode, entry.what.clone()), (0o600, What::File(Body::of(*b"a\nb\n"))));
        assert_eq!(result(&planned, "msg").and_then(|m| m.as_str()), Some(""));
    }

    #[test]
    fn wrong_combinations_are_told() {
        let bench = Bench::new().file("/f", "a\n");
        let cases = [
            (json!({"path": "/f"}), "`line` is needed"),
            (json!({"path": "/f", "state": "absent"}), "one of `line`, `search_string` or `regexp`"),
            (json!({"path": "/f", "line": "x", "backrefs": true}), "`backrefs` needs `regexp`"),
            (json!({"path": "/f", "line": "x", "insertafter": "a", "insertbefore": "b"}), "not both"),
            (json!({"path": "/f", "line": "x", "regexp": "a", "search_string": "b"}), "not both"),
            (json!({"path": "/f", "line": "x", "regexp": "("}), "the regular expression `(` is wrong"),
            (json!({"path": "/f", "line": "x", "validate": "true"}), "must hold `%s`"),
        ];
        for (args, told) in cases {
            let error = bench.error("lineinfile", args);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_edited_is_told() {
        let entry = |what, links| {
            FileState::Present(Entry { what, mode: 0o644, owner: "root".into(), group: "root".into(), links })
        };
        let large = Body { digest: "x".into(), size: 300 << 10, bytes: Bytes::Elsewhere };
        let bench = Bench::new()
            .has::<File>("/large", entry(What::File(large), 1))
            .has::<File>("/linked", entry(What::File(Body::of(*b"a\n")), 2))
            .has::<File>("/binary", entry(What::File(Body::of(vec![0xff, 0xfe])), 1))
            .has::<File>("/dir", entry(What::Directory, 1));
        let told = |path: &str| bench.error("lineinfile", json!({"path": path, "line": "x"}));
        assert!(told("/large").contains("files of up to 256 KiB"), "{}", told("/large"));
        assert!(told("/linked").contains("has 2 hard links"), "{}", told("/linked"));
        assert!(told("/binary").contains("is not UTF-8 text"), "{}", told("/binary"));
        assert!(told("/dir").contains("is a directory"), "{}", told("/dir"));
        let there = bench.plan("lineinfile", json!({"path": "/linked", "line": "a"}));
        assert!(there.is_ok(), "nothing to write breaks nothing");
        let unsafe_writes = json!({"path": "/linked", "line": "x", "unsafe_writes": true});
        assert!(bench.plan("lineinfile", unsafe_writes).expect("planned").wants[0].extras.in_place);
    }

    #[test]
    fn lines_end_up_where_ansible_puts_them() {
        crate::module::testing::compare(
            "lineinfile",
            include_str!("../../tests/cases/lineinfile.json"),
            &|case| {
                // Ansible glues the new line to a last line without a line feed.
                case.after.as_ref().is_some_and(|after| after.contains("bn\n"))
            },
        );
    }

    #[test]
    fn a_link_is_followed() {
        let link = What::Link { target: "f".into(), resolved: Some("/real/f".into()) };
        let bench = Bench::new().has::<File>("/l", crate::module::testing::entry(link)).file("/real/f", "a");
        let planned = bench.plan("lineinfile", json!({"path": "/l", "line": "b"})).expect("planned");
        assert_eq!(wanted_text(&planned, "/real/f").as_deref(), Some("a\nb\n"));
    }
}
