//! Ways of locking oneself out, each made by a playbook on a lab host: either nothing is made, or the host takes it
//! back in time, also where harda was killed; and it is told.
//!
//! A fixed sample runs always, all of them with HARDA_LOCKOUT=all (`make test-long`).

#[path = "lockout/cases.rs"]
mod cases;
#[path = "support/effect.rs"]
mod effect;
#[path = "lockout/ground.rs"]
mod ground;
mod support;
#[path = "lockout/trial.rs"]
mod trial;

use cases::{Case, cases};
use ground::Ground;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::Lab;
use trial::{Row, TIMEOUT, table};

/// Hosts of each kind, so that all cases of a run take about as long on each.
const HOSTS: [(&str, usize); 4] =
    [("bookworm", 7), ("trixie", 3), ("bookworm-busybox", 1), ("bookworm-nosystemd", 1)];

#[test]
fn a_case_of_lock_out_is_refused_or_taken_back() {
    let begun = Instant::now();
    let all = std::env::var("HARDA_LOCKOUT").is_ok_and(|v| v == "all");
    let only = std::env::var("HARDA_LOCKOUT_CASE").ok();
    let chosen: Vec<Case> = cases()
        .into_iter()
        .filter(|case| match &only {
            Some(words) => words.split(';').any(|word| case.name.contains(word)),
            None => all || case.sample,
        })
        .collect();
    let mut of_kind: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    chosen.iter().for_each(|case| of_kind.entry(case.kind).or_default().push(case));
    let kinds: Vec<&str> = HOSTS
        .iter()
        .flat_map(|(kind, most)| {
            let wanted =
                of_kind.get(kind).map_or(0, |cases| if all { *most } else { cases.len().div_ceil(2) });
            std::iter::repeat_n(*kind, wanted.min(*most))
        })
        .collect();
    let lab = Lab::up(&kinds);
    let queues: BTreeMap<&str, (Vec<&Case>, AtomicUsize)> =
        of_kind.into_iter().map(|(kind, cases)| (kind, (cases, AtomicUsize::new(0)))).collect();
    let rows: Mutex<Vec<Row>> = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for (host, kind) in lab.hosts.iter().zip(&kinds) {
            let (lab, rows, (queue, next)) = (&lab, &rows, &queues[kind]);
            threads.spawn(move || {
                let mut ground = Ground::new(lab, host);
                while let Some(case) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = trial::run(&mut ground, case);
                    row.wrong.iter().for_each(|wrong| say(&format!("{}: {wrong}\n", row.name)));
                    rows.lock().expect("no panic").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("no panic");
    rows.sort_by_key(|row| chosen.iter().position(|case| case.name == row.name));
    say(&table(&rows, begun.elapsed()));
    let wrong: Vec<&str> = rows.iter().filter(|row| !row.wrong.is_empty()).map(|row| row.name).collect();
    assert!(wrong.is_empty(), "wrong: {}", wrong.join("; "));
    if all && only.is_none() {
        assert!(rows.len() >= 25, "{} cases", rows.len());
        assert!(rows.iter().filter(|row| row.restored.is_some()).count() >= 15, "too few reached the guard");
    }
}

/// Past the test harness, which would keep it to itself.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A short time for the proof, for those that shall not get it.
fn timeout() -> [String; 2] {
    ["--guard-timeout".into(), TIMEOUT.as_secs().to_string()]
}

#[test]
fn of_many_hosts_only_the_one_that_is_shut_is_restored() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm", "trixie", "bookworm", "trixie"]);
    let shut = &lab.hosts[3];
    let tasks = format!(
        "  tasks:
    - name: sessions end
      copy: {{dest: /etc/ssh/sshd_config.d/10-idle.conf, content: \"ClientAliveInterval 60\\n\"}}
      notify: takes effect
    - meta: flush_handlers
    - name: bites
      shell: \"nft 'add table inet shut; add chain inet shut in {{ type filter hook input priority 0; }}; add rule inet shut in tcp dport 22 ct state new drop'\"
      when: inventory_hostname == '{shut}'
  handlers:
    - name: takes effect
      service: {{name: ssh, state: reloaded}}
"
    );
    let before: Vec<Vec<String>> = lab.hosts.iter().map(|host| Ground::new(&lab, host).state()).collect();
    let ran = lab.harda(&arguments(&lab, "apply", &lab.write("many.yml", &ground::play(&tasks)), &timeout()));
    let ran = ran.expect(5);
    ran.says("bites").says("restored");
    for (host, before) in lab.hosts.iter().zip(before) {
        let ground = Ground::new(&lab, host);
        let idle = "10-idle.conf";
        // On the one that is shut it was of the same unit, and is taken back with it.
        let there = ground.state().iter().any(|line| line.contains(idle));
        assert_eq!(there, host != shut, "{host}: {}", ran.all());
        assert_eq!(ground.differs_but(&before, idle), Vec::<String>::new(), "{host}: {}", ran.all());
        ground.enters("admin").expect(0);
    }
}

/// What the host keeps of a unit is printed by whichever run finds what was taken back.
#[test]
fn what_is_kept_of_a_guarded_command_shows_no_secret() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    let specs =
        "argument_specs: {site: {options: {db_key: {type: str, no_log: true, description: A key.}}}}\n";
    lab.write("specs.yml", specs);
    // The task looks at what the switch has noted of it before it runs.
    let tasks = "  argument_specs: specs.yml
  vars: {db_key: kanarie-guarded-65}
  tasks:
    - name: 'sets {{ db_key }}'
      guard: true
      shell: 'cp /var/lib/harda/guard/changes /srv/noted; : {{ db_key }}'
";
    lab.harda(&arguments(&lab, "apply", &lab.write("noted.yml", &ground::play(tasks)), &[])).expect(0);
    let noted = lab.exec(host, "cat /srv/noted").expect(0);
    noted.says("sets ********").says("cp /var/lib/harda/guard/changes").says_not("kanarie");
    let kept = lab.exec(host, "cat /var/lib/harda/runs/*/manifest; journalctl -q -o cat").expect(0);
    kept.says("sets ********").says_not("kanarie");
}

/// A run that fails leaves its handler to the next one: what the handler has read goes back with it.
#[test]
fn what_a_failed_run_left_unread_is_taken_back_by_the_run_that_has_it_read() {
    let lab = Lab::up(&["bookworm"]);
    let ground = Ground::new(&lab, &lab.hosts[0]);
    let tasks = |fails: &str| {
        let text = format!(
            "  tasks:
    - name: shuts sshd
      copy: {{dest: /etc/ssh/sshd_config.d/10-shut.conf, content: \"PerSourceMaxStartups 0\\n\"}}
      notify: takes effect
    - command: /bin/{fails}
  handlers:
    - name: takes effect
      service: {{name: ssh, state: restarted}}
"
        );
        lab.write(&format!("{fails}.yml"), &ground::play(&text))
    };
    ground.enters("admin").expect(0);
    let before = ground.state();
    let ran = lab.harda(&arguments(&lab, "apply", &tasks("false"), &timeout())).expect(2);
    ran.says("nothing has told anybody to read /etc/ssh/sshd_config.d/10-shut.conf yet");
    ground.enters("admin").expect(0);
    let ran = lab.harda(&arguments(&lab, "apply", &tasks("true"), &timeout())).expect(5);
    ran.says("shuts sshd").says("removed /etc/ssh/sshd_config.d/10-shut.conf");
    assert_eq!(ground.differs_soon(&before), Vec::<String>::new(), "{}", ran.all());
    ground.enters("admin").expect(0);
}

/// A command may touch any account: those that it did go back, and the others stay as others made them meanwhile.
#[test]
fn accounts_that_others_changed_meanwhile_stay() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    let ground = Ground::new(&lab, host);
    let tasks = "  tasks:
    - name: bites
      shell: echo 'PerSourceMaxStartups 0' >/etc/ssh/sshd_config.d/00-lockout.conf; usermod -c harda operator
      notify: takes effect
    - name: meanwhile
      command: sleep 8
  handlers:
    - name: takes effect
      service: {name: ssh, state: restarted}
";
    let book = lab.write("accounts.yml", &ground::play(tasks));
    let mut harda = ground.start("apply", "admin", &book, &["--guard-timeout", "10"]);
    assert!(ground.wait_for_change("`bites`", false, Duration::from_secs(60)), "the change was not seen");
    lab.exec(host, "useradd -m newcomer && usermod -c others alice").expect(0);
    assert!(
        !ground.guard("changes").is_some_and(|changes| changes.contains("takes effect")),
        "it was too late"
    );
    harda.wait().expect("it ends");
    ground.enters("admin").expect(0);
    let names = lab
        .exec(host, "getent passwd alice operator newcomer; getent shadow newcomer; ls -d /home/newcomer")
        .expect(0);
    names.says(":others:").says("newcomer:").says_not(":harda:");
}

/// Who ends harda at once is told what the hosts do without it.
#[test]
fn a_second_interrupt_says_what_the_host_takes_back() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    let ground = Ground::new(&lab, host);
    ground.enters("admin").expect(0);
    let before = ground.state();
    let tasks = "  tasks:
    - name: bites
      shell: echo 'PerSourceMaxStartups 0' >/etc/ssh/sshd_config.d/00-lockout.conf; systemctl reload ssh; sleep 12
";
    let book = lab.write("interrupted.yml", &ground::play(tasks));
    let harda = ground
        .command("apply", "admin", &book, &["--guard-timeout", "10"], &[])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("harda starts");
    assert!(ground.wait_for_change("`bites`", true, Duration::from_secs(60)), "the change was not seen");
    for _ in 0..2 {
        Command::new("kill").args(["-INT", &harda.id().to_string()]).status().expect("kill");
        std::thread::sleep(Duration::from_millis(300));
    }
    let ended = harda.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{told}");
    assert!(told.contains(&format!("ended at once: {host} will take back what was not proven")), "{told}");
    ground.wait_for_restored(Duration::from_secs(60)).expect("it was restored");
    ground.tells_of_it("admin").unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(ground.differs_soon(&before), Vec::<String>::new());
}

fn arguments<'a>(lab: &Lab, verb: &'a str, book: &'a std::path::Path, more: &'a [String]) -> Vec<&'a str> {
    // Leaked on purpose: a test's few words.
    let inventory: &'static str =
        Box::leak(lab.inventory("admin").to_string_lossy().into_owned().into_boxed_str());
    let mut words = vec![verb, book.to_str().expect("UTF-8"), "-i", inventory];
    words.extend(more.iter().map(String::as_str));
    words
}

/// Known hosts for a port other than 22 as well.
fn known_at(lab: &Lab, port: u16) -> String {
    let known = std::fs::read_to_string(lab.env("HARDA_LAB_KNOWN_HOSTS")).expect("read");
    let address = lab.address(&lab.hosts[0]);
    let moved: String = known
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(names, _)| names.contains(&address))
        .map(|(_, key)| format!("[{address}]:{port} {key}\n"))
        .collect();
    lab.write("known_hosts", &format!("{known}{moved}")).to_string_lossy().into_owned()
}

