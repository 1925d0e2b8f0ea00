//! Events made by hand, as an engine would send them.

use harda::change::{Certainty, Origin};
use harda::place::Place;
use harda::record::{Diverged, Entry, Event, Kept, Mode, Recap, Shown, ShownAction, Status};
use harda::resource::{Difference, Risk, Text, Undo};
use std::time::Duration;

pub const CERTAIN: Status = Status::Changed { certainty: Certainty::Certain };

pub fn conditional(waits_for: &str) -> Status {
    Status::Changed { certainty: Certainty::Conditional { waits_for: waits_for.into() } }
}

pub fn entry(task: &str, line: usize, status: Status) -> Entry {
    Entry {
        play: "baseline".into(),
        origin: Origin {
            task: task.into(),
            item: None,
            module: "template".into(),
            place: Place::new("playbooks/sshd.yml", line, 7),
            control: None,
            secret: false,
            triggers: Vec::new(),
        },
        status,
        changes: Vec::new(),
        action: None,
        notes: Vec::new(),
        lags: None,
        checked: false,
        evidence: Vec::new(),
    }
}

pub fn with(mut entry: Entry, change: Shown) -> Entry {
    entry.changes.push(change);
    entry
}

pub fn shown(kind: &str, id: &str, differences: Vec<Difference>) -> Shown {
    Shown { kind: kind.into(), id: id.into(), differences, undo: Undo::Full, risk: Risk::None }
}

pub fn property(name: &str, from: &str, to: &str) -> Difference {
    Difference::property(name, from, to)
}

pub fn text(path: &str, from: Option<&str>, to: Option<&str>) -> Difference {
    let side = |text: Option<&str>| text.map_or(Text::Absent, |text| Text::Lines(text.into()));
    Difference::Text { path: path.into(), from: side(from), to: side(to) }
}

const SSHD: &str = "/etc/ssh/sshd_config.d/00-harda.conf";
const BEFORE: &str = "# access\nPort 22\nAddressFamily any\nPermitRootLogin yes\nX11Forwarding no\n";
const AFTER: &str = "# access\nPort 22\nAddressFamily any\nPermitRootLogin no\nX11Forwarding no\n";

/// sshd's file changed, with a risk.
pub fn sshd(before: &str) -> Entry {
    let differences = vec![property("mode", "0644", "0600"), text(SSHD, Some(before), Some(AFTER))];
    let mut change = shown("file", SSHD, differences);
    change.risk = Risk::LockOut;
    with(entry("sshd : keys only, no root", 14, CERTAIN), change)
}

pub fn sysctl(name: &str, from: &str, to: &str) -> Entry {
    let mut entry = entry("kernel : restrict pointers", 31, CERTAIN);
    entry.origin.item = Some(name.into());
    with(entry, shown("sysctl", name, vec![property("value", from, to)]))
}

pub fn package() -> Entry {
    let mut change = shown("package", "rsyslog", vec![property("version", "absent", "8.2302.0-1+deb12u1")]);
    change.undo = Undo::Partial("its configuration stays".into());
    with(entry("rsyslog : install", 40, CERTAIN), change)
}

pub fn unit() -> Entry {
    let differences =
        vec![property("enabled", "disabled", "enabled"), property("active", "inactive", "active")];
    with(
        entry("rsyslog : start", 52, conditional("rsyslog : install")),
        shown("unit", "rsyslog.service", differences),
    )
}

pub fn created() -> Entry {
    let path = "/etc/rsyslog.d/10-forward.conf";
    let differences = vec![
        property("state", "absent", "file"),
        property("owner", "", "root"),
        property("group", "", "adm"),
        property("mode", "", "0640"),
        text(path, None, Some("*.* action(\n\ttype=\"omfwd\"\n\ttarget=\"log.example\"\n)\n")),
    ];
    with(entry("rsyslog : forward", 46, CERTAIN), shown("file", path, differences))
}

pub fn removed() -> Entry {
    let differences = vec![property("state", "file", "absent"), text("/etc/motd", Some("hi\n"), None)];
    let mut change = shown("file", "/etc/motd", differences);
    change.undo = Undo::None("it is a link into another mount".into());
    with(entry("no message of the day", 60, CERTAIN), change)
}

pub fn restart() -> Entry {
    let mut entry = entry("restart sshd", 70, CERTAIN);
    entry.origin.triggers = vec!["sshd : keys only, no root".into()];
    entry.action = Some(ShownAction {
        title: "restart ssh.service".into(),
        risk: Risk::LockOut,
        undo: Undo::Full,
        probe: false,
    });
    entry
}

pub fn unknown() -> Entry {
    entry("tune the pool", 80, Status::Unknown { until: "count the cores".into() })
}

pub fn failed(message: &str) -> Entry {
    entry("banner", 90, Status::Failed { message: message.into(), ignored: false, rescued: false })
}

pub fn calm() -> Vec<Entry> {
    let mut probe = entry("which PAM profile", 3, Status::Ok);
    probe.action = Some(ShownAction {
        title: "run pam-auth-update --list".into(),
        risk: Risk::None,
        undo: Undo::Full,
        probe: true,
    });
    let skipped = Status::Skipped { why: "ansible_facts.os_family == 'RedHat' is false".into() };
    vec![probe, entry("enable SELinux", 5, skipped), entry("sudo is there", 8, Status::Ok)]
}

