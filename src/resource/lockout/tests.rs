use super::*;
use crate::resource::file::{Body, Entry, File, FileState, What};
use crate::resource::sshd::account::Days;
use crate::resource::sshd::{Candidate, Login};
use crate::resource::user::{self, User, UserState};
use crate::resource::{Level, Typed};

const CONF: &str = "/etc/ssh/sshd_config.d/00-x.conf";
const KEYS: &str = "/home/admin/.ssh/authorized_keys";
const KEY: &str = "ssh-ed25519 AAAAC3Nz harda";

fn access(user: &str) -> Access {
    Access {
        user: user.into(),
        from: "192.0.2.7".into(),
        to: "192.0.2.1".into(),
        port: 22,
        key: Some(KEY.into()),
        ..Access::default()
    }
}

fn file(text: &str) -> FileState {
    FileState::Present(Entry {
        what: What::File(Body::of(text.as_bytes())),
        mode: 0o600,
        owner: "root".into(),
        group: "root".into(),
        links: 1,
    })
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let usual = [
        ("permitrootlogin", "yes"),
        ("pubkeyauthentication", "yes"),
        ("passwordauthentication", "yes"),
        ("kbdinteractiveauthentication", "no"),
        ("authenticationmethods", "any"),
        ("authorizedkeysfile", ".ssh/authorized_keys"),
        ("strictmodes", "yes"),
        ("listenaddress", "0.0.0.0:22"),
        ("port", "22"),
    ];
    usual.iter().chain(pairs).map(|(k, v)| (k.to_string(), vec![v.to_string()])).collect()
}

fn effective(access: &Access, pairs: &[(&str, &str)]) -> SshdState {
    let account = |user: &str| Account {
        name: user.into(),
        present: true,
        home: if user == "root" { "/root".into() } else { format!("/home/{user}") },
        shell: "/bin/bash".into(),
        groups: vec![user.into(), "sudo".into()],
        ..Account::default()
    };
    let logins: Vec<Login> = access.logins();
    SshdState::Present(Box::new(Effective {
        global: settings(pairs),
        logins: logins.iter().map(|_| settings(pairs)).collect(),
        accounts: logins.iter().map(|l| account(&l.user)).collect(),
        ..Effective::default()
    }))
}

fn see<K: Typed>(world: &mut World, id: K::Id, state: K::State) {
    world.observed(K::key(id), Level::Content { unless: vec![] }, Ok(K::wrap(state)));
}

fn id(access: &Access, overlay: Vec<Candidate>) -> SshdId {
    SshdId { logins: access.logins(), own: DROP_IN.into(), overlay }
}

/// A host whose keys are in place, and on which one file is planned to change.
fn host(access: &Access, path: &str, from: FileState, to: FileState) -> World {
    let mut world = World::default();
    for user in ["/root", "/home/admin", "/home/next"] {
        see::<File>(&mut world, format!("{user}/.ssh/authorized_keys"), file(KEY));
    }
    see::<File>(&mut world, path.into(), from);
    see::<Sshd>(&mut world, id(access, vec![]), effective(access, &[]));
    world.predict(File::key(path.into()), File::wrap(to), crate::change::Certainty::Certain);
    world
}

fn judged(world: &World, access: &Access, path: &str) -> Result<Option<Refusal>, Stop> {
    let key = File::key(path.into());
    let from = world.seen(&key).cloned().expect("seen");
    let to = world.current(&key).cloned().expect("planned");
    check(access, world, &[(&key, &from, &to)])
}

/// What is said where sshd would have these settings.
fn told(access: &Access, pairs: &[(&str, &str)]) -> Option<String> {
    let absent = FileState::Absent { folder: true };
    let mut world = host(access, CONF, absent, file("x"));
    let overlay = vec![Candidate { path: CONF.into(), body: Some(Body::of(*b"x")) }];
    see::<Sshd>(&mut world, id(access, overlay), effective(access, pairs));
    judged(&world, access, CONF).expect("told").map(|refusal| {
        assert_eq!(refusal.key, File::key(CONF.into()));
        refusal.message
    })
}

const HINT: &str = "(say in `harda_login_after` how to get in afterwards, or leave the host out)";

#[test]
fn nothing_is_asked_where_nothing_of_it_changes() {
    let access = access("admin");
    let world = World::default();
    let key = File::key("/etc/issue.net".into());
    let state = File::wrap(file("x"));
    assert_eq!(check(&access, &world, &[(&key, &state, &state)]), Ok(None));
    assert!(world.take_demands().is_empty());
}

