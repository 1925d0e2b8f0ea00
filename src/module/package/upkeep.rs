//! `apt` without names: fetching the lists, upgrading all, cleaning up.

use super::super::{Action, Args, Context, Outcome, Planned};
use super::params;
use crate::resource::Risk;
use crate::resource::package::apt_lists::{AptLists, ID};
use crate::resource::package::{apt_get, refresh};
use crate::world::Stop;

/// An upgrade of a whole host.
const SECONDS: u64 = 3600;

pub fn plan(args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
    let options = params::options(args);
    let mut steps: Vec<(&str, String)> = Vec::new();
    if options.refresh && !fresh(args, cx)? {
        steps.push(("update package lists", refresh().to_string()));
    }
    match args.text("upgrade").as_deref() {
        Some("full" | "dist") => {
            steps.push(("upgrade all packages (dist-upgrade)", "harda_apt dist-upgrade || exit 1\n".into()));
        }
        Some("yes" | "safe" | "True") => {
            let upgrade = "harda_apt upgrade --with-new-pkgs || exit 1\n";
            steps.push(("upgrade all packages", upgrade.into()));
        }
        _ => {}
    }
    for (name, title) in [
        ("autoremove", "remove packages that nothing needs"),
        ("autoclean", "delete downloaded packages that can't be had any more"),
        ("clean", "delete downloaded packages"),
    ] {
        if args.flag(name) == Some(true) {
            let purge = if name == "autoremove" && options.purge { " --purge" } else { "" };
            steps.push((title, format!("harda_apt {name}{purge} || exit 1\n")));
        }
    }
    if steps.is_empty() && options.refresh {
        return Ok(Planned::default().result("cache_updated", false));
    }
    if steps.is_empty() {
        return Err(Stop::error(format!(
            "module `{}` needs `name`, or one of `update_cache`, `upgrade`, `autoremove`, `autoclean`, `clean`",
            args.module
        )));
    }
    let titles: Vec<&str> = steps.iter().map(|s| s.0).collect();
    let scripts: Vec<&str> = steps.iter().map(|s| s.1.as_str()).collect();
    let action = Action {
        title: titles.join(", "),
        script: format!("{}{}", apt_get(&options), scripts.concat()),
        input: Vec::new(),
        risk: Risk::None,
        opaque: true,
        outcome: Outcome::Done,
        seconds: SECONDS,
        paths: Vec::new(),
    };
    let planned = Planned::default().result("cache_updated", options.refresh);
    Ok(Planned { action: Some(action), ..planned })
}

/// Whether the lists are young enough for `cache_valid_time`.
fn fresh(args: &Args, cx: &Context<'_>) -> Result<bool, Stop> {
    let Some(valid) = args.integer("cache_valid_time").filter(|n| *n > 0) else { return Ok(false) };
    let lists = cx.world.ask::<AptLists>(ID)?;
    Ok(lists.age.is_some_and(|age| age <= valid))
}
