//! What people see of a run, from events made by hand.

#[path = "report/events.rs"]
mod events;

use events::*;
use harda::record::{Event, Mode, Recap, Status};
use harda::report::{JsonLines, Masker, Settings, Sink, Terminal};
use harda::resource::Text;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// A stream that can be read back.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics while writing").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("as above").clone()).expect("reports are UTF-8")
    }
}

const PLAIN: Settings = Settings { color: false, width: 80, verbosity: 0, diff: false };

fn told(settings: Settings, masker: Masker, events: &[Event]) -> (String, String) {
    let (out, err) = (Shared::default(), Shared::default());
    let streams = (Box::new(out.clone()), Box::new(err.clone()));
    let mut terminal = Terminal::new(settings, masker, streams.0, streams.1, None);
    events.iter().for_each(|event| terminal.event(event));
    (out.text(), err.text())
}

fn shown(events: &[Event]) -> String {
    told(PLAIN, Masker::default(), events).0
}

fn json(masker: Masker, events: &[Event]) -> String {
    let out = Shared::default();
    let mut lines = JsonLines::new(Box::new(out.clone()), masker);
    events.iter().for_each(|event| lines.event(event));
    out.text()
}

/// A plan of one host.
fn alone(entries: Vec<harda::record::Entry>) -> Vec<Event> {
    let hosts = ["web01".to_string()];
    let plan = planned("web01", entries);
    vec![started(Mode::Plan, &hosts), plan, finished("web01", Recap::default()), ended(0)]
}

#[test]
fn a_plan_of_three_hosts() {
    insta::assert_snapshot!(shown(&a_plan()));
}

#[test]
fn a_plan_in_colour() {
    let (out, _) = told(Settings { color: true, ..PLAIN }, Masker::default(), &a_plan());
    insta::assert_snapshot!(out.replace('\x1b', "␛"));
}

#[test]
fn colour_says_nothing_that_the_text_does_not() {
    for events in [a_plan(), an_apply(), thirty_hosts()] {
        let (colored, _) = told(Settings { color: true, ..PLAIN }, Masker::default(), &events);
        assert_eq!(console::strip_ansi_codes(&colored), shown(&events));
    }
}

#[test]
fn a_verbose_plan_shows_what_is_as_it_should_be() {
    let (out, err) = told(Settings { verbosity: 1, ..PLAIN }, Masker::default(), &a_plan());
    insta::assert_snapshot!(format!("{out}\n--- stderr\n{err}"));
}

#[test]
fn an_apply_with_surprises() {
    insta::assert_snapshot!(shown(&an_apply()));
}

#[test]
fn an_apply_with_diffs_shows_them_before_it_begins() {
    let (out, _) = told(Settings { diff: true, ..PLAIN }, Masker::default(), &an_apply());
    let (before, after) = out.split_once("\napplying\n").expect("a heading between plan and apply");
    assert!(before.contains("-PermitRootLogin yes"), "{before}");
    assert!(after.contains("+n=8"), "{after}");
}

#[test]
fn thirty_hosts_of_which_few_matter() {
    insta::assert_snapshot!(shown(&thirty_hosts()));
}

#[test]
fn nothing_to_change() {
    insta::assert_snapshot!(shown(&alone(calm())));
}

#[test]
fn failures_name_place_reason_and_next_step() {
    let message = "the template `motd.j2` can't be rendered:\n  undefined variable `ownr`\n  hint: did you mean `owner`?";
    let refused = entry(
        "sshd : allow groups",
        95,
        Status::Refused {
            message: "`admin` is in none of the groups that may log in afterwards: sftp".into(),
        },
    );
    let ignored = Status::Failed { message: "no such unit".into(), ignored: true, rescued: false };
    insta::assert_snapshot!(shown(&alone(vec![failed(message), refused, entry("stop cups", 99, ignored)])));
}

