use super::*;
use crate::fragment::Reply;
use crate::module::testing::{Bench, wanted_text};
use crate::resource::file::File;
use crate::resource::group::{Group, GroupState};
use crate::resource::sshd::{Candidate, Directive, MAIN};
use crate::resource::{Kind as _, Level, Wanted};
use serde_json::json;

/// What a real Debian 12 or 13 answered.
fn host(case: &str) -> Effective {
    let id = SshdId { logins: Vec::new(), own: DROP_IN.into(), overlay: Vec::new() };
    let reply = Reply { stdout: case.as_bytes().to_vec(), ..Reply::default() };
    match Sshd::parse(&[Wanted { id, level: Level::Digest }], &reply).remove(0) {
        Ok(SshdState::Present(effective)) => *effective,
        other => panic!("{other:?}"),
    }
}

fn debian12() -> Effective {
    host(include_str!("../../resource/sshd/cases/debian12.txt"))
}

fn debian13() -> Effective {
    host(include_str!("../../resource/sshd/cases/debian13.txt"))
}

fn id(overlay: Vec<Candidate>) -> SshdId {
    SshdId { logins: Vec::new(), own: DROP_IN.into(), overlay }
}

/// A host on which the drop-in is not there yet.
fn bench(now: Effective) -> Bench {
    let group = GroupState::Present { gid: Some(27), members: Vec::new() };
    Bench::new()
        .has::<Group>("sudo", group)
        .without(DROP_IN)
        .has::<Sshd>(id(vec![]), SshdState::Present(Box::new(now)))
}

/// The same, where sshd is known to make `then` of the drop-in with this text.
fn foreseen(now: Effective, text: &str, then: Effective) -> Bench {
    let body = Body::of(format!("{HEADER}{text}").into_bytes());
    let overlay = vec![Candidate { path: DROP_IN.into(), body: Some(body) }];
    bench(now).has::<Sshd>(id(overlay), SshdState::Present(Box::new(then)))
}

const HEADER: &str = "# Made by harda. sshd takes the first value that it meets, so this file sorts before all others;\n\
                      # what is changed here by hand is overwritten.\n";

fn line(file: &str, line: usize, keyword: &str, value: &str, within: Option<&str>) -> Directive {
    let within = within.map(str::to_string);
    Directive { file: file.into(), line, keyword: keyword.into(), value: value.into(), within }
}

/// What sshd would make of one keyword: in force, and alone.
fn with(mut effective: Effective, keyword: &str, in_force: &[&str], alone: &[&str]) -> Effective {
    let own = |values: &[&str]| values.iter().map(|v| v.to_string()).collect::<Vec<_>>();
    effective.global.insert(keyword.into(), own(in_force));
    effective.alone.get_or_insert_default().insert(keyword.into(), own(alone));
    if !effective.reads(DROP_IN) {
        effective.directives.insert(1, line(DROP_IN, 3, keyword, &alone.join(" "), None));
    }
    effective
}

#[test]
fn a_drop_in_that_is_in_force_is_wanted() {
    let then = with(debian12(), "permitrootlogin", &["no"], &["no"]);
    let then = with(then, "x11forwarding", &["no"], &["no"]);
    let bench = foreseen(debian12(), "PermitRootLogin no\nX11Forwarding no\n", then);
    let args = json!({"settings": {"X11Forwarding": false, "permitRootLogin": "no", "Banner": null}});
    let planned = bench.plan("sshd_config", args).expect("planned");
    assert_eq!(
        wanted_text(&planned, DROP_IN).as_deref(),
        Some(format!("{HEADER}PermitRootLogin no\nX11Forwarding no\n").as_str())
    );
    let mode =
        crate::module::testing::wanted::<File>(&planned, DROP_IN).and_then(|f| f.entry()).map(|e| e.mode);
    assert_eq!(mode, Some(0o600));
    assert!(planned.notes.is_empty(), "{:?}", planned.notes);
}

