//! What playbooks/usb-storage.yml does, by what modprobe would do. The lab's hosts have no modules for their kernel:
//! here they get two of the test's own, which name each other as the real ones do.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, files, put, run};
use std::process::Command;
use support::Lab;

/// `uas` needs a symbol of `usb-storage`; a stick's modalias names both.
const USB_STORAGE: &str = r#"
    .section __ksymtab_strings,"a"
    .asciz "usb_stor_adjust_quirks"
    .section .modinfo,"a"
    .asciz "name=usb_storage"
    .asciz "alias=usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*"
"#;
const UAS: &str = r#"
    .data
    .quad usb_stor_adjust_quirks
    .section .modinfo,"a"
    .asciz "name=uas"
    .asciz "depends=usb-storage"
    .asciz "alias=usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*"
"#;

const STICK: &str = "usb:v0781p5567d0100dc00dsc00dp00ic08isc06ip50in00";

/// Modules that can be looked up; nothing could load them.
fn give_modules(lab: &Lab, host: &str) {
    let release = lab.exec(host, "uname -r").expect(0).stdout;
    let folder = format!("lib/modules/{}/kernel/drivers/usb/storage", release.trim());
    let folder = files(lab, host).join("usr").join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, source) in [("usb-storage", USB_STORAGE), ("uas", UAS)] {
        let source = lab.write(&format!("{name}.s"), source);
        run(Command::new("as").arg(source).arg("-o").arg(folder.join(format!("{name}.ko")))).expect(0);
    }
    lab.exec(host, "depmod").expect(0);
}

/// What modprobe would do.
fn modprobe(lab: &Lab, host: &str, name: &str) -> String {
    lab.exec(host, &format!("modprobe -n -v '{name}' 2>&1")).stdout
}

fn would_load(what: &str, module: &str) -> bool {
    what.lines().any(|line| line.starts_with("insmod ") && line.contains(&format!("/{module}.ko")))
}

#[test]
fn usb_storage_can_be_loaded_before_and_not_after() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "usb-storage.yml");
    for host in &lab.hosts {
        give_modules(&lab, host);
        let uas = modprobe(&lab, host, "uas");
        assert!(would_load(&uas, "usb-storage") && would_load(&uas, "uas"), "{uas}");
        assert!(would_load(&modprobe(&lab, host, STICK), "usb-storage"));

        // A list of what not to load doesn't keep uas from loading it.
        put(&lab, host, "/etc/modprobe.d/blacklist-usb.conf", "blacklist usb-storage\n");
        assert!(would_load(&modprobe(&lab, host, STICK), "usb-storage"));
        put(&lab, host, "/usr/sbin/update-initramfs", "#!/bin/sh\necho \"$@\" >>/var/log/initramfs\n");
        lab.exec(host, "chmod 755 /usr/sbin/update-initramfs").expect(0);
    }
    let plan = playbook.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(3);
    plan.says("kernel module usb-storage  blocked no -> yes").says("kernel module uas  blocked no -> yes");

    playbook.apply(&lab.hosts);
    for host in &lab.hosts {
        for name in ["usb-storage", "usb_storage", "uas", STICK] {
            let would = modprobe(&lab, host, name);
            assert!(!would_load(&would, "usb-storage"), "{name}: {would}");
        }
        assert!(modprobe(&lab, host, "usb-storage").contains("install /bin/false"));
        assert!(modprobe(&lab, host, "uas").contains("install /bin/false"));
        assert_ne!(lab.exec(host, "modprobe usb-storage").code, 0);
        lab.exec(host, "cat /var/log/initramfs").expect(0).says("-u");
    }
    playbook.has_nothing_to_do(&lab.hosts);
}

#[test]
fn a_module_that_is_not_on_the_host_is_said_and_blocked_all_the_same() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "usb-storage.yml");
    playbook.apply(&lab.hosts).says("`usb-storage` is not on this host, which has no modules for its kernel");
    // It comes later, with a kernel.
    for host in &lab.hosts {
        give_modules(&lab, host);
        let would = modprobe(&lab, host, "usb-storage");
        assert!(would.contains("install /bin/false") && !would_load(&would, "usb-storage"), "{would}");
    }
    playbook.has_nothing_to_do(&lab.hosts);
}

#[test]
fn another_file_that_lets_it_load_is_found() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    for host in &lab.hosts {
        give_modules(&lab, host);
        put(&lab, host, "/etc/modprobe.d/a.conf", "install usb-storage /sbin/modprobe -i usb-storage\n");
    }
    let plan = Playbook::new(&lab, "usb-storage.yml").run("plan", &lab.hosts, &[]).expect(2);
    plan.says("install usb-storage /sbin/modprobe -i usb-storage");
}