#[test]
fn no_log_hides_both_sides_but_not_the_error() {
    let mut secret = sshd("PermitRootLogin yes # hunter22\n");
    secret.origin.secret = true;
    secret.origin.item = Some("hunter22".into());
    secret.notes = vec!["hunter22".into()];
    let mut failure = failed("`chpasswd` ended with status 1: cannot lock /etc/passwd");
    failure.origin.secret = true;
    let out = shown(&alone(vec![secret.clone(), failure]));
    insta::assert_snapshot!(out);
    assert!(!json(Masker::default(), &alone(vec![secret])).contains("hunter22"));
}

#[test]
fn secrets_are_masked_everywhere() {
    let masker = Masker::default();
    masker.add("hunter22");
    let mut entries = vec![sshd("pw=hunter22\n"), failed("hunter22 is wrong")];
    entries[0].changes[0].id = "/etc/hunter22".into();
    entries[0].notes = vec!["hunter22".into()];
    entries.push(sysctl("hunter22", "hunter22", "hunter222"));
    let events = alone(entries);
    let (out, err) = told(Settings { verbosity: 2, ..PLAIN }, masker.clone(), &events);
    let records = json(masker, &events);
    for text in [out, err, records] {
        assert!(!text.contains("hunter22"), "{text}");
    }
}

