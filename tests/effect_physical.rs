//! What playbooks/physical.yml, admin-workstation.yml and mounts.yml do and find, as far as a container shows it.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
mod support;

use effect::{Playbook, each, put, run, ssh_by_key};
use mutation::Mutant;
use support::Lab;

#[test]
fn the_console_starts_nothing_and_logs_nobody_in() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-bare", "trixie-bare"]);
    let playbook = || {
        Playbook::new(&lab, "physical.yml").with(
            r#"{"backup_encryption": [{"file": "/srv/backup.yaml", "line": "^encryption_passcommand:", "purpose": "borg"}]}"#,
        )
    };
    each(&lab, |host| put(&lab, host, "/srv/backup.yaml", "encryption_passcommand: cat /root/pass\n"));
    playbook().apply(&lab.hosts);
    playbook().complies(&lab.hosts);
    playbook().has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        // What Ctrl-Alt-Del makes process 1 do.
        lab.exec(host, "! systemctl start ctrl-alt-del.target").expect(0);
        lab.exec(host, "test \"$(systemctl show -p CtrlAltDelBurstAction --value)\" = none").expect(0);
        // It is another name of reboot.target: the host still reboots.
        lab.exec(host, "test \"$(systemctl show -p LoadState --value reboot.target)\" = loaded").expect(0);
    });
    for (breaks, says, mends) in [
        (
            "mkdir -p /etc/systemd/system/getty@tty1.service.d && printf '[Service]\\nExecStart=\\nExecStart=-/sbin/agetty -a root %%I\\n' >/etc/systemd/system/getty@tty1.service.d/a.conf",
            "logged in: /etc/systemd/system/getty@tty1.service.d/a.conf",
            "rm -r /etc/systemd/system/getty@tty1.service.d",
        ),
        (
            "mkdir -p /etc/gdm3 && printf '[daemon]\\nAutomaticLoginEnable = true\\n' >/etc/gdm3/daemon.conf",
            "/etc/gdm3/daemon.conf",
            "rm -r /etc/gdm3",
        ),
        (
            "mkdir -p /etc/lightdm && printf '[Seat:*]\\nautologin-user=alice\\n' >/etc/lightdm/lightdm.conf",
            "/etc/lightdm/lightdm.conf",
            "rm -r /etc/lightdm",
        ),
        ("echo none >/srv/backup.yaml", "/srv/backup.yaml does not say ^encryption_passcommand:", "true"),
    ] {
        each(&lab, |host| drop(lab.exec(host, breaks).expect(0)));
        playbook().run("audit", &lab.hosts, &[]).expect(3).says(says);
        each(&lab, |host| drop(lab.exec(host, mends).expect(0)));
    }
    let kind = |kinds: &str| playbook().with(format!(r#"{{"hardware_kinds": [{kinds}]}}"#));
    kind(r#""NA", "kvm""#)
        .run("audit", &lab.hosts, &[])
        .expect(3)
        .says("of the kind systemd-nspawn, which is not in");
    kind(r#""systemd-nspawn""#).run("plan", &lab.hosts, &[]).expect(0).says_not("of the kind");
}

/// The hosts are taken for machines; the disks are the kernel's that they share, none of them encrypted.
#[test]
fn disks_in_the_clear_are_named_and_grub_is_locked_without_showing_its_password() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let hash = format!("grub.pbkdf2.sha512.10000.{}.{}", "AB".repeat(64), "CD".repeat(64));
    let machine = || Playbook::new(&lab, "physical.yml").with("ansible_virtualization_type=kvm");
    let disks = machine().with("disk_encryption=here");
    each(&lab, |host| drop(lab.exec(host, "apt-get install -y util-linux grub-common").expect(0)));
    each(&lab, |host| {
        // `findmnt` and `lsblk` as on a machine with one disk in the clear and one encrypted.
        put(
            &lab,
            host,
            "/usr/local/bin/findmnt",
            "#!/bin/sh\nprintf '/ /dev/mapper/root\\n/srv /dev/vdb1\\n/boot /dev/vda1\\n'\n",
        );
        put(
            &lab,
            host,
            "/usr/local/bin/lsblk",
            "#!/bin/sh\ncase $* in *mapper/root) printf 'crypt\\npart\\ndisk\\n';; *) printf 'part\\ndisk\\n';; esac\n",
        );
        lab.exec(host, "chmod 755 /usr/local/bin/findmnt /usr/local/bin/lsblk").expect(0);
    });
    disks.run("audit", &lab.hosts, &[]).expect(3).says("in the clear: /srv of /dev/vdb1 (");
    // Disks that nobody could list are not encrypted ones.
    for tool in ["findmnt", "swapon"] {
        let path = format!("/usr/local/bin/{tool}");
        each(&lab, |host| {
            lab.exec(host, &format!("[ ! -e {path} ] || mv {path} /root")).expect(0);
            put(&lab, host, &path, "#!/bin/sh\nexit 1\n");
            lab.exec(host, &format!("chmod 755 {path}")).expect(0);
        });
        disks.run("audit", &lab.hosts, &[]).expect(3).says("disks-encrypted    error");
        each(&lab, |host| {
            lab.exec(host, &format!("rm {path}; [ ! -e /root/{tool} ] || mv /root/{tool} {path}")).expect(0);
        });
    }

    let locked = machine().with("boot_lock=grub").with(format!("boot_password_hash={hash}"));
    let found = locked.run("plan", &lab.hosts, &[]);
    assert_ne!(found.code, 0);
    found.says("another loader starts this host");
    // Its menu is made by Debian's own scripts; a container has no kernel to list, nor a disk to find.
    each(&lab, |host| {
        put(
            &lab,
            host,
            "/usr/sbin/update-grub",
            "#!/bin/sh\nset -e\n{ echo 'menuentry_id_option=\"--id\"'; sh /etc/grub.d/09_harda\necho \"menuentry 'Debian' --class os \\$menuentry_id_option 'simple' { true; }\"; } >/boot/grub/grub.cfg\n",
        );
        lab.exec(
            host,
            "chmod 755 /usr/sbin/update-grub; mkdir -p /boot/grub; echo '# menu' >/boot/grub/grub.cfg",
        )
        .expect(0);
    });
    let told = locked.run("plan", &lab.hosts, &[]).expect(0).all() + &locked.apply(&lab.hosts).all();
    assert!(!told.contains("CDCD"), "the hash is shown:\n{told}");
    locked.has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "grub-script-check /boot/grub/grub.cfg").expect(0);
        lab.exec(host, "! runuser -u alice -- cat /etc/grub.d/09_harda").expect(0);
        lab.exec(host, "sed -i /superusers/d /boot/grub/grub.cfg").expect(0);
    });
    locked.apply(&lab.hosts);
    each(&lab, |host| {
        drop(lab.exec(host, "grep -qF 'set superusers=\"boot\"' /boot/grub/grub.cfg").expect(0))
    });
    let site = ["ansible_virtualization_type=kvm", "boot_lock=grub", &format!("boot_password_hash={hash}")];
    Mutant::new(&lab, &lab.hosts, &site).is_found_and_put_right(&["boot-locked"]);
}

