//! `stat`: what stands at a path, for the tasks that follow.

use super::{Args, Context, Kind, Module, Param, Planned};
use crate::resource::file::{Entry, File, What};
use crate::world::Stop;
use minijinja::Value;

pub struct Stat;

const PARAMS: &[Param] = &[
    Param::new(&["path", "dest", "name"], Kind::Path, "The path on the host.").required(),
    Param::new(&["follow"], Kind::Bool, "Tell of what a link leads to. Default: false."),
    Param::new(&["get_checksum"], Kind::Bool, "Tell the checksum of a file. Default: true."),
    Param::new(
        &["checksum_algorithm", "checksum", "checksum_algo"],
        Kind::Text,
        "Only sha256, which is also the default; Ansible's default is sha1.",
    )
    .choices(&["sha256"]),
    Param::new(&["get_mime"], Kind::Bool, "Taken; harda tells no MIME type."),
    Param::new(&["get_attributes"], Kind::Bool, "Taken; harda tells no attributes of lsattr."),
];

impl Module for Stat {
    fn names(&self) -> &'static [&'static str] {
        &["stat"]
    }

    fn about(&self) -> &'static str {
        "What stands at a path: as it is, or will be when what is planned before is done. Times, inode \
         and device are not told: they change without anybody's doing."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let asked = args.needed("path")?;
        let mut path = asked.clone();
        let mut entry = cx.world.ask::<File>(path.clone())?.entry();
        if args.flag("follow") == Some(true)
            && let Some(What::Link { resolved, .. }) = entry.map(|e| &e.what)
        {
            entry = match resolved {
                Some(end) => {
                    path.clone_from(end);
                    cx.world.ask::<File>(path.clone())?.entry()
                }
                None => None,
            };
        }
        let told = match entry {
            Some(entry) => Value::from_pairs(told(args, &asked, entry)),
            None => match cx.world.doubt() {
                Some(until) => return Err(Stop::Unknown { until }),
                None => Value::from_pairs([("exists", Value::from(false))]),
            },
        };
        Ok(Planned::default().result("stat", told))
    }
}

fn told(args: &Args, path: &str, entry: &Entry) -> Vec<(&'static str, Value)> {
    let what = &entry.what;
    let other = |kind: &str| matches!(what, What::Other(word) if word == kind);
    let bit = |mask: u32| Value::from(entry.mode & mask != 0);
    let mut told: Vec<(&'static str, Value)> = vec![
        ("exists", true.into()),
        ("path", path.into()),
        ("mode", format!("{:04o}", entry.mode).into()),
        ("isdir", (*what == What::Directory).into()),
        ("isreg", matches!(what, What::File(_)).into()),
        ("islnk", matches!(what, What::Link { .. }).into()),
        ("ischr", other("character special file").into()),
        ("isblk", other("block special file").into()),
        ("isfifo", other("fifo").into()),
        ("issock", other("socket").into()),
        ("nlink", entry.links.into()),
        ("pw_name", entry.owner.as_str().into()),
        ("gr_name", entry.group.as_str().into()),
        ("isuid", bit(0o4000)),
        ("isgid", bit(0o2000)),
    ];
    for (shift, names) in
        [(6, ["rusr", "wusr", "xusr"]), (3, ["rgrp", "wgrp", "xgrp"]), (0, ["roth", "woth", "xoth"])]
    {
        told.extend(names.iter().zip([4, 2, 1]).map(|(name, value)| (*name, bit(value << shift))));
    }
    match what {
        What::File(body) => {
            told.push(("size", body.size.into()));
            if args.flag("get_checksum").unwrap_or(true) {
                told.push(("checksum", body.digest.as_str().into()));
            }
        }
        What::Link { target, resolved } => {
            told.push(("lnk_target", target.as_str().into()));
            told.push(("lnk_source", resolved.as_deref().unwrap_or(target).into()));
        }
        _ => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use crate::module::testing::{Bench, entry, result};
    use crate::resource::file::{Body, File, What};
    use minijinja::Value;
    use serde_json::json;

    #[test]
    fn the_result_reads_like_ansibles() {
        let link = What::Link { target: "f".into(), resolved: Some("/f".into()) };
        let dangling = What::Link { target: "none".into(), resolved: None };
        let bench = Bench::new()
            .file("/f", "hej\n")
            .without("/none")
            .has::<File>("/d", entry(What::Directory))
            .has::<File>("/l", entry(link))
            .has::<File>("/dangling", entry(dangling))
            .has::<File>("/s", entry(What::Other("socket".into())));
        let cases = [
            ("/f", false, "exists", Value::from(true)),
            ("/f", false, "mode", "0644".into()),
            ("/f", false, "isreg", true.into()),
            ("/f", false, "size", 4.into()),
            ("/f", false, "pw_name", "root".into()),
            ("/f", false, "wgrp", false.into()),
            ("/f", false, "checksum", Body::of(*b"hej\n").digest.into()),
            ("/none", false, "exists", false.into()),
            ("/d", false, "isdir", true.into()),
            ("/l", false, "islnk", true.into()),
            ("/l", false, "lnk_source", "/f".into()),
            ("/l", true, "isreg", true.into()),
            ("/dangling", true, "exists", false.into()),
            ("/dangling", false, "exists", true.into()),
            ("/s", false, "issock", true.into()),
        ];
        for (path, follow, name, value) in cases {
            let planned = bench.plan("stat", json!({"path": path, "follow": follow})).expect("planned");
            let stat = result(&planned, "stat").expect("told");
            assert_eq!(stat.get_attr(name).ok(), Some(value), "{path} {name}");
        }
    }
}
