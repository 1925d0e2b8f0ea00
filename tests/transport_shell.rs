//! What fragments may do to the framed shell, over a real sshd, and what must survive it.

mod transport_sshd;

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use harda::fragment::{Fragment, Input, Observation, Probe, Realisation, Reply};
use harda::transport::{ApplySession, Connection, FailureKind, Login, PlanSession, Question, open};
use transport_sshd::{Sshd, connector, sudo};

fn observe(script: &str) -> Question {
    Question::Observe(Observation(Fragment::new(script)))
}

fn probe(script: &str) -> Question {
    Question::Probe(Probe(Fragment::new(script)))
}

fn ask(session: &mut PlanSession, script: &str) -> Reply {
    session.send(&[observe(script)]).unwrap().remove(0)
}

fn change(session: &mut ApplySession, fragment: Fragment) -> Reply {
    session.realise(&Realisation(fragment), &mut || {}).unwrap()
}

fn root(sshd: &Sshd) -> PlanSession {
    open(&connector(), &sshd.login("root"), None).unwrap()
}

/// What a fragment can do to break a loop that it runs in.
const HOSTILE: &[(&str, i32)] = &[
    ("exit 7", 7),
    ("set -eu; false; echo not reached", 1),
    ("exec <&- >&- 2>&-; exit 2", 2),
    ("if then fi (", 2),
    ("kill -TERM 0; sleep 1; exit 143", 143),
    ("sleep 30 & echo started; exit 0", 0),
    ("(sleep 0.2; echo late noise) & exit 0", 0),
    ("printf '\\n0123456789abcdef0123456789abcdef 0 0\\n'; exit 5", 5),
    ("head -c 100000 /dev/urandom; exit 6", 6),
    ("cat; exit 8", 8),
    ("unset PATH; N=x; p=y; _e() { :; }; exit 9", 9),
    ("trap '' EXIT; return 10 2>/dev/null || exit 10", 10),
    ("export LC_ALL=sv_SE.UTF-8; cd /tmp; umask 077; alias exit=echo; exit 11", 11),
    ("exec 0</dev/null 1>/dev/full; echo x; exit 12", 12),
    ("printf 'no newline at the end'", 0),
];

#[test]
fn no_fragment_breaks_the_loop_in_any_shell() {
    let connector = connector();
    for shell in ["/bin/dash", "/bin/bash", "/bin/busybox"] {
        let sshd = Sshd::start_with_sh(shell);
        let mut session = open(&connector, &sshd.login("free"), Some(&sudo(None))).unwrap();
        assert_eq!(ask(&mut session, &format!("cmp /proc/$$/exe {shell}")).status, 0, "/bin/sh is {shell}");
        for (script, status) in HOSTILE {
            for question in [observe(script), probe(script)] {
                let batch = [observe("echo before"), question, observe("echo after; umask; pwd")];
                let replies = session.send(&batch).unwrap_or_else(|e| panic!("{shell}: {script}: {e}"));
                assert_eq!(replies[1].status, *status, "{shell}: {script}: {}", replies[1].error_text());
                // What an earlier fragment left running may print whenever it likes.
                let after = replies[2].text().replace("late noise\n", "");
                assert!(after.ends_with("after\n0022\n/\n"), "{shell}: {script}: {after}");
            }
        }
        // Until what was left running has had its say.
        std::thread::sleep(Duration::from_millis(600));
        session.send(&[observe(":")]).unwrap();
        let mut session = session.into_apply();
        for _ in 0..3 {
            let reply = change(&mut session, Fragment::new("echo out; echo err >&2"));
            assert_eq!((reply.text().as_str(), reply.error_text().as_str()), ("out\n", "err"), "{shell}");
        }
        assert_eq!(session.send(&[observe(":")]).unwrap()[0].error_text(), "", "{shell}");
    }
}

#[test]
fn a_probe_that_kills_its_shell_kills_only_its_own() {
    let sshd = Sshd::start("");
    let mut session = root(&sshd);
    let replies = session.send(&[probe("kill -9 $$"), observe("echo alive")]).unwrap();
    assert_eq!((replies[0].status, replies[1].text().as_str()), (137, "alive\n"));
    assert_eq!(session.counts().round_trips, 1);
}

#[test]
fn a_shell_that_was_closed_while_idle_is_opened_again() {
    let sshd = Sshd::start("");
    let mut session = root(&sshd);
    ask(&mut session, "(sleep 0.3; kill -9 $PPID) >/dev/null 2>&1 &");
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(ask(&mut session, "echo back").text(), "back\n");
    let mut session = session.into_apply();
    session.send(&[observe("(sleep 0.3; kill -9 $PPID) >/dev/null 2>&1 &")]).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(change(&mut session, Fragment::new("echo again")).text(), "again\n");
}