#[test]
fn what_nothing_could_take_back_is_not_made() {
    let lab = Lab::up(&["trixie"]);
    let ground = Ground::new(&lab, &lab.hosts[0]);
    let tasks = "  gather_facts: false
  tasks:
    - copy: {dest: /var/tmp/first, content: \"x\\n\"}
    - name: bites
      shell: touch ~/.ssh/authorized_keys /var/tmp/second
";
    let book = lab.write("plain.yml", &ground::play(tasks));
    let run = |verb: &str, more: &[&str]| {
        let more = [&["-e", "ansible_become=false"], more].concat();
        ground.harda(verb, "admin", &book, &more)
    };
    let made =
        || lab.exec(&lab.hosts[0], "ls /var/tmp/first /var/tmp/second | wc -l").stdout.trim().to_string();
    run("plan", &[]).expect(0).says("refused when it is applied").says("--no-guard");
    run("apply", &[]).expect(2).says("refused").says("`--no-guard`").says("become: true");
    assert_eq!(made(), "0", "not even what comes before it");
    run("apply", &["--no-guard"]).expect(0);
    assert_eq!(made(), "2");
}

#[test]
fn a_changed_port_is_proven_at_the_new_port() {
    let lab = Lab::up(&["trixie"]);
    let known = known_at(&lab, 2222);
    let hosts = lab.inventory_of("hosts.yml", &lab.hosts[0], "admin", &[("harda_known_hosts_file", &known)]);
    let tasks = "  tasks:
    - name: bites
      sshd_config: {settings: {Port: 2222}}
      notify: takes effect
  handlers:
    - name: takes effect
      service: {name: ssh, state: restarted}
";
    let book = lab.write("port.yml", &ground::play(tasks)).to_string_lossy().into_owned();
    let run = |verb: &str, port: &str, more: &[&str]| {
        let after = format!("{{\"harda_login_after\": {{\"port\": {port}}}}}");
        let mut words = vec![verb, &book, "-i", &hosts, "-e", &after];
        words.extend(more);
        lab.harda(&words)
    };
    run("apply", "2223", &[]).expect(2).says("sshd would listen on port 2222");
    let ran = run("apply", "2222", &["--guard-timeout", "15"]).expect(0);
    ran.says("proven");
    assert_eq!(lab.exec(&lab.hosts[0], "ss -Htln 'sport = :22' | wc -l").stdout.trim(), "0");
    run("plan", "2222", &["--detailed-exitcode"]).expect(0);
    // What shuts the new port is taken back, and seen through it.
    let shut = "  tasks:
    - name: bites
      shell: \"nft 'add table inet shut; add chain inet shut in { type filter hook input priority 0; }; add rule inet shut in tcp dport 2222 ct state new drop'\"
";
    let shut = lab.write("shut.yml", &ground::play(shut)).to_string_lossy().into_owned();
    let after = "{\"harda_login_after\": {\"port\": 2222}}";
    let ran = lab.harda(&["apply", &shut, "-i", &hosts, "-e", after, "--guard-timeout", "12"]).expect(5);
    ran.says("bites");
    run("plan", "2222", &["--detailed-exitcode"]).expect(0);
}

#[test]
fn access_is_proven_and_lost_through_another_host() {
    let lab = Lab::up(&["bookworm", "bookworm"]);
    let jump = format!("admin@{}", lab.address(&lab.hosts[0]));
    let host = &lab.hosts[1];
    let hosts = lab.inventory_of("hosts.yml", host, "admin", &[("harda_proxy_jump", &jump)]);
    let ground = Ground::new(&lab, host);
    let before = ground.state();
    let tasks = "  tasks:
    - name: bites
      shell: \"nft 'add table inet shut; add chain inet shut in { type filter hook input priority 0; }; add rule inet shut in ip saddr JUMP tcp dport 22 ct state new drop'\"
"
    .replace("JUMP", &lab.address(&lab.hosts[0]));
    let book = lab.write("shut.yml", &ground::play(&tasks)).to_string_lossy().into_owned();
    let ran = lab.harda(&["apply", &book, "-i", &hosts, "--guard-timeout", "12"]).expect(5);
    ran.says("bites").says("restored");
    assert_eq!(ground.differs_soon(&before), Vec::<String>::new());

    // From elsewhere it may be shut: harda's way is the one that counts.
    let tasks = tasks.replace("ip saddr", "ip saddr !=");
    let book = lab.write("open.yml", &ground::play(&tasks)).to_string_lossy().into_owned();
    lab.harda(&["apply", &book, "-i", &hosts, "--guard-timeout", "12"]).expect(0).says("proven");
}

#[test]
fn a_host_that_reboots_is_restored_before_it_lets_anybody_in() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-sysvinit"]);
    effect::each(&lab, |host| {
        let ground = Ground::new(&lab, host);
        let before = ground.state();
        let tasks = "  tasks:
    - name: bites
      shell: echo 'AllowUsers nobody' >/etc/ssh/sshd_config.d/00-lockout.conf; nft flush ruleset
    - name: and then
      shell: sleep 300; systemctl reload ssh
";
        let book = lab.write(&format!("{host}.yml"), &ground::play(tasks));
        // Nothing but the reboot can be what restores it.
        let mut harda = ground.start("apply", "admin", &book, &["--guard-timeout", "500"]);
        let seen = ground.wait_for_change("`and then`", true, Duration::from_secs(60));
        ground.end(&mut harda);
        assert!(seen, "the change was not seen");
        // By an orderly reboot and by a power cut.
        if host.ends_with('1') {
            lab.call(&["reboot", host]).expect(0);
        } else {
            lab.call(&["kill", host]).expect(0);
            lab.call(&["start", host]).expect(0);
        }
        let fired = lab.exec(host, "stat -c %.Y /var/lib/harda/guard/fired").expect(0).stdout;
        let by_systemd =
            "date +%s.%6N -d \"$(systemctl show -P ExecMainStartTimestamp --timestamp=us+utc ssh)\"";
        let began =
            format!("if [ -d /run/systemd/system ]; then {by_systemd}; else stat -c %.Y /run/sshd.pid; fi");
        let sshd = lab.exec(host, &began).expect(0).stdout;
        let number = |text: &str| text.trim().parse::<f64>().expect("seconds");
        assert!(number(&fired) < number(&sshd), "restored at {fired}, sshd started at {sshd}");
        ground.enters("admin").expect(0);
        runs(&lab, host).says("restored by the host at").says("the machine was started anew");
        ground.tells_of_it("admin").unwrap_or_else(|wrong| panic!("{host}: {wrong}"));
        assert_eq!(ground.differs_soon(&before), Vec::<String>::new());
    });
}