#[test]
fn a_workstation_locks_its_screen_and_other_hosts_are_left_alone() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let servers = Playbook::new(&lab, "admin-workstation.yml");
    servers.has_nothing_to_do(&lab.hosts);
    let inventory = std::fs::read_to_string(lab.inventory("admin")).expect("the inventory");
    let grouped = inventory.replacen("lab:\n", "admin_workstations:\n", 1);
    lab.write("inventory-admin.yml", &grouped);
    let apply = |verb: &str, more: &[&str]| {
        let file = support::playbook("admin-workstation.yml");
        let path = lab.folder.path().join("inventory-admin.yml").to_string_lossy().into_owned();
        let arguments = [&[verb, &file, "-i", &path], more].concat();
        lab.harda(&arguments)
    };
    apply("apply", &[]).expect(0);
    apply("plan", &["--detailed-exitcode"]).expect(0);
    each(&lab, |host| {
        let read = |key: &str| {
            let line = format!("XDG_CONFIG_HOME=/tmp/c-$(id -u) dconf read {key}");
            run(ssh_by_key(&lab, &format!("alice@{host}"), &[]).arg(line)).expect(0).stdout.trim().to_string()
        };
        assert_eq!(read("/org/gnome/desktop/session/idle-delay"), "uint32 600");
        assert_eq!(read("/org/gnome/desktop/screensaver/lock-enabled"), "true");
        // A person can't change it back.
        let write =
            "XDG_CONFIG_HOME=/tmp/c-$(id -u) dconf write /org/gnome/desktop/screensaver/lock-enabled false";
        let said = run(ssh_by_key(&lab, &format!("alice@{host}"), &[]).arg(write));
        assert!(said.code != 0 && said.all().contains("non-writable"), "{}", said.all());
    });
    // The inventory is the one with the group.
    let path = lab.folder.path().join("inventory-admin.yml").to_string_lossy().into_owned();
    Mutant::of(&lab, &lab.hosts, &path, &[]).is_found_and_put_right(&["screen-lock"]);
}

#[test]
fn nothing_in_tmp_has_anothers_rights_and_packages_still_install() {
    let lab = Lab::up(&["bookworm", "trixie", "bookworm-bare", "trixie-bare"]);
    let playbook = || Playbook::new(&lab, "mounts.yml");
    each(&lab, |host| {
        lab.exec(host, "mountpoint /tmp && mount -o remount,suid,dev,exec /tmp && mount -o remount,suid,dev,exec /dev/shm").expect(0);
        assert_eq!(rooted(&lab, host, "/tmp"), "0");
    });
    playbook().apply(&lab.hosts);
    playbook().has_nothing_to_do(&lab.hosts);
    playbook().complies(&lab.hosts);
    each(&lab, |host| {
        for folder in ["/tmp", "/dev/shm"] {
            assert_ne!(rooted(&lab, host, folder), "0", "{host} {folder}");
        }
        lab.exec(host, "cp /bin/true /tmp/runs && /tmp/runs").expect(0);
    });
    let strict = || playbook().with("harda_profile=strict");
    strict().apply(&lab.hosts);
    strict().has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        assert_ne!(lab.exec(host, "/tmp/runs").code, 0);
        // A package that asks before it is unpacked.
        lab.exec(
            host,
            "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y apt-utils debconf",
        )
        .expect(0);
        let installed =
            lab.exec(host, "DEBIAN_FRONTEND=noninteractive apt-get install -y unattended-upgrades").expect(0);
        installed.says_not("Permission denied").says_not("Can't exec");
        lab.call(&["reboot", host]).expect(0);
        lab.exec(host, "cp /bin/true /tmp/runs && ! /tmp/runs").expect(0);
        assert_eq!(lab.exec(host, "systemctl --failed --no-legend").stdout, "");
    });
    strict().has_nothing_to_do(&lab.hosts);
}

/// Who a program of root's with the set-user-ID bit is, started by alice from there.
fn rooted(lab: &Lab, host: &str, folder: &str) -> String {
    let line =
        format!("install -m 4755 /usr/bin/id {folder}/rooted && runuser -u alice -- {folder}/rooted -u");
    lab.exec(host, &line).stdout.trim().to_string()
}
