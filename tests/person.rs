//! Hosts that want a code of somebody at each login: it is asked for on the terminal, and before the
//! dead-man's switch is armed somebody is asked to be there.

mod support;
#[path = "support/terminal.rs"]
mod terminal;

use std::collections::BTreeMap;
use support::Lab;
use terminal::{converse, on_terminal};

/// Codes of which each is good for one login.
const CODES: [&str; 6] = ["48151623", "42481516", "23424815", "16234248", "15162342", "31415926"];

const BOOK: &str = "- hosts: all
  tasks:
    - name: sessions end
      copy: {dest: /etc/ssh/sshd_config.d/10-idle.conf, content: \"ClientAliveInterval 77\\n\"}
      notify: takes effect
  handlers:
    - name: takes effect
      service: {name: ssh, state: reloaded}
";

/// After the key, sshd asks for a code; the file of codes loses each that is used.
fn wants_codes(lab: &Lab, host: &str) {
    let file = format!("JBSWY3DPEHPK3PXP\n\" TOTP_AUTH\n{}\n", CODES.join("\n"));
    let script = format!(
        "set -e
apt-get -q install -y --no-install-recommends libpam-google-authenticator >/dev/null 2>&1
printf '%s' '{file}' >/home/admin/.google_authenticator
chown admin: /home/admin/.google_authenticator; chmod 400 /home/admin/.google_authenticator
sed -i 's/^@include common-auth/auth required pam_google_authenticator.so/' /etc/pam.d/sshd
printf '%s\\n' 'KbdInteractiveAuthentication yes' 'AuthenticationMethods publickey,keyboard-interactive' \\
  >/etc/ssh/sshd_config.d/05-codes.conf
systemctl restart ssh"
    );
    lab.exec(host, &script).expect(0);
}

fn is_changed(lab: &Lab, host: &str) -> bool {
    lab.exec(host, "sshd -T | grep -qx 'clientaliveinterval 77' && test ! -e /var/lib/harda/guard/state").code
        == 0
}

fn line(lab: &Lab, verb: &str, more: &str) -> String {
    let book = lab.write("book.yml", BOOK);
    let hosts = lab.inventory("admin");
    format!(
        "cd '{}' && NO_COLOR=1 '{}' {verb} '{}' -i '{}' -b {more}",
        lab.folder.path().display(),
        env!("CARGO_BIN_EXE_harda"),
        book.display(),
        hosts.display()
    )
}

/// Somebody with a list of codes for each host, who answers the last line.
struct Somebody {
    used: BTreeMap<String, usize>,
    /// Each host, and whether it asked to be ready.
    asked: Vec<(String, bool)>,
    ready: &'static str,
}

impl Somebody {
    fn new(ready: &'static str) -> Self {
        Somebody { used: BTreeMap::new(), asked: Vec::new(), ready }
    }

    fn answer(&mut self, said: &str) -> Option<String> {
        let line = said.lines().last()?.trim_start_matches(['\r', '\n']);
        let is_code = line.trim_end().ends_with("Verification code:");
        let is_ready = line.trim_end().ends_with("leaves it as it is:");
        if !is_code && !is_ready {
            return None;
        }
        let host = line.split([' ', ':']).next()?.to_string();
        self.asked.push((host.clone(), is_ready));
        if is_ready {
            return Some(self.ready.to_string());
        }
        let next = self.used.entry(host).or_default();
        *next += 1;
        Some(CODES[*next - 1].to_string())
    }
}

#[test]
fn somebody_is_asked_host_by_host_before_the_switch_is_armed() {
    let lab = Lab::up(&["trixie", "bookworm"]);
    lab.hosts.iter().for_each(|host| wants_codes(&lab, host));

    // Nobody there: told at the login.
    let hosts = lab.inventory("admin").to_string_lossy().into_owned();
    let book = lab.write("book.yml", BOOK).to_string_lossy().into_owned();
    let ran = alone(&lab, &["apply", &book, "-i", &hosts, "-b"]).expect(4);
    ran.says("it asks `Verification code:`, and nobody is here to answer");

    // Somebody who is not ready: nothing is armed, nothing changed.
    let mut busy = Somebody::new("n");
    let one = format!("-l {}", lab.hosts[0]);
    let (code, said) = converse(&mut on_terminal(&line(&lab, "apply", &one)), &mut |said| busy.answer(said));
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("you were not ready for the login that proves access"), "{said}");
    assert!(!is_changed(&lab, &lab.hosts[0]), "{said}");
    // The codes that this took are used up.
    lab.hosts.iter().for_each(|host| wants_codes(&lab, host));

    let mut somebody = Somebody::new("");
    let (code, said) =
        converse(&mut on_terminal(&line(&lab, "apply", "")), &mut |said| somebody.answer(said));
    assert_eq!(code, 0, "{said}");
    for host in &lab.hosts {
        assert!(is_changed(&lab, host), "{said}");
        assert!(said.contains(&format!("proven on {host}")) || said.contains("proven on 2 hosts"), "{said}");
    }
    assert!(said.contains("s left before it takes back what was changed): Verification code:"), "{said}");
    // Once a host has somebody's attention, no other asks before it is proven.
    let last: Vec<&(String, bool)> = somebody.asked.iter().skip_while(|(_, ready)| !ready).collect();
    assert_eq!(last.len(), 4, "{:?}\n{said}", somebody.asked);
    assert!(last.chunks(2).all(|pair| pair[0].1 && !pair[1].1 && pair[0].0 == pair[1].0), "{last:?}");
    assert!(CODES.iter().all(|code| !said.contains(code)), "codes are shown:\n{said}");
}

