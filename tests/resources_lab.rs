//! Packages, units, accounts and groups on a lab host of each Debian: what is realised is what is
//! observed afterwards, and the way back too.
//!
//! It needs `tests/lab/lab` (or the one that `HARDA_LAB` names) and root.

use std::io::Write;
use std::process::{Command, Stdio};

use harda::fragment::{Input, Reply};
use harda::resource::accounts::{ALL, Accounts};
use harda::resource::effective::{BROUGHT, brought};
use harda::resource::group::{Group, GroupState};
use harda::resource::package::{Candidate, Package, PackageState};
use harda::resource::pam::profile::Profile;
use harda::resource::pam::{PamProfile, ProfileState};
use harda::resource::unit::{Active, Boot, Service, Unit, UnitState};
use harda::resource::user::{Account, Ageing, Hash, Options, Password, User, UserState};
use harda::resource::{Extras, Key, Level, Realise, State, Typed, questions, together};

fn lab(arguments: &[&str]) -> String {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab");
    let program = std::env::var("HARDA_LAB").unwrap_or_else(|_| here.to_string());
    let output = Command::new(&program).args(arguments).output().expect("the lab starts");
    assert!(output.status.success(), "lab {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

struct Lab(String);

impl Lab {
    fn up(kinds: &[&str]) -> Lab {
        let prefix = format!("rs{}", std::process::id());
        let owner = std::process::id().to_string();
        let (count, kinds) = (kinds.len().to_string(), kinds.join(","));
        lab(&["up", &count, "--prefix", &prefix, "--owner", &owner, "--kinds", &kinds]);
        Lab(prefix)
    }

    fn host(&self, number: usize) -> Host {
        Host(format!("{}{number}", self.0))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        lab(&["down", "--prefix", &self.0]);
    }
}

struct Host(String);

impl Host {
    fn run(&self, script: &str, input: &[u8]) -> Reply {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab");
        let program = std::env::var("HARDA_LAB").unwrap_or_else(|_| here.to_string());
        let script = format!("set -u; export LC_ALL=C\n{script}");
        let mut child = Command::new(program)
            .args(["exec", &self.0, "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the lab starts");
        child.stdin.take().expect("a pipe").write_all(input).expect("sent");
        let output = child.wait_with_output().expect("ended");
        Reply {
            stdout: output.stdout,
            stderr: output.stderr,
            status: output.status.code().unwrap_or(-1),
            truncated: false,
        }
    }

    fn see(&self, key: &Key) -> State {
        let wanted = [(key.clone(), Level::Digest)].into();
        let question = questions(&wanted).remove(0);
        let reply = self.run(&question.fragment.script, b"");
        question.read(&reply).remove(0).unwrap_or_else(|e| panic!("{}: {key}: {e}", self.0))
    }

    fn make(&self, what: &str, realise: Realise) {
        let input: Vec<u8> = realise
            .input
            .iter()
            .flat_map(|i| match i {
                Input::Bytes(bytes) => bytes.to_vec(),
                Input::File { .. } => Vec::new(),
            })
            .collect();
        let reply = self.run(&realise.script, &input);
        assert_eq!(reply.status, 0, "{}: {what}: {}\n{}", self.0, reply.error_text(), realise.script);
    }

    /// Takes a resource there and sees that it is there; answers what it was.
    fn take(&self, key: &Key, to: &State, extras: &Extras) -> State {
        let from = self.see(key);
        self.make(&key.to_string(), key.realise(&from, to, extras).expect("a script"));
        let now = self.see(key);
        assert!(key.same(&now, to), "{}: {key}\n{:?}", self.0, key.diff(&now, to));
        from
    }
}

fn unit(state: &State) -> Service {
    Unit::unwrap(state).and_then(UnitState::service).expect("a unit").clone()
}

#[test]
fn realised_is_what_was_wanted() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-nosystemd"]);
    std::thread::scope(|scope| {
        for number in 1..=3 {
            let host = lab.host(number);
            scope.spawn(move || {
                packages(&host);
                units(&host, number < 3);
                accounts(&host);
                bring(&host, number < 3);
                pam(&host);
            });
        }
    });
}

fn packages(host: &Host) {
    let none = Extras::default();
    let keys = ["cron", "cracklib-runtime"].map(|name| Package::key(name.to_string()));
    let missing = host.see(&Package::key("harda-no-such".to_string()));
    assert_eq!(Package::unwrap(&missing).expect("a package").candidate, Candidate::None);
    let changes: Vec<(State, State)> = keys
        .iter()
        .map(|key| {
            let from = host.see(key);
            let state = Package::unwrap(&from).expect("a package");
            assert!(state.is_absent());
            let Candidate::Version(version) = &state.candidate else { panic!("{}: {state:?}", host.0) };
            let to = Package::wrap(PackageState::installed(version.clone(), true));
            (from, to)
        })
        .collect();
    let of_task: Vec<_> = keys.iter().zip(&changes).map(|(key, (from, to))| (key, from, to)).collect();
    host.make("packages", together(&of_task, &none).expect("in one go").expect("a script"));
    for (key, (_, to)) in keys.iter().zip(&changes) {
        let now = host.see(key);
        assert!(key.same(&now, to), "{}: {key}: {now:?}", host.0);
    }
    let gone = Package::wrap(PackageState::absent(true));
    host.take(&keys[1], &gone, &none);
    let purge =
        Extras { package: harda::resource::package::Options { purge: true, ..Default::default() }, ..none };
    host.take(&keys[1], &Package::wrap(PackageState::absent(false)), &purge);
}

fn units(host: &Host, systemd: bool) {
    let none = Extras::default();
    let cron = Unit::key("cron.service".to_string());
    let service = unit(&host.see(&cron));
    let of = |boot: Boot, active: Active, masked: bool| {
        Unit::wrap(UnitState::Present(Service { boot, active, masked, ..service.clone() }))
    };
    host.take(&cron, &of(Boot::Enabled, Active::Active, false), &none);
    host.take(&cron, &of(Boot::Disabled, Active::Inactive, false), &none);
    if systemd {
        assert_eq!(service.boot, Boot::Enabled, "Debian enables what it installs");
        host.take(&cron, &of(Boot::Enabled, Active::Active, false), &none);
        let was = host.take(&cron, &of(Boot::Disabled, Active::Inactive, true), &none);
        host.take(&cron, &was, &none);
        let alias = host.see(&Unit::key("sshd.service".to_string()));
        assert_eq!(unit(&alias).name, "ssh.service");
        let bad = "printf '[Service]\\nExecStart=/bin/sh -c \"echo last words; exit 3\"\\n' > /etc/systemd/system/bad.service";
        assert_eq!(host.run(bad, b"").status, 0);
        let bad = Unit::key("bad.service".to_string());
        let from = host.see(&bad);
        let up = Service { active: Active::Active, ..unit(&from) };
        let made = bad.realise(&from, &Unit::wrap(UnitState::Present(up)), &none).expect("a script");
        let reply = host.run(&made.script, b"");
        assert_ne!(reply.status, 0);
        assert!(reply.error_text().contains("last words"), "{}", reply.error_text());
    }
    host.take(&cron, &of(Boot::Enabled, Active::Active, false), &none);
}

fn accounts(host: &Host) {
    let none = Extras::default();
    let group = Group::key("harda-ops".to_string());
    let with = |gid: u32| Group::wrap(GroupState::Present { gid: Some(gid), members: Vec::new() });
    host.take(&group, &with(2001), &none);
    host.take(&group, &with(2002), &none);

    let key = User::key("harda-test".to_string());
    let new = Account {
        group: Some("harda-test".into()),
        groups: vec!["adm".into(), "harda-ops".into()],
        home: "/home/harda-test".into(),
        shell: Some("/bin/bash".into()),
        comment: "It's a \"test\", $HOME".into(),
        password: Some(Password::Set(Hash::new("$6$saltsalt$abcdefghijklmnop"))),
        locked: Some(false),
        ageing: Ageing { max: Some(365), warn: Some(7), ..Ageing::default() },
        ..Account::default()
    };
    let made = Extras { account: Options { home: true, ..Options::default() }, ..Extras::default() };
    let to = User::wrap(UserState::Present(new.clone()));
    host.take(&key, &to, &made);
    assert_eq!(host.run("[ -d /home/harda-test ]", b"").status, 0);

    let now = host.see(&key);
    let Some(UserState::Present(account)) = User::unwrap(&now).cloned() else { panic!("{now:?}") };
    let changed = Account {
        groups: vec!["harda-ops".into()],
        shell: Some("/usr/sbin/nologin".into()),
        locked: Some(true),
        ageing: Ageing { min: Some(1), expires: Some(30000), inactive: Some(30), ..account.ageing.clone() },
        ..account.clone()
    };
    let from = host.take(&key, &User::wrap(UserState::Present(changed)), &none);
    host.take(&key, &from, &none);
    let other = Account {
        password: Some(Password::Set(Hash::new("$6$saltsalt$qrstuvwxyz"))),
        locked: Some(true),
        ageing: Ageing { last_change: None, ..account.ageing.clone() },
        ..account
    };
    host.take(&key, &User::wrap(UserState::Present(other)), &none);
    host.take(&key, &User::wrap(UserState::Absent), &none);
    host.take(&group, &Group::wrap(GroupState::Absent), &none);
}

/// What is predicted of a package is what its installation brings.
fn bring(host: &Host, systemd: bool) {
    for row in BROUGHT.iter().filter(|row| row.package != "libpam-pwquality") {
        let key = Package::key(row.package.to_string());
        let from = host.see(&key);
        let to = Package::wrap(PackageState::installed("", false));
        host.make(row.package, key.realise(&from, &to, &Extras::default()).expect("a script"));
        for (key, to) in brought(row.package) {
            let now = host.see(&key);
            let told = systemd || key.kind() != "unit";
            assert!(!told || key.same(&now, &to), "{}: {key}: {:?}", host.0, key.diff(&now, &to));
        }
    }
}

/// Profiles as playbooks/password-policy.yml has them.
const PROFILES: &[(&str, &str)] = &[
    (
        "harda-lock",
        "Name: Count failures\nDefault: no\nPriority: 0\nAuth-Type: Primary\nAuth:\n\
         \t[default=die]\tpam_faillock.so authfail\n",
    ),
    (
        "harda-notify",
        "Name: Refuse locked accounts\nDefault: no\nPriority: 1024\nAuth-Type: Primary\nAuth:\n\
         \trequisite\tpam_faillock.so preauth\nAccount-Type: Primary\nAccount:\n\trequired\tpam_faillock.so\n",
    ),
    (
        "harda-history",
        "Name: Refuse old passwords\nDefault: no\nPriority: 512\nPassword-Type: Primary\nPassword:\n\
         \trequisite\tpam_pwhistory.so remember=5 use_authtok\nPassword-Initial:\n\
         \trequisite\tpam_pwhistory.so remember=5\n",
    ),
];

fn pam(host: &Host) {
    let none = Extras::default();
    let mut wanted = Vec::new();
    for (name, text) in PROFILES {
        let reply = host.run(&format!("cat > /usr/share/pam-configs/{name}"), text.as_bytes());
        assert_eq!(reply.status, 0);
        let profile = Profile::read(text).expect("a profile");
        let to = ProfileState { held: profile.lines, first: profile.first, obstacle: None };
        let key = PamProfile::key(name.to_string());
        let from = host.take(&key, &PamProfile::wrap(to.clone()), &none);
        assert_eq!(PamProfile::unwrap(&from), Some(&ProfileState::default()), "{}", host.0);
        wanted.push((key, PamProfile::wrap(to)));
    }
    // With pwquality before it, the history is not the first of its stack any more.
    let quality = Package::key("libpam-pwquality".to_string());
    let from = host.see(&quality);
    let to = Package::wrap(PackageState::installed("", false));
    host.make("pwquality", quality.realise(&from, &to, &none).expect("a script"));
    for (key, to) in &wanted {
        let now = host.see(key);
        assert!(key.same(&now, to), "{}: {key}: {:?}", host.0, key.diff(&now, to));
    }
    let off = PamProfile::wrap(ProfileState::default());
    host.take(&wanted[2].0, &off, &none);
    host.take(&wanted[2].0, &wanted[2].1, &none);

    let seen = host.see(&Accounts::key(ALL.to_string()));
    let names: Vec<&String> = Accounts::unwrap(&seen).expect("accounts").0.keys().collect();
    assert!(names.iter().any(|n| *n == "alice") && !names.iter().any(|n| *n == "daemon"), "{names:?}");

    // Replaced by hand: pam-auth-update leaves it alone and exits with 0; the script does not.
    let edit = "printf 'auth required pam_unix.so\\n' > /etc/pam.d/common-auth";
    assert_eq!(host.run(edit, b"").status, 0);
    let now = host.see(&wanted[0].0);
    let state = PamProfile::unwrap(&now).expect("a profile");
    assert!(state.obstacle.as_ref().is_some_and(|o| o.contains("replaced by hand")), "{state:?}");
    assert!(!state.enabled(), "{state:?}");
    let reply = host.run(&wanted[0].0.realise(&now, &wanted[0].1, &none).expect("a script").script, b"");
    assert_ne!(reply.status, 0);
    assert!(reply.error_text().contains("Local modifications"), "{}", reply.error_text());
}