#[test]
fn both_questions_are_asked_in_one_round_and_a_compliant_host_gets_no_other() {
    let bench = Bench::new();
    let args = json!({"settings": {"X11Forwarding": "no"}});
    assert!(matches!(bench.plan("sshd_config", args.clone()), Err(Stop::Waiting)));
    assert_eq!(bench.world.take_demands().len(), 2);

    let now = with(debian12(), "x11forwarding", &["no"], &["no"]);
    let bench = Bench::new()
        .file(DROP_IN, &format!("{HEADER}X11Forwarding no\n"))
        .has::<Sshd>(id(vec![]), SshdState::Present(Box::new(now)));
    bench.plan("sshd_config", args).expect("planned");
    assert!(bench.world.take_demands().is_empty());
}

#[test]
fn arguments_that_sshd_would_not_take_are_told() {
    let told = |settings| bench(debian12()).error("sshd_config", json!({"settings": settings}));
    assert_eq!(
        told(json!({"PermitRotLogin": "no"})),
        "sshd has no keyword `PermitRotLogin` (did you mean `PermitRootLogin`?)"
    );
    assert_eq!(
        told(json!({"PerSourcePenalties": "no"})),
        "`PerSourcePenalties` needs OpenSSH 9.8, this host has 9.2 (`skip_unknown: true` leaves it out)"
    );
    assert_eq!(told(json!({"Banner": "a\nb"})), "`Banner` must be one line");
    assert_eq!(told(json!({"AllowGroups": []})), "`AllowGroups` has no value (null leaves the keyword out)");
    assert_eq!(told(json!({"Banner": {"a": 1}})), "`Banner` must be a value or a list");
    assert_eq!(
        told(json!({"ChallengeResponseAuthentication": "no", "KbdInteractiveAuthentication": "yes"})),
        "`KbdInteractiveAuthentication` is given twice"
    );
    let blocks = |blocks| bench(debian12()).error("sshd_config", json!({"settings": {}, "match": blocks}));
    assert_eq!(
        blocks(json!([{"criteria": "User bob", "settings": {"Ciphers": "aes256-ctr"}}])),
        "`Ciphers` can't stand in a Match block"
    );
    assert_eq!(
        blocks(json!([{"criteria": "User bob"}])),
        "each block of `match` has `criteria` and `settings`, nothing else"
    );
    assert_eq!(
        blocks(json!([{"criteria": "", "settings": {}}])),
        "`criteria` of a Match block must be one line, such as `User backup Address 192.0.2.0/24`"
    );
}

#[test]
fn a_keyword_that_the_host_is_too_old_for_is_left_out_on_request() {
    let then = with(debian12(), "x11forwarding", &["no"], &["no"]);
    let bench = foreseen(debian12(), "X11Forwarding no\n", then);
    let settings = json!({"X11Forwarding": "no", "PerSourcePenalties": "no"});
    let planned = bench.plan("sshd_config", json!({"settings": settings, "skip_unknown": true}));
    assert_eq!(
        planned.expect("planned").notes,
        ["`PerSourcePenalties` needs OpenSSH 9.8, this host has 9.2: left out"]
    );
}

#[test]
fn algorithm_lists_are_cut_to_what_the_host_knows() {
    let kex = "curve25519-sha256,ecdh-sha2-nistp384";
    let then = with(debian12(), "kexalgorithms", &[kex], &[kex]);
    let bench = foreseen(debian12(), &format!("KexAlgorithms {kex}\n"), then);
    let settings =
        json!({"KexAlgorithms": ["mlkem768x25519-sha256", "curve25519-sha256", "ecdh-sha2-nistp384"]});
    let planned = bench.plan("sshd_config", json!({"settings": settings})).expect("planned");
    assert_eq!(
        planned.notes,
        ["`KexAlgorithms`: this host's sshd does not know `mlkem768x25519-sha256`: left out"]
    );
    let none = bench.error("sshd_config", json!({"settings": {"Ciphers": "aes999"}}));
    assert!(
        none.starts_with("`Ciphers`: this host's sshd knows none of `aes999` (it knows `3des-cbc`"),
        "{none}"
    );
}