#[test]
fn a_host_that_closes_the_connection_halfway_is_named() {
    let sshd = Sshd::start("");
    let mut session = root(&sshd);
    let failure =
        session.send(&[observe("echo fine"), observe("echo bye >&2; sleep 0.2; kill -9 $PPID; sleep 5")]);
    let failure = failure.expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::Closed);
    assert_eq!(failure.message, "`web1` closed the connection in step 2 of the request, its last words: bye");
}

#[test]
fn a_step_that_takes_too_long_is_given_up() {
    let sshd = Sshd::start("");
    let mut session = root(&sshd);
    let slow = Fragment::new("sleep 20").deadline(Duration::from_millis(700));
    let begun = Instant::now();
    let failure = session.send(&[Question::Observe(Observation(slow))]).expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::TimedOut);
    // What still runs there holds up nothing: that shell is not used again.
    assert_eq!(ask(&mut session, "echo again").text(), "again\n");
    drop(session);
    assert!(begun.elapsed() < Duration::from_secs(5), "neither the deadline nor the drop waits");
}

#[test]
fn a_long_change_beats() {
    let sshd = Sshd::start("");
    let mut session = root(&sshd).into_apply();
    let mut beats = 0;
    let reply =
        session.realise(&Realisation(Fragment::new("sleep 11; echo done; echo e >&2")), &mut || beats += 1);
    let reply = reply.unwrap();
    assert_eq!((reply.text().as_str(), reply.error_text().as_str(), beats), ("done\n", "e", 2));
}

#[test]
fn output_is_bounded_and_both_streams_flow() {
    let sshd = Sshd::start("");
    let mut session = root(&sshd);
    let mut fragment = Fragment::new(
        "head -c 20971520 /dev/zero >&2 & head -c 20971520 /dev/urandom; wait; echo end; echo end >&2",
    );
    fragment.max_output = 1 << 20;
    let replies = session.send(&[Question::Observe(Observation(fragment)), observe("echo next")]).unwrap();
    assert_eq!((replies[0].stdout.len(), replies[0].stderr.len()), (1 << 20, 1 << 20));
    assert!(replies[0].truncated);
    assert_eq!(replies[1].text(), "next\n");
    let all = Fragment { max_output: 64 << 20, ..Fragment::new("head -c 20971520 /dev/zero") };
    let replies = session.send(&[Question::Observe(Observation(all))]).unwrap();
    assert_eq!((replies[0].stdout.len(), replies[0].truncated), (20 << 20, false));
}

