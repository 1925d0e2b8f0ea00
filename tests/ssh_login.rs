//! Logging in to the lab's hosts, as the command line has it. What the transport does by itself is
//! tried in `transport_*.rs`.

mod support;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use support::{Lab, Ran};

static LAB: LazyLock<Lab> = LazyLock::new(|| Lab::up(&["bookworm", "trixie", "bookworm-busybox"]));

const WHO: &str = "- hosts: all
  gather_facts: true
  tasks:
    - command: id -un
      check_mode: false
      changed_when: false
      register: who
    - debug: {msg: \"it is {{ who.stdout }} by {{ ansible_facts.distribution }}\"}
";

/// Plans a play that says who it is on a host, with these variables for it.
fn who(name: &str, host: usize, user: &str, vars: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let book = LAB.write("who.yml", WHO).to_string_lossy().into_owned();
    let hosts = LAB.inventory_of(&format!("{name}.yml"), &LAB.hosts[host], user, vars);
    LAB.harda(&[&["plan", &book, "-i", &hosts], arguments].concat())
}

fn secret(name: &str, text: &str) -> String {
    LAB.write(name, &format!("{text}\n")).to_string_lossy().into_owned()
}

/// Runs harda on a terminal, and answers its question.
fn on_terminal(arguments: &[&str], question: &str, answer: &str) -> String {
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_harda"), words.join(" "));
    let mut child = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .env("NO_COLOR", "1")
        .env("TERM", "dumb")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let (mut seen, mut buffer, mut answered) = (String::new(), [0; 4096], false);
    while let Ok(count @ 1..) = stdout.read(&mut buffer) {
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if !answered && seen.contains(question) {
            // The terminal is still being told not to echo.
            std::thread::sleep(Duration::from_millis(300));
            stdin.write_all(format!("{answer}\n").as_bytes()).expect("written");
            answered = true;
        }
    }
    child.wait().expect("script ends");
    assert!(answered, "no `{question}` in:\n{seen}");
    assert!(!seen.contains(answer), "the answer is shown:\n{seen}");
    seen
}

#[test]
fn each_way_in_leads_to_root_on_every_kind_of_host() {
    let operator = secret("operator", "operator-password");
    let root = secret("root", "root-password");
    let no_key = [("ansible_ssh_private_key_file", "")];
    for host in 0..LAB.hosts.len() {
        let root_by_key = who(&format!("root{host}"), host, "root", &[], &[]).expect(0);
        root_by_key.says("it is root by Debian");
        who(&format!("admin{host}"), host, "admin", &[], &[]).expect(0).says("it is root by Debian");
        let by_password = ["--connection-password-file", &operator, "--become-password-file", &operator];
        who(&format!("operator{host}"), host, "operator", &no_key, &by_password)
            .expect(0)
            .says("it is root by Debian")
            .says_not("operator-password");
        let by_su = ["-b", "--become-method", "su", "--become-password-file", &root];
        who(&format!("alice{host}"), host, "alice", &[], &by_su).expect(0).says("it is root by Debian");
        let without = [("ansible_become", "false")];
        who(&format!("without{host}"), host, "alice", &without, &[]).expect(0).says("it is alice by Debian");
    }
}

#[test]
fn passphrases_and_passwords_are_asked_for_on_the_terminal() {
    let locked = LAB.env("HARDA_LAB_KEY_WITH_PASSPHRASE");
    let book = LAB.write("who.yml", WHO).to_string_lossy().into_owned();
    let vars = [("ansible_ssh_private_key_file", locked.as_str())];
    let hosts = LAB.inventory_of("locked.yml", &LAB.hosts[0], "admin", &vars);
    let seen = on_terminal(&["plan", &book, "-i", &hosts], "passphrase for", "lab-passphrase");
    assert!(seen.contains("it is root by Debian"), "{seen}");

    let hosts = LAB.inventory_of("asked.yml", &LAB.hosts[0], "operator", &[]);
    let asked = ["plan", &book, "-i", &hosts, "-K"];
    let seen = on_terminal(&asked, "become password:", "operator-password");
    assert!(seen.contains("it is root by Debian"), "{seen}");

    let ran = LAB.harda(&["plan", &book, "-i", &hosts, "-K"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    ran.says("--become-password-file");
}

#[test]
fn an_unknown_host_is_refused_and_can_be_accepted_once() {
    let known = LAB.folder.path().join("first-contact").to_string_lossy().into_owned();
    let vars = [("harda_known_hosts_file", known.as_str())];
    let run = |arguments: &[&str]| who("unknown", 0, "admin", &vars, arguments);
    run(&[]).expect(4).says("is not known: ").says("SHA256:").says("--accept-new-host-keys");
    run(&["--accept-new-host-keys"]).expect(0).says("SHA256:").says("it is root");
    run(&[]).expect(0).says_not("SHA256:");
}

#[test]
fn a_changed_or_revoked_key_is_always_refused_with_its_line() {
    let ours = std::fs::read_to_string(LAB.env("HARDA_LAB_KNOWN_HOSTS")).expect("known hosts");
    let (first, second) = (LAB.address(&LAB.hosts[0]), LAB.address(&LAB.hosts[1]));
    let of = |address: &str| -> String {
        ours.lines()
            .filter(|l| l.contains(address) && l.contains("ed25519"))
            .map(|l| format!("{l}\n"))
            .collect()
    };
    let key = of(&second).split(' ').skip(1).collect::<Vec<_>>().join(" ");
    let changed = LAB.write("changed", &format!("# a comment\n{first} {key}"));
    let mine = of(&first).split(' ').skip(1).collect::<Vec<_>>().join(" ");
    let revoked = LAB.write("revoked", &format!("@revoked * {mine}{first} {mine}"));
    for (file, place, word) in [(changed, "changed:2", "changed"), (revoked, "revoked:1", "revoked")] {
        let vars = [("harda_known_hosts_file", file.to_str().expect("UTF-8"))];
        for arguments in [&[][..], &["--accept-new-host-keys"]] {
            let ran = who(word, 0, "admin", &vars, arguments).expect(4);
            ran.says(place).says(word);
        }
    }
}

#[test]
fn the_systems_ssh_and_this_machine() {
    who("openssh", 1, "admin", &[], &["-c", "openssh"]).expect(0).says("it is root by Debian");
    let here =
        LAB.harda(&["plan", &LAB.write("who.yml", WHO).to_string_lossy(), "-i", "localhost,", "-c", "local"]);
    here.expect(0).says("it is root");
}

#[test]
fn another_host_leads_there() {
    let jump = format!("admin@{}", LAB.address(&LAB.hosts[0]));
    let ran = who("jump", 1, "admin", &[("harda_proxy_jump", &jump)], &[]).expect(0);
    ran.says("it is root by Debian");
    let seen = LAB.exec(&LAB.hosts[1], "journalctl -q -o cat | grep 'Accepted.*for admin'").stdout;
    assert!(seen.contains(&format!("from {}", LAB.address(&LAB.hosts[0]))), "{seen}");
}

#[test]
fn any_login_shell_and_any_noise_will_do() {
    let host = &LAB.hosts[2];
    let made = "for user in noisy bare quiet; do useradd -m -s /bin/bash $user && \
                cp -r ~admin/.ssh /home/$user/ && chown -R $user /home/$user; done";
    LAB.exec(host, made).expect(0);
    let shells = "ln -s /bin/busybox /usr/local/bin/sh && echo /usr/local/bin/sh >>/etc/shells && \
                  usermod -s /usr/local/bin/sh bare && usermod -s /bin/dash quiet";
    LAB.exec(host, shells).expect(0);
    let noise = "echo 'echo welcome; echo warning >&2; yes noise | head -n 2000' >/home/noisy/.bashrc && \
                 echo 'a banner' >/etc/motd && echo 'Banner /etc/motd' >/etc/ssh/sshd_config.d/x.conf && \
                 systemctl reload ssh";
    LAB.exec(host, noise).expect(0);
    let vars = [("ansible_become", "false")];
    for user in ["noisy", "bare", "quiet"] {
        let ran = who(user, 2, user, &vars, &[]).expect(0);
        ran.says(&format!("it is {user} by Debian")).says_not("noise");
    }
}

/// Applies a copy of a file of this size, and gives the most memory that harda took, in MiB.
fn copied(name: &str, size: u64) -> u64 {
    let host = &LAB.hosts[1];
    let file = std::fs::File::create(LAB.folder.path().join(name)).expect("made");
    file.set_len(size).expect("grown");
    let text = format!("- hosts: all\n  tasks:\n    - copy: {{src: {name}, dest: /srv/{name}}}\n");
    let book = LAB.write(&format!("{name}.yml"), &text);
    let hosts = LAB.inventory_of(&format!("{name}-hosts.yml"), host, "admin", &[]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_harda"))
        .arg("apply")
        .arg(&book)
        .args(["-i", &hosts])
        .env_remove("SSH_AUTH_SOCK")
        .stdout(Stdio::null())
        .spawn()
        .expect("harda starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("it can be asked").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(kib.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(child.wait().expect("ended").success());
    let seen = LAB.exec(host, &format!("stat -c %s /srv/{name}; rm /srv/{name}")).stdout;
    assert_eq!(seen.trim(), size.to_string());
    most
}

#[test]
fn large_files_go_through_rekeying_in_bounded_memory() {
    let limit = "echo 'RekeyLimit 16M' >/etc/ssh/sshd_config.d/rekey.conf && systemctl reload ssh";
    LAB.exec(&LAB.hosts[1], limit).expect(0);
    copied("middle", 64 << 20);
    let begun = Instant::now();
    let most = copied("large", 1 << 30);
    assert!(most > 0 && most < 150, "{most} MiB");
    eprintln!("1 GiB in {:.0} s, {most} MiB", begun.elapsed().as_secs_f64());
}
