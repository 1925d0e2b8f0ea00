//! One call of apt-get, dnf or yum for all packages of a task.

use super::{Candidate, Options, PackageState, Status};
use crate::fragment::quote;
use crate::resource::Realise;
use std::fmt::Write;

/// Packages are fetched and unpacked, and their scripts run.
const SECONDS: u64 = 900;

type Change<'a> = (&'a String, &'a PackageState, &'a PackageState);

pub fn script(changes: &[Change<'_>], options: &Options) -> Realise {
    let (mut install, mut remove) = (Vec::new(), Vec::new());
    for (name, from, to) in changes {
        match &to.status {
            Status::Absent { .. } => remove.push(quote(name)),
            // dpkg can't be told to leave a package halfway: the nearest is to install it.
            Status::Broken { .. } => install.push((name.as_str(), None)),
            Status::Installed { version, exact } => {
                let plain = !exact || from.candidate == Candidate::Version(version.clone());
                install.push((name.as_str(), (!plain && !version.is_empty()).then_some(version.as_str())));
            }
        }
    }
    let apt = apt(&install, &remove, options);
    let dnf = dnf(&install, &remove, options);
    Realise {
        script: format!(
            "if command -v apt-get >/dev/null 2>&1; then\n{apt}\
             else\nm=dnf; command -v dnf >/dev/null 2>&1 || m=yum\n{dnf}fi\n"
        ),
        seconds: Some(SECONDS),
        ..Realise::default()
    }
}

/// Nothing asks: debconf and apt-listchanges are silent, needrestart only lists what should be
/// restarted (`NEEDRESTART_MODE=l`; restarts are the playbook's to say). Configuration files that
/// the admin changed are kept, as Ansible's default `dpkg_options` has it.
pub fn apt_get(options: &Options) -> String {
    let lock = options.lock.unwrap_or(120);
    let mut flags = format!(
        "-y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout={lock}"
    );
    match options.recommends {
        Some(true) => flags.push_str(" -o APT::Install-Recommends=yes"),
        Some(false) => flags.push_str(" --no-install-recommends"),
        None => {}
    }
    if options.downgrade {
        flags.push_str(" --allow-downgrades");
    }
    if options.held {
        flags.push_str(" --allow-change-held-packages");
    }
    if let Some(release) = &options.release {
        let _ = write!(flags, " -t {}", quote(release));
    }
    format!(
        "export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none\n\
         harda_apt() {{ apt-get {flags} \"$@\"; }}\n"
    )
}

/// Fetches the lists. The lock of the lists has no time-out of its own: tried again for a while.
/// apt-get tells of lists that could not be fetched by a warning and the status 0.
pub fn refresh() -> &'static str {
    "i=0\n\
     until u=$(apt-get update -q -o APT::Update::Error-Mode=any 2>&1); do\n\
     case \"$u\" in *'Could not get lock'*) i=$((i+1)); [ $i -lt 24 ] && { sleep 5; continue; };; esac\n\
     printf '%s\\n' \"$u\" >&2; exit 1\n\
     done\n"
}

fn apt(install: &[(&str, Option<&str>)], remove: &[String], options: &Options) -> String {
    let mut script = apt_get(options);
    if options.refresh {
        script.push_str(refresh());
    }
    if let Some(status) = options.policy {
        script.push_str(&keep_stopped(status));
    }
    if !install.is_empty() {
        let words: Vec<String> = install
            .iter()
            .map(|(name, version)| match version {
                Some(version) => quote(&format!("{name}={version}")),
                None => quote(name),
            })
            .collect();
        let _ = writeln!(script, "harda_apt install {} || exit 1", words.join(" "));
    }
    if !remove.is_empty() {
        let verb = if options.purge { "purge" } else { "remove" };
        let _ = writeln!(script, "harda_apt {verb} {} || exit 1", remove.join(" "));
    }
    if options.autoremove {
        let _ =
            writeln!(script, "harda_apt autoremove{} || exit 1", if options.purge { " --purge" } else { "" });
    }
    script
}

/// `policy-rc.d` answers invoke-rc.d whether a service may start; one that is there comes back.
fn keep_stopped(status: i64) -> String {
    format!(
        "p=/usr/sbin/policy-rc.d\n\
         [ ! -e $p ] || mv -f $p $p.harda || exit 1\n\
         trap 'rm -f $p; [ ! -e $p.harda ] || mv -f $p.harda $p' EXIT; trap 'exit 1' HUP INT PIPE TERM\n\
         printf '#!/bin/sh\\nexit {status}\\n' > $p && chmod 0755 $p || exit 1\n"
    )
}

fn dnf(install: &[(&str, Option<&str>)], remove: &[String], options: &Options) -> String {
    let mut script = String::new();
    let mut flags = String::from("-y -q");
    match options.recommends {
        Some(true) => flags.push_str(" --setopt=install_weak_deps=True"),
        Some(false) => flags.push_str(" --setopt=install_weak_deps=False"),
        None => {}
    }
    if options.refresh {
        let _ = writeln!(script, "$m -y -q makecache || exit 1");
    }
    if !install.is_empty() {
        let words: Vec<String> = install
            .iter()
            .map(|(name, version)| match version {
                Some(version) => quote(&format!("{name}-{version}")),
                None => quote(name),
            })
            .collect();
        let _ = writeln!(script, "$m {flags} install {} || exit 1", words.join(" "));
    }
    if !remove.is_empty() {
        let _ = writeln!(script, "$m {flags} remove {} || exit 1", remove.join(" "));
    }
    if options.autoremove {
        let _ = writeln!(script, "$m {flags} autoremove || exit 1");
    }
    if script.is_empty() { "true\n".into() } else { script }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(changes: &[(&str, PackageState, PackageState)], options: &Options) -> String {
        let names: Vec<String> = changes.iter().map(|c| c.0.to_string()).collect();
        let changes: Vec<Change<'_>> =
            changes.iter().zip(&names).map(|((_, from, to), name)| (name, from, to)).collect();
        script(&changes, options).script
    }

    #[test]
    fn a_task_is_one_call() {
        let absent =
            PackageState { candidate: Candidate::Version("1".into()), ..PackageState::absent(false) };
        let changes = [
            ("a", absent.clone(), PackageState::installed("1", true)),
            ("b", absent.clone(), PackageState::installed("0.9", true)),
            ("c", absent, PackageState::installed("", false)),
        ];
        let told = of(&changes, &Options { recommends: Some(false), ..Options::default() });
        assert!(told.contains("harda_apt install 'a' 'b=0.9' 'c' || exit 1"), "{told}");
        assert!(told.contains("$m -y -q --setopt=install_weak_deps=False install 'a' 'b-0.9' 'c'"), "{told}");
        assert!(told.contains("--no-install-recommends"));
        assert!(!told.contains("apt-get update"));
    }

    #[test]
    fn removal_purges_only_if_asked() {
        let there = PackageState::installed("1", true);
        let plain = of(&[("a", there.clone(), PackageState::absent(true))], &Options::default());
        assert!(plain.contains("harda_apt remove 'a'"), "{plain}");
        let options = Options { purge: true, refresh: true, ..Options::default() };
        let purged = of(&[("a", there, PackageState::absent(false))], &options);
        assert!(purged.contains("harda_apt purge 'a'"), "{purged}");
        assert!(purged.contains("apt-get update"));
    }
}