/// What a host's records of runs say of them.
fn runs(lab: &Lab, host: &str) -> support::Ran {
    lab.harda(&["runs", "-b", "-i", &lab.inventory("admin").to_string_lossy(), "--host", host]).expect(0)
}

#[test]
fn the_guards_own_tries_do_not_get_it_banned() {
    let lab = Lab::up(&["trixie"]);
    let ground = Ground::new(&lab, &lab.hosts[0]);
    lab.exec(
        &lab.hosts[0],
        "echo 'MaxAuthTries 1' >/etc/ssh/sshd_config.d/50-few.conf && systemctl restart ssh",
    )
    .expect(0);
    let before = ground.state();
    let tasks = "  tasks:
    - name: bites
      shell: echo 'AllowUsers nobody' >/etc/ssh/sshd_config.d/00-lockout.conf; systemctl restart ssh
";
    let book = lab.write("nobody.yml", &ground::play(tasks));
    ground.harda("apply", "admin", &book, &["--guard-timeout", "12"]).expect(5).says("bites");
    runs(&lab, &lab.hosts[0]).says("restored by the host at").says("refused the login of `admin`");
    // At once, from the address that was refused before.
    let harmless = lab.write("harmless.yml", ground::HARMLESS);
    ground.harda("plan", "admin", &harmless, &[]).expect(0).says_not("enalt");
    assert_eq!(ground.differs_soon(&before), Vec::<String>::new());
}