#[test]
fn a_change_of_sshd_asks_for_the_prediction() {
    let access = access("admin");
    let absent = FileState::Absent { folder: true };
    let world = host(&access, CONF, absent, file("x"));
    assert_eq!(judged(&world, &access, CONF), Err(Stop::Waiting));
    assert_eq!(world.take_demands().len(), 1);
}

#[test]
fn a_next_login_that_was_tried_and_became_nobody_is_no_way_in() {
    let access = Access {
        after: Some("next".into()),
        after_became_not: Some("sudo wants a password".into()),
        ..access("root")
    };
    let wanted = "this would lock harda out as `next`: sudo wants a password (that is the login that `harda_login_after` names)";
    assert_eq!(told(&access, &[("permitrootlogin", "no")]).as_deref(), Some(wanted));
}

#[test]
fn groups_that_an_absent_account_is_not_in_are_not_what_is_said() {
    let access = access("admin");
    let mut world = host(&access, CONF, FileState::Absent { folder: true }, file("x"));
    let overlay = vec![Candidate { path: CONF.into(), body: Some(Body::of(*b"x")) }];
    let mut then = effective(&access, &[("allowgroups", "sudo")]);
    if let SshdState::Present(sshd) = &mut then {
        sshd.accounts = vec![Account { name: "admin".into(), ..Account::default() }];
    }
    see::<Sshd>(&mut world, id(&access, overlay), then);
    let refusal = judged(&world, &access, CONF).expect("told").expect("refused");
    let wanted = format!("this would lock harda out as `admin`: there would be no such account {HINT}");
    assert_eq!(refusal.message, wanted);
}

#[test]
fn settings_that_refuse_the_present_login_are_named() {
    let admin = access("admin");
    assert_eq!(told(&admin, &[("permitrootlogin", "no"), ("passwordauthentication", "no")]), None);
    let says = |access: &Access, pairs: &[(&str, &str)], why: &str| {
        let user = access.next_user();
        let wanted = format!("this would lock harda out as `{user}`: {why} {HINT}");
        assert_eq!(told(access, pairs).as_deref(), Some(wanted.as_str()));
    };
    says(&access("root"), &[("permitrootlogin", "no")], "`PermitRootLogin no`");
    says(&admin, &[("denyusers", "ad*")], "`DenyUsers ad*`");
    says(&admin, &[("allowusers", "bob")], "`AllowUsers bob` does not name it");
    says(&admin, &[("allowgroups", "wheel")], "`AllowGroups wheel`, and it is in admin, sudo");
    says(&admin, &[("denygroups", "sudo")], "`DenyGroups sudo`");
    assert_eq!(told(&admin, &[("allowgroups", "sudo"), ("allowusers", "admin@192.0.2.0/24")]), None);
    says(
        &admin,
        &[("pubkeyauthentication", "no")],
        "it logs in by a key, and `PubkeyAuthentication` would be `no`",
    );
    says(
        &admin,
        &[("authenticationmethods", "publickey,password")],
        "`AuthenticationMethods publickey,password`, and it logs in by a key alone",
    );
    says(&admin, &[("forcecommand", "/bin/date")], "`ForceCommand /bin/date` leaves it no shell");
    says(&admin, &[("maxsessions", "0")], "`MaxSessions 0` leaves it no shell");
    says(&admin, &[("refuseconnection", "yes")], "`RefuseConnection yes`");
    says(
        &admin,
        &[("kexalgorithms", "mlkem768x25519-sha256")],
        "sshd would be left with no key exchange that harda's own SSH speaks (`mlkem768x25519-sha256`; harda has `curve25519-sha256`, `curve25519-sha256@libssh.org`, `ecdh-sha2-nistp256`, `ecdh-sha2-nistp384`)",
    );
    says(&admin, &[("authorizedkeysfile", "none")], "`AuthorizedKeysFile none` leaves no keys");
}

#[test]
fn a_login_by_password_needs_passwords() {
    let mut by_password = access("root");
    by_password.by_password = true;
    let off = [("passwordauthentication", "no"), ("kbdinteractiveauthentication", "no")];
    assert_eq!(
        told(&by_password, &off),
        Some(format!(
            "this would lock harda out as `root`: it logs in by password, and `PasswordAuthentication` and `KbdInteractiveAuthentication` would be `no` {HINT}"
        ))
    );
    assert!(told(&by_password, &[("permitrootlogin", "without-password")]).is_some());
    let both = [
        ("authenticationmethods", "publickey,keyboard-interactive"),
        ("kbdinteractiveauthentication", "yes"),
    ];
    assert!(told(&access("root"), &both).is_some());
    assert_eq!(told(&Access { by_person: true, ..access("root") }, &both), None);
    assert_eq!(
        told(&by_password, &[("kbdinteractiveauthentication", "yes"), ("passwordauthentication", "no")]),
        None
    );
}