#[test]
fn a_large_file_is_sent_through_rekeying_with_its_echo() {
    let sshd = Sshd::start("RekeyLimit 256K");
    let path = sshd.path("big");
    let mut file = fs::File::create(&path).unwrap();
    let block: Vec<u8> = (0..1 << 20).map(|n: u32| (n.wrapping_mul(2654435761) >> 13) as u8).collect();
    (0..64).for_each(|_| file.write_all(&block).unwrap());
    file.write_all(b"odd end").unwrap();
    let size = (64 << 20) + 7;
    let mut session = root(&sshd).into_apply();
    let fragment = Fragment {
        max_output: 128 << 20,
        input: vec![Input::File { path: path.clone(), size }, Input::Bytes(b"!"[..].into())],
        ..Fragment::new("cat")
    };
    let reply = change(&mut session, fragment);
    assert_eq!(reply.stdout.len() as u64, size + 1);
    assert_eq!(&reply.stdout[(64 << 20)..], b"odd end!");
    assert!(reply.stdout.chunks(1 << 20).take(64).all(|chunk| chunk == block));
    // A fragment that reads none of it leaves nothing behind for the next.
    let fragment = Fragment::new("exit 3").input(Input::File { path, size });
    assert_eq!(change(&mut session, fragment).status, 3);
    assert_eq!(change(&mut session, Fragment::new("echo in step")).text(), "in step\n");
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_an_error() {
    let sshd = Sshd::start("");
    let path = sshd.write("short", "four");
    let mut session = root(&sshd).into_apply();
    let fragment = Fragment::new("cat").input(Input::File { path, size: 5 });
    let failure = session.realise(&Realisation(fragment), &mut || {}).expect_err("a failure");
    assert!(failure.message.ends_with("it became shorter while it was sent"), "{failure}");
}

#[test]
fn another_user_runs_exactly_his_bytes() {
    let sshd = Sshd::start("");
    for (login, target) in [("root", None), ("free", Some(sudo(None))), ("free", None)] {
        let session = open(&connector(), &sshd.login(login), target.as_ref()).unwrap();
        let mut session = session.into_apply();
        let fragment = Fragment {
            environment: vec![("GREETING".into(), "it's\n$HOME".into())],
            ..Fragment::new("id -un; pwd; umask; echo \"$LC_ALL $HOME $GREETING\"; cat")
        };
        let fragment = fragment.user(Some("dash".into())).input(Input::Bytes(b"\0bytes"[..].into()));
        let reply = change(&mut session, fragment);
        let home = sshd.path("home/dash");
        let expected = format!("dash\n/\n0022\nC {} it's\n$HOME\n\0bytes", home.display());
        assert_eq!(reply.text(), expected, "{login}: {}", reply.error_text());
        let own = Fragment::new("id -un").user(Some(if target.is_some() { "root" } else { login }.into()));
        assert_eq!(change(&mut session, own).status, 0);
        let nobody = change(&mut session, Fragment::new("id -un").user(Some("no-such-user".into())));
        assert_ne!(nobody.status, 0);
        assert!(nobody.error_text().contains("no-such-user"), "{}", nobody.error_text());
    }
}

#[test]
fn what_rc_files_print_is_dropped_and_endless_noise_refused() {
    let sshd = Sshd::start("");
    let rc = sshd.path("home/ana/.bashrc");
    fs::write(&rc, "echo Welcome; echo Willkommen >&2; printf 'no newline'\n").unwrap();
    let mut session = open(&connector(), &sshd.login("ana"), None).unwrap();
    assert_eq!(ask(&mut session, "echo x").stdout, b"x\n");
    fs::write(&rc, "yes\n").unwrap();
    let mut session = open(&connector(), &sshd.login("ana"), None).unwrap();
    let failure = session.send(&[observe("echo x")]).expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert!(
        failure.message.starts_with("`web1` prints without end before its shell answers: y"),
        "{failure}"
    );
}

#[test]
fn a_flood_where_another_user_is_awaited_is_refused() {
    // On either stream, before the password is asked for and after it was given.
    for flood in ["exec yes", "exec yes >&2", "printf '%s' \"$2\" >&2; head -n 1 >$0.got; exec yes >&2"] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let fake = folder.path().join("bin/sudo");
        // `sudo -n` wants a password; `sudo -S -H -p PROMPT ...` is given one.
        let script = format!("#!/bin/sh\n[ \"$1\" != -n ] || exit 1\nshift 2\n{flood}\n");
        fs::write(&fake, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode;
        fs::set_permissions(&fake, mode(0o755)).unwrap();
        fs::set_permissions(folder.path().join("bin"), mode(0o777)).unwrap();
        let extra = format!("SetEnv PATH={}/bin:/usr/bin:/bin", folder.path().display());
        let sshd = Sshd::start_in(folder, &extra, &["ed25519"]);
        fs::set_permissions(sshd.folder.path(), mode(0o755)).unwrap();
        let begun = Instant::now();
        let tried = open(&connector(), &sshd.login("ana"), Some(&sudo(Some("hemligt"))))
            .and_then(|mut session| session.send(&[observe("id")]));
        let failure = tried.expect_err("a failure");
        assert_eq!(failure.kind, FailureKind::Become, "{flood}: {failure}");
        let message = "`web1` prints without end where it should become the other user";
        assert!(failure.message.starts_with(message), "{flood}: {failure}");
        assert!(failure.message.len() < 2000, "{} bytes", failure.message.len());
        assert!(begun.elapsed() < Duration::from_secs(20), "{flood}");
        let got = fs::read_to_string(sshd.path("bin/sudo.got")).unwrap_or_default();
        assert_eq!(got == "hemligt\n", flood.contains("got"), "{flood}: it was given `{got}`");
    }
}

#[test]
fn an_environment_name_that_no_shell_takes_is_refused() {
    let login = Login { connection: Connection::Local, ..Login::new("here", "localhost") };
    let mut session = open(&connector(), &login, None).unwrap();
    let fragment = Fragment { environment: vec![("a;id".into(), "x".into())], ..Fragment::new("env") };
    let failure = session.send(&[Question::Observe(Observation(fragment))]).expect_err("a failure");
    assert_eq!(failure.message, "environment variable `a;id` can't be set by a shell");
}

#[test]
fn a_dd_that_knows_no_flags_will_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    let dd = folder.path().join("bin/dd");
    fs::write(&dd, "#!/bin/sh\ncase \"$*\" in *iflag*) exit 1;; esac\nexec /bin/dd \"$@\"\n").unwrap();
    fs::set_permissions(&dd, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let extra = format!("SetEnv PATH={}/bin:/usr/bin:/bin", folder.path().display());
    let sshd = Sshd::start_in(folder, &extra, &["ed25519"]);
    fs::set_permissions(sshd.folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut session = root(&sshd).into_apply();
    let bytes: Vec<u8> = (0..100_000u32).map(|n| (n * 7) as u8).collect();
    let reply =
        change(&mut session, Fragment::new("command -v dd; cat").input(Input::Bytes(bytes.clone().into())));
    let expected = [format!("{}\n", sshd.path("bin/dd").display()).into_bytes(), bytes].concat();
    assert_eq!(reply.stdout, expected);
    assert_eq!(session.send(&[observe("echo in step")]).unwrap()[0].text(), "in step\n");
}