#[test]
fn a_list_that_removes_or_adds_keeps_its_sign() {
    let text = "KexAlgorithms +curve25519-sha256\nMACs -*sha1*,umac-64*\n";
    let macs = "hmac-sha2-512-etm@openssh.com";
    let then = with(debian12(), "macs", &[macs], &[macs]);
    let then = with(then, "kexalgorithms", &["curve25519-sha256"], &["curve25519-sha256"]);
    let settings = json!({"MACs": ["-*sha1*", "umac-64*"], "KexAlgorithms": "+nosuch,curve25519-sha256"});
    let planned = foreseen(debian12(), text, then).plan("sshd_config", json!({"settings": settings}));
    assert_eq!(
        planned.expect("planned").notes,
        ["`KexAlgorithms`: this host's sshd does not know `nosuch`: left out"]
    );
}

#[test]
fn a_list_that_leaves_nothing_that_harda_speaks_is_refused() {
    let kex = "mlkem768x25519-sha256,sntrup761x25519-sha512";
    let then = with(debian13(), "kexalgorithms", &[kex], &[kex]);
    let mut bench = foreseen(debian13(), &format!("KexAlgorithms {kex}\n"), then);
    let args = json!({"settings": {"KexAlgorithms": kex}});
    assert!(
        matches!(bench.plan("sshd_config", args.clone()), Err(Stop::Refused(why)) if why.contains("no key exchange"))
    );
    bench.access.foreign_ssh = true;
    bench.plan("sshd_config", args).expect("the system's ssh speaks it");
}

#[test]
fn a_setting_that_would_not_be_in_force_names_the_line_to_blame() {
    let told = |then: Effective, text: &str, settings: serde_json::Value| {
        foreseen(debian12(), text, then).error("sshd_config", json!({"settings": settings}))
    };
    let mut other = with(debian12(), "x11forwarding", &["yes"], &["no"]);
    other.directives.insert(0, line(MAIN, 3, "x11forwarding", "yes", None));
    assert_eq!(
        told(other, "X11Forwarding no\n", json!({"X11Forwarding": "no"})),
        "`X11Forwarding` would be `yes`, not `no`: `/etc/ssh/sshd_config:3` sets it first (remove that line, or name the drop-in so that it sorts before it)"
    );
    let mut wider = with(debian12(), "allowgroups", &["sudo", "users"], &["sudo"]);
    wider.directives.push(line("/etc/ssh/sshd_config.d/50-x.conf", 1, "allowgroups", "users", None));
    assert_eq!(
        told(wider, "AllowGroups sudo\n", json!({"AllowGroups": ["sudo"]})),
        "`AllowGroups` would not be `sudo` alone: all lines of it count, and `/etc/ssh/sshd_config.d/50-x.conf:1` adds `users` (remove that line)"
    );
    let mut kept = with(debian12(), "x11forwarding", &["yes"], &["no"]);
    kept.directives.retain(|d| d.file == MAIN && d.keyword != "include");
    assert_eq!(
        told(kept, "X11Forwarding no\n", json!({"X11Forwarding": "no"})),
        "`/etc/ssh/sshd_config` has no `Include` line that leads to `/etc/ssh/sshd_config.d/00-harda.conf`, so sshd would not read it (make `Include /etc/ssh/sshd_config.d/*.conf` the first line of `/etc/ssh/sshd_config`)"
    );
    let broken = Effective { refused: Some("line 3: bad".into()), ..debian12() };
    assert_eq!(
        told(broken, "Banner x y\n", json!({"Banner": "x y"})),
        "sshd refuses the configuration: line 3: bad"
    );
}