pub fn started(mode: Mode, hosts: &[String]) -> Event {
    Event::Started {
        run: "20261124T031500Z-5f2c".into(),
        mode,
        playbook: "playbooks/baseline.yml".into(),
        hosts: hosts.to_vec(),
    }
}

pub fn planned(host: &str, entries: Vec<Entry>) -> Event {
    Event::Planned { host: host.into(), entries }
}

pub fn done(host: &str, entry: Entry) -> Event {
    Event::Done { host: host.into(), entry }
}

pub fn finished(host: &str, recap: Recap) -> Event {
    let took = Duration::from_millis(2140);
    Event::Finished { host: host.into(), recap: Recap { took, round_trips: 2, login_steps: 4, ..recap } }
}

pub fn ended(exit_code: i32) -> Event {
    Event::Ended { seconds: 4.24, exit_code }
}

/// Three hosts, one of them odd, with one of everything.
pub fn a_plan() -> Vec<Event> {
    let hosts = ["db1", "web01", "web02"].map(String::from);
    let mut events = vec![started(Mode::Plan, &hosts)];
    for host in &hosts {
        let before = if host == "db1" { "Port 2222\nPermitRootLogin yes\n" } else { BEFORE };
        let value = if host == "web02" { "1" } else { "0" };
        let mut entries = calm();
        entries.extend([
            sshd(before),
            sysctl("kernel.kptr_restrict", value, "2"),
            sysctl("kernel.dmesg_restrict", "0", "1"),
            package(),
            created(),
            unit(),
            removed(),
            restart(),
            unknown(),
        ]);
        events.push(Event::Connected {
            host: host.clone(),
            machine_id: "0123456789abcdef0123456789abcdef".into(),
            summary: "Debian 12, systemd".into(),
            login_ms: 212,
        });
        events.push(planned(host, entries));
        let recap = Recap {
            ok: 2,
            changed: 8,
            conditional: 1,
            unknown: 1,
            skipped: 1,
            lock_out: 2,
            ..Recap::default()
        };
        events.push(finished(host, recap));
    }
    events.push(ended(0));
    events
}

/// An apply in which most is as announced.
pub fn an_apply() -> Vec<Event> {
    let hosts = ["db1", "web01", "web02"].map(String::from);
    let plan = || vec![sshd(BEFORE), package(), created(), unit(), restart(), unknown()];
    let mut events = vec![started(Mode::Apply, &hosts)];
    events.extend(hosts.iter().map(|host| planned(host, plan())));
    for step in [sshd(BEFORE), package(), created()] {
        events.extend(hosts.iter().map(|host| done(host, step.clone())));
    }
    let already = entry("rsyslog : start", 52, Status::Ok);
    let enabled = shown("unit", "rsyslog.service", vec![property("enabled", "disabled", "enabled")]);
    let different = with(entry("rsyslog : start", 52, CERTAIN), enabled);
    events.push(done("db1", already.clone()));
    events.push(done("web01", different));
    events.push(done("web02", already));
    events.extend(hosts.iter().map(|host| done(host, restart())));
    let tuned = shown("file", "/etc/pool.conf", vec![text("/etc/pool.conf", Some("n=1\n"), Some("n=8\n"))]);
    let tuned = with(entry("tune the pool", 80, CERTAIN), tuned);
    events.extend(hosts.iter().map(|host| done(host, tuned.clone())));
    let diverged = Diverged {
        kind: "file".into(),
        id: SSHD.into(),
        task: "sshd : keys only, no root".into(),
        differences: vec![property("mode", "0600", "0644"), text(SSHD, Some(AFTER), Some(BEFORE))],
        error: None,
    };
    for host in &hosts {
        let wrong: Vec<Diverged> = (host == "web02").then(|| diverged.clone()).into_iter().collect();
        let (diverged, verified) = (wrong.len(), 5 - wrong.len());
        events.push(Event::Verified { host: host.clone(), verified, diverged: wrong });
        let kept = Kept {
            certain_as_shown: 4,
            conditional_already_so: usize::from(host != "web01"),
            ..Kept::default()
        };
        let recap = Recap { ok: 1, changed: 5, verified, diverged, kept: Some(kept), ..Recap::default() };
        events.push(finished(host, recap));
    }
    events.push(ended(2));
    events
}

/// Thirty hosts, two of them in trouble and one odd.
pub fn thirty_hosts() -> Vec<Event> {
    let hosts: Vec<String> = (1..=30).map(|n| format!("web{n:02}.example")).collect();
    let mut events = vec![started(Mode::Plan, &hosts)];
    for (n, host) in hosts.iter().enumerate() {
        match n {
            4 => events.push(Event::Unreachable {
                host: host.clone(),
                message: "the host key of `web05.example` is not known".into(),
                hint: Some("look at it, then use `--accept-new-host-keys`".into()),
            }),
            11 => events.push(planned(host, vec![failed("`/etc/issue.net` is a directory")])),
            17 => events.push(planned(host, vec![sshd("PermitRootLogin yes\n")])),
            _ if n % 2 == 0 => events.push(planned(host, vec![sshd(BEFORE)])),
            _ => events.push(planned(host, calm())),
        }
        let recap = Recap { ok: 40, ..Recap::default() };
        events.push(finished(
            host,
            match n {
                4 => Recap { unreachable: true, ..Recap::default() },
                11 => Recap { failed: 1, ..recap },
                17 => Recap { changed: 1, ..recap },
                _ if n % 2 == 0 => Recap { changed: 1, ..recap },
                _ => recap,
            },
        ));
    }
    events.push(ended(4));
    events
}