#[test]
fn hostile_strings_are_written_out() {
    let hostile = "\x1b[2J\x1b]0;owned\x07 \u{202e}txt.exe\u{9b}31m\r\x7f";
    let mut nasty = sshd(&format!("Port 22\n{hostile}\n"));
    nasty.changes[0].id = format!("/etc/{hostile}");
    nasty.notes = vec![hostile.into()];
    let task = entry(hostile, 1, conditional(hostile));
    let mut property = sysctl("a", hostile, hostile);
    property.origin.item = Some(hostile.into());
    let mut events = alone(vec![nasty, task, property, failed(hostile)]);
    let unreachable =
        Event::Unreachable { host: hostile.into(), message: hostile.into(), hint: Some(hostile.into()) };
    events.insert(1, unreachable);
    let out = shown(&events);
    let records = json(Masker::default(), &events);
    for text in [&out, &records] {
        let bad = text.chars().find(|c| (c.is_control() && !"\n\t".contains(*c)) || *c == '\u{202e}');
        assert_eq!(bad, None, "{text}");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn hidden_texts_say_why() {
    let mut entry = created();
    entry.changes[0].differences = vec![harda::resource::Difference::Text {
        path: "/boot/initrd".into(),
        from: Text::Hidden("large, 48234234 bytes".into()),
        to: Text::Hidden("binary, 12 bytes".into()),
    }];
    let out = shown(&alone(vec![entry]));
    assert!(out.contains("- (large, 48234234 bytes)\n    + (binary, 12 bytes)"), "{out}");
}

#[test]
fn an_interrupted_apply_says_how_far_each_host_came() {
    let hosts = ["a".to_string(), "b".to_string()];
    let mut events = vec![started(Mode::Apply, &hosts)];
    events.extend(hosts.iter().map(|host| planned(host, vec![sshd("x\n"), restart()])));
    events.push(done("a", sshd("x\n")));
    events.push(Event::Busy { host: "a".into(), doing: "restart sshd".into() });
    events.extend(hosts.iter().map(|host| finished(host, Recap::default())));
    events.push(ended(130));
    let out = shown(&events);
    assert!(out.contains("a: 1 of 2 tasks done, was at `restart sshd`\n  b: planned, not touched"), "{out}");
}

#[test]
fn a_host_whose_plan_failed_is_left_alone_and_that_is_said() {
    let hosts = ["a".to_string(), "b".to_string()];
    let mut events = vec![started(Mode::Apply, &hosts)];
    events.push(planned("a", vec![sshd("x\n"), failed("no")]));
    events.push(planned("b", vec![sshd("x\n")]));
    events.push(done("b", sshd("x\n")));
    events.push(finished("a", Recap { changed: 1, failed: 1, ..Recap::default() }));
    events.push(finished("b", Recap { changed: 1, verified: 1, ..Recap::default() }));
    events.push(ended(2));
    let out = shown(&events);
    assert!(out.contains("not touched, because the plan failed: a\n"), "{out}");
    assert!(out.contains("1 changed on 1 host, verified 1 of 1, 1 failed\n"), "{out}");
}

#[test]
fn wrong_input_and_lost_access_are_told_once_for_all_hosts() {
    let hosts: Vec<String> = (1..=3).map(|n| format!("web{n}")).collect();
    let mut events = vec![started(Mode::Plan, &hosts)];
    events.extend(hosts.iter().map(|host| Event::Wrong {
        host: host.clone(),
        message: "playbooks/a.yml:3:5: undefined variable `x`".into(),
        hint: Some("set it in group_vars".into()),
    }));
    events.push(ended(1));
    let expected =
        "web[1-3]: error: playbooks/a.yml:3:5: undefined variable `x`\n  hint: set it in group_vars\n";
    let out = shown(&events);
    assert!(out.starts_with(expected), "{out}");
}

/// Access proven on two hosts, and taken back on a third.
fn guarded() -> Vec<Event> {
    let hosts: Vec<String> = (1..=3).map(|n| format!("web{n}")).collect();
    let proven = |host: &str, took: &str| Event::Proven {
        host: host.into(),
        user: "anna".into(),
        what: "PAM, sshd".into(),
        ok: true,
        message: took.into(),
    };
    let restored = harda::record::Restored {
        host: "web2".into(),
        run: "20261124T031500Z-5f2c".into(),
        why: "`web2` refused the login of `anna`".into(),
        changes: vec!["`sshd's settings` (sshd.yml:3:7): file /etc/ssh/sshd_config".into()],
        report: vec!["restored /etc/ssh/sshd_config".into(), "reloaded ssh.service".into()],
        seconds: Some(3.2),
    };
    let message = "no record is kept and no lock taken: the session is not root's".to_string();
    vec![
        started(Mode::Apply, &hosts),
        planned("web1", vec![sshd("yes")]),
        planned("web2", vec![sshd("yes")]),
        planned("web3", vec![sshd("yes")]),
        Event::Warned { host: "web3".into(), message },
        done("web1", sshd("yes")),
        done("web2", sshd("yes")),
        done("web3", sshd("yes")),
        proven("web1", "0.4 s"),
        proven("web3", "0.3 s"),
        Event::Restored(restored),
        finished("web1", Recap { changed: 1, verified: 1, ..Recap::default() }),
        finished("web2", Recap { restored: true, ..Recap::default() }),
        finished("web3", Recap { changed: 1, verified: 1, ..Recap::default() }),
        ended(5),
    ]
}

#[test]
fn access_proven_and_changes_taken_back() {
    insta::assert_snapshot!(shown(&guarded()));
}

#[test]
fn a_switch_that_was_armed_and_no_more_took_nothing_back() {
    let mut events = guarded();
    for event in &mut events {
        if let Event::Restored(restored) = event {
            (restored.changes, restored.report) = (Vec::new(), Vec::new());
        }
    }
    let out = shown(&events);
    let run = "run 20261124T031500Z-5f2c had armed the dead-man's switch, and nothing had been changed yet\n";
    assert!(out.contains(run), "{out}");
    assert!(!out.contains("put right") && !out.contains("locked you out"), "{out}");
}

#[test]
fn every_event_is_one_json_record() {
    let events: Vec<Event> = a_plan().into_iter().chain(an_apply()).chain(guarded()).collect();
    let out = json(Masker::default(), &events);
    let records: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let expected: Vec<serde_json::Value> =
        events.iter().map(|event| serde_json::to_value(event).expect("events are JSON")).collect();
    assert_eq!(records, expected);
    assert_eq!(records[0]["run"], "20261124T031500Z-5f2c");
    insta::assert_json_snapshot!(records[1..3]);
}
