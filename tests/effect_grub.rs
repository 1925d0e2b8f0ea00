//! What the lock of playbooks/physical.yml does, in a GRUB that QEMU starts: entries start without a question, changing
//! one asks for a name and a password.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, files, put, run};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::Lab;

/// As Debian's 00_header and 10_linux say it: entries take what `menuentry_id_option` holds. A container has no disk that
/// Debian's own update-grub could find.
const UPDATE_GRUB: &str = r#"#!/bin/sh
set -e
{ cat <<'EOF'
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=14
set default=0
if [ x"${feature_menuentry_id}" = xy ]; then menuentry_id_option="--id"; else menuentry_id_option=""; fi
export menuentry_id_option
EOF
[ ! -e /etc/grub.d/09_harda ] || sh /etc/grub.d/09_harda
cat <<'EOF'
menuentry 'Debian' --class gnu-linux --class gnu --class os $menuentry_id_option 'gnulinux-simple' {
  echo STARTED-FIRST; sleep 2; halt
}
submenu 'Advanced' $menuentry_id_option 'gnulinux-advanced' {
  menuentry 'Older' --class gnu-linux $menuentry_id_option 'gnulinux-older' {
    echo STARTED-OLDER; sleep 2; halt
  }
}
EOF
} >/boot/grub/grub.cfg
"#;

/// What this machine needs to make a disk with GRUB on it and start that.
fn tools() {
    let there = Command::new("sh")
        .args([
            "-c",
            "command -v grub-mkrescue xorriso mformat qemu-system-x86_64 && test -d /usr/lib/grub/i386-pc",
        ])
        .output();
    if there.is_ok_and(|out| out.status.success()) {
        return;
    }
    let packages = ["grub-pc-bin", "grub-common", "xorriso", "mtools", "qemu-system-x86"];
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "install", "-y", "--no-install-recommends"]);
    run(apt.args(packages)).expect(0);
}

/// Ends with the test, however that ends.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What GRUB shows with this menu while these keys are typed, each some seconds after the last.
fn typed(menu: &Path, keys: &[(u64, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("iso/boot/grub");
    std::fs::create_dir_all(&at).expect("made");
    std::fs::copy(menu, at.join("grub.cfg")).expect("copied");
    let image = folder.path().join("grub.iso");
    run(Command::new("grub-mkrescue").arg("-o").arg(&image).arg(folder.path().join("iso"))).expect(0);
    let mut machine = Command::new("qemu-system-x86_64");
    machine.args([
        "-accel",
        "tcg",
        "-m",
        "256",
        "-nographic",
        "-no-reboot",
        "-serial",
        "stdio",
        "-monitor",
        "none",
    ]);
    machine.args(["-net", "none", "-cdrom"]).arg(&image);
    machine.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut started = Machine(machine.spawn().expect("QEMU"));
    let shown = Arc::new(Mutex::new(String::new()));
    let (mut output, into) = (started.0.stdout.take().expect("its output"), Arc::clone(&shown));
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut some) {
            into.lock().expect("whole").push_str(&String::from_utf8_lossy(&some[..count]));
        }
    });
    let text = || shown.lock().expect("whole").clone();
    let waits = |what: &str| effect::soon(what, || text().contains(what));
    waits("Debian");
    let mut input = started.0.stdin.take().expect("its input");
    for (seconds, key) in keys {
        std::thread::sleep(Duration::from_secs(*seconds));
        input.write_all(key.as_bytes()).expect("typed");
    }
    if keys.is_empty() {
        waits("STARTED-FIRST");
    } else {
        std::thread::sleep(Duration::from_secs(5));
    }
    text()
}

#[test]
#[ignore = "starts GRUB in an emulated machine; see `make test-vm`"]
fn entries_start_unasked_and_changing_one_asks() {
    tools();
    let lab = Lab::up(&["trixie"]);
    let host = &lab.hosts[0];
    lab.exec(host, "apt-get install -y grub-common && mkdir -p /boot/grub").expect(0);
    put(&lab, host, "/usr/sbin/update-grub", UPDATE_GRUB);
    lab.exec(host, "chmod 755 /usr/sbin/update-grub; update-grub").expect(0);
    let menu = files(&lab, host).join("boot/grub/grub.cfg");
    let edit = [(1, "e"), (3, "boot\r"), (1, "guess\r")];
    let open = typed(&menu, &edit[..1]);
    assert!(open.contains("setparams") && !open.contains("Enter username"), "{open}");

    let made = lab.exec(host, "printf 'secret\\nsecret\\n' | grub-mkpasswd-pbkdf2 -c 1000").expect(0).stdout;
    let hash = made.split_whitespace().find(|word| word.starts_with("grub.pbkdf2")).expect("a hash");
    let playbook = Playbook::new(&lab, "physical.yml")
        .with("ansible_virtualization_type=kvm")
        .with("boot_lock=grub")
        .with(format!("boot_password_hash={hash}"));
    playbook.apply(&lab.hosts).says_not(hash);
    playbook.has_nothing_to_do(&lab.hosts);

    let unattended = typed(&menu, &[]);
    assert!(unattended.contains("STARTED-FIRST") && !unattended.contains("Enter username"), "{unattended}");
    let older = typed(&menu, &[(1, "\x1b[B"), (1, "\r"), (2, "\r")]);
    assert!(older.contains("STARTED-OLDER"), "{older}");
    let guessed = typed(&menu, &edit);
    assert!(guessed.contains("Enter username") && !guessed.contains("setparams"), "{guessed}");
    let known = typed(&menu, &[edit[0], edit[1], (1, "secret\r")]);
    assert!(known.contains("Enter username") && known.contains("setparams"), "{known}");
}