#[test]
fn a_port_that_moves_wants_to_be_said() {
    let mut admin = access("admin");
    let moved = [("port", "2222"), ("listenaddress", "0.0.0.0:2222")];
    assert_eq!(
        told(&admin, &moved).as_deref(),
        Some(
            "this would lock harda out as `admin`: sshd would listen on port 2222, harda comes to 22 (say the new one in `harda_login_after.port`)"
        )
    );
    assert!(
        told(&admin, &[("listenaddress", "127.0.0.1:22")])
            .expect("told")
            .contains("listen on 127.0.0.1 only")
    );
    assert_eq!(told(&admin, &[("listenaddress", "192.0.2.1:22")]), None);
    admin.after_port = Some(2222);
    assert_eq!(told(&admin, &moved), None);
}

#[test]
fn the_login_of_after_is_judged_in_place_of_the_present_one() {
    let mut root = access("root");
    root.after = Some("next".into());
    assert_eq!(told(&root, &[("permitrootlogin", "no")]), None);
    assert_eq!(
        told(&root, &[("allowgroups", "wheel")]).as_deref(),
        Some(
            "this would lock harda out as `next`: `AllowGroups wheel`, and it is in next, sudo (that is the login that `harda_login_after` names)"
        )
    );
}

#[test]
fn the_key_that_harda_logs_in_by_stays() {
    let admin = access("admin");
    let says = |to: FileState| {
        let mut world = host(&admin, KEYS, file(KEY), to);
        see::<Sshd>(&mut world, id(&admin, vec![]), effective(&admin, &[]));
        judged(&world, &admin, KEYS).expect("told").map(|r| r.message)
    };
    assert_eq!(says(file(&format!("# ours\n{KEY}\n"))), None);
    let lost = format!(
        "this would lock harda out as `admin`: `{KEYS}` would no longer hold the key that harda logs in by {HINT}"
    );
    assert_eq!(says(file("ssh-ed25519 AAAAother x\n")), Some(lost));
    assert!(says(FileState::Absent { folder: true }).expect("told").contains("no key is left in"));
    let FileState::Present(mut entry) = file(KEY) else { panic!("present") };
    entry.mode = 0o664;
    assert!(
        says(FileState::Present(entry)).expect("told").contains("the mode 0664, and sshd then ignores it")
    );
}

#[test]
fn a_sudo_rule_that_harda_lives_by_stays() {
    let mut admin = access("admin");
    admin.by_sudo = true;
    let path = "/etc/sudoers.d/admin";
    let says = |admin: &Access, sudoers: &str| {
        let rule = file("admin ALL=(ALL) NOPASSWD: ALL\n");
        let mut world = host(admin, path, rule, FileState::Absent { folder: true });
        see::<File>(&mut world, "/etc/sudoers".into(), file(sudoers));
        judged(&world, admin, path).expect("told").map(|r| r.message)
    };
    let wanted =
        format!("this would lock harda out as `admin`: `{path}` would no longer let it use sudo {HINT}");
    assert_eq!(says(&admin, "root ALL=(ALL) ALL\n"), Some(wanted));
    assert_eq!(says(&admin, "admin ALL=(ALL) ALL\n"), None);
    admin.by_sudo = false;
    assert_eq!(says(&admin, ""), None);
}

#[test]
fn accounts_that_can_not_begin_a_session_are_told() {
    let admin = access("admin");
    let fine = Account { present: true, shell: "/bin/sh".into(), ..Account::default() };
    let says = |account: &Account| account::refuses(account, &admin).map(|why| why.message);
    assert_eq!(says(&fine), None);
    assert_eq!(says(&Account::default()).as_deref(), Some("there would be no such account"));
    let out = Account { shell: "/usr/sbin/nologin".into(), ..fine.clone() };
    assert_eq!(says(&out).as_deref(), Some("its shell would be `/usr/sbin/nologin`"));
    let days = Days { today: 20000, expires: Some(19000), ..Days::default() };
    let expired = Account { days, ..fine.clone() };
    assert_eq!(says(&expired).as_deref(), Some("the account would be past its last day"));
    let locked = Account { locked: true, ..fine };
    assert_eq!(says(&locked), None, "a key still logs in");
    let by_password = Access { by_password: true, ..admin.clone() };
    assert!(account::refuses(&locked, &by_password).is_some());
}