/// A key file as of a security token, which this machine hasn't.
fn token(lab: &Lab) -> String {
    use ssh_key::{LineEnding, PrivateKey, private, public};
    let public = public::SkEd25519::from(public::Ed25519PublicKey([7; 32]));
    let key = private::SkEd25519::new(public, 1, vec![1; 64]).expect("a key");
    let key = PrivateKey::new(private::KeypairData::SkEd25519(key), "token").expect("a key");
    let path = lab.write("token", &key.to_openssh(LineEnding::LF).expect("written"));
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
    path.to_string_lossy().into_owned()
}

#[test]
fn a_touch_needs_somebody_too() {
    let lab = Lab::up(&["trixie"]);
    let host = &lab.hosts[0];
    let hosts =
        lab.inventory_of("token.yml", host, "admin", &[("ansible_ssh_private_key_file", &token(&lab))]);
    let book = lab.write("book.yml", BOOK).to_string_lossy().into_owned();
    // An agent stands in for the token, so that the login works.
    let harda = env!("CARGO_BIN_EXE_harda");
    let script = format!("ssh-add -q '{}' && exec '{harda}' \"$@\"", lab.env("HARDA_LAB_KEY"));
    let run = |more: &[&str]| {
        let words = ["ssh-agent", "sh", "-c", &script, "harda", "apply", &book, "-i", &hosts];
        without_terminal(&lab, &[&words[..], &["-c", "openssh"], more].concat())
    };
    let ran = run(&[]).expect(2);
    ran.says("wants `a touch of the security token`, and nobody is here for it").says("`--no-guard`");
    assert!(!is_changed(&lab, host), "{}", ran.all());
    run(&["--no-guard"]).expect(0);
    assert!(is_changed(&lab, host));
}

fn alone(lab: &Lab, arguments: &[&str]) -> support::Ran {
    without_terminal(lab, &[&[env!("CARGO_BIN_EXE_harda")], arguments].concat())
}

fn without_terminal(lab: &Lab, words: &[&str]) -> support::Ran {
    let output = std::process::Command::new("setsid")
        .arg("-w")
        .args(words)
        .current_dir(lab.folder.path())
        .env("NO_COLOR", "1")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("setsid starts");
    support::Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