#[test]
fn what_beats_the_drop_in_elsewhere_is_said() {
    let mut then = with(debian12(), "x11forwarding", &["no"], &["no"]);
    then.directives.push(line(MAIN, 120, "match", "User bob", Some("User bob")));
    then.directives.push(line(MAIN, 121, "x11forwarding", "yes", Some("User bob")));
    then.options = "-o X11Forwarding=yes".into();
    let planned = foreseen(debian12(), "X11Forwarding no\n", then)
        .plan("sshd_config", json!({"settings": {"X11Forwarding": "no"}}));
    assert_eq!(
        planned.expect("planned").notes,
        [
            "`/etc/ssh/sshd_config:121` sets `X11Forwarding yes` for `Match User bob`, whatever is set here",
            "`/etc/default/ssh` starts sshd with `-o X11Forwarding=yes`, which beats every file",
        ]
    );
}

#[test]
fn a_match_block_that_nobody_can_satisfy_is_an_error() {
    let mut then = debian12();
    then.directives.push(line(DROP_IN, 3, "match", "Group totp", Some("Group totp")));
    let text = "\nMatch Group totp\n    AuthenticationMethods publickey,keyboard-interactive\n";
    let blocks = json!([{"criteria": "Group totp", "settings": {"AuthenticationMethods": "publickey,keyboard-interactive"}}]);
    let told =
        foreseen(debian12(), text, then).error("sshd_config", json!({"settings": {}, "match": blocks}));
    assert_eq!(
        told,
        "`Match Group totp`: `AuthenticationMethods publickey,keyboard-interactive` asks for `keyboard-interactive`, which `kbdinteractiveauthentication` does not enable"
    );
}

#[test]
fn hosts_that_can_not_be_asked_are_told() {
    let absent = Bench::new().without(DROP_IN).has::<Sshd>(id(vec![]), SshdState::Absent);
    let args = json!({"settings": {"X11Forwarding": "no"}});
    assert_eq!(
        absent.error("sshd_config", args.clone()),
        "there is no sshd on this host (install `openssh-server` first)"
    );
    let folder = FileState::Absent { folder: false };
    let old = Bench::new().has::<File>(DROP_IN, folder);
    let old = old.has::<Sshd>(id(vec![]), SshdState::Present(Box::new(debian12())));
    assert_eq!(
        old.error("sshd_config", args.clone()),
        "the folder `/etc/ssh/sshd_config.d` does not exist: this host's sshd reads no drop-ins (make the folder and an `Include` line in `/etc/ssh/sshd_config` first)"
    );
    let body = Body::of(format!("{HEADER}X11Forwarding no\n").into_bytes());
    let overlay = vec![Candidate { path: DROP_IN.into(), body: Some(body) }];
    let blind = bench(debian12()).has::<Sshd>(id(overlay), SshdState::NotPredicted("no unshare".into()));
    let planned = blind.plan("sshd_config", args).expect("planned");
    assert_eq!(planned.notes, ["what sshd will make of it can't be told beforehand: no unshare"]);
    assert!(matches!(blind.world.take_certainty(), crate::change::Certainty::Conditional { .. }));
}

#[test]
fn groups_that_the_host_has_not_are_told() {
    let then = with(debian12(), "allowgroups", &["sudo", "staff2"], &["sudo", "staff2"]);
    let bench =
        foreseen(debian12(), "AllowGroups sudo staff2\n", then).has::<Group>("staff2", GroupState::Absent);
    let planned = bench.plan("sshd_config", json!({"settings": {"AllowGroups": ["sudo", "staff2"]}}));
    assert_eq!(planned.expect("planned").notes, ["`AllowGroups`: this host has no group `staff2`"]);
    assert_eq!(
        bench.error("sshd_config", json!({"settings": {"AllowGroups": "staff2"}})),
        "`AllowGroups staff2`: this host has no such group, so nobody could log in (name one that it has)"
    );
}