#[test]
fn what_is_planned_for_the_account_counts() {
    let mut admin = access("admin");
    admin.by_sudo = true;
    let says = |to: UserState, pairs: &[(&str, &str)]| {
        let mut world = World::default();
        see::<File>(&mut world, KEYS.into(), file(KEY));
        see::<Sshd>(&mut world, id(&admin, vec![]), effective(&admin, pairs));
        let key = User::key("admin".into());
        let (from, to) = (User::wrap(UserState::Absent), User::wrap(to));
        world.predict(key.clone(), to.clone(), crate::change::Certainty::Certain);
        check(&admin, &world, &[(&key, &from, &to)]).expect("told").map(|refusal| {
            assert_eq!(refusal.key, key);
            refusal.message
        })
    };
    let account = user::Account {
        group: Some("admin".into()),
        groups: vec!["sudo".into()],
        home: "/home/admin".into(),
        ..user::Account::default()
    };
    let with = |account: &user::Account| UserState::Present(account.clone());
    let groups = [("allowgroups", "sudo")];
    assert_eq!(says(with(&account), &groups), None);
    let wanted = |why: &str| Some(format!("this would lock harda out as `admin`: {why} {HINT}"));
    assert_eq!(says(UserState::Absent, &[]), wanted("there would be no such account"));
    let out = user::Account { groups: vec![], ..account.clone() };
    assert_eq!(says(with(&out), &groups), wanted("`AllowGroups sudo`, and it is in admin"));
    assert_eq!(says(with(&out), &[]), wanted("it would no longer be in `sudo`, by which it uses sudo"));
    let shell = user::Account { shell: Some("/bin/false".into()), ..account };
    assert_eq!(says(with(&shell), &[]), wanted("its shell would be `/bin/false`"));
}

#[test]
fn what_the_switch_keeps_can_lock_out() {
    use crate::resource::effective::{PROGRAMS, kept, kept_in_homes, service_of};
    let risky =
        |path: &str| service_of(path).is_some_and(|service| service.risk == crate::resource::Risk::LockOut);
    // Written by what is guarded anyway; a file there shuts nobody out by itself.
    let besides = [
        "/etc/ssh/",
        "/var/lib/pam/",
        "/run/faillock/",
        "/etc/login.defs",
        "/etc/resolv.conf",
        "/etc/sysctl.",
        "/etc/systemd/system",
        "/run/systemd/system",
        "/usr/lib/systemd/system/ssh",
        "/etc/rc",
        "/etc/passwd-",
        "/etc/shadow-",
        "/etc/group-",
        "/etc/gshadow-",
        "/etc/subuid-",
        "/etc/subgid-",
    ];
    for path in kept() {
        let inside = if path.ends_with('/') { format!("{path}x") } else { path.to_string() };
        let apart = besides.iter().any(|start| path.starts_with(start));
        assert!(risky(&inside) || apart, "{path} is kept, and a change of it is not guarded");
        // What leads there is.
        assert!(
            risky(
                path.trim_end_matches('/').rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() {
                    "/"
                } else {
                    folder
                })
            ) || apart,
            "above {path}"
        );
    }
    for name in kept_in_homes() {
        assert!(risky(&format!("/home/anna/{name}")) && risky(&format!("/root/{name}")), "{name}");
    }
    assert!(PROGRAMS.paths.iter().all(|path| risky(path)));
    let blank = |path: &&str| path.contains(char::is_whitespace);
    assert!(!kept().iter().chain(&kept_in_homes()).chain(PROGRAMS.paths).any(blank), "words of a shell");
}

#[test]
fn a_package_that_logins_rest_on_stays() {
    use crate::resource::package::{Package, PackageState};
    let says = |access: &Access, name: &str, leftovers: bool| {
        let key = Package::key(name.to_string());
        let (from, to) = (PackageState::installed("1", true), PackageState::absent(leftovers));
        let (from, to) = (Package::wrap(from), Package::wrap(to));
        check(access, &World::default(), &[(&key, &from, &to)]).expect("told").map(|refusal| {
            assert_eq!(refusal.key, key);
            refusal.message
        })
    };
    let admin = access("admin");
    let wanted = "this would lock harda out as `admin`: its login rests on the package `openssh-server`, and the \
                  dead-man's switch can't put packages back";
    assert_eq!(says(&admin, "openssh-server", true).as_deref(), Some(wanted));
    assert!(says(&admin, "openssh-server", false).is_some());
    assert_eq!(says(&admin, "sudo", true), None, "it doesn't use it");
    assert!(says(&Access { by_sudo: true, ..admin.clone() }, "sudo", true).is_some());
    assert_eq!(says(&admin, "telnet", true), None);
}
