//! Disks that take nothing: the reason is the host's own words, and nothing is left of the try.

use crate::support::Ran;
use crate::{LAB, book, inventory, leftovers};
use std::sync::{Mutex, PoisonError};

/// The hosts for disks are one test's at a time: what is mounted there is everybody's.
static ALONE: Mutex<()> = Mutex::new(());

/// Applies one task on each of the two hosts for disks, with these commands before and after.
fn each(name: &str, before: &str, task: &str, after: &str, check: impl Fn(&str, &Ran)) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for host in &LAB.hosts[2..] {
        LAB.exec(host, before).expect(0);
        let book =
            book(&format!("{name}.yml"), &format!("- hosts: all\n  tasks:\n    - name: it\n      {task}\n"));
        let hosts = inventory(&format!("{name}-{host}.yml"), host, "admin", &[]);
        let ran = LAB.harda(&["apply", &book, "-i", &hosts]).expect(2);
        check(host, &ran);
        LAB.exec(host, after).expect(0);
    }
}

#[test]
fn a_full_disk() {
    std::fs::write(LAB.folder.path().join("big"), vec![b'x'; 300_000]).expect("written");
    each(
        "full",
        "mkdir -p /srv/full && mount -t tmpfs -o size=64k tmpfs /srv/full && echo old >/srv/full/file",
        "copy: {src: big, dest: /srv/full/file}",
        "umount /srv/full",
        |host, ran| {
            ran.says("file /srv/full/file was not changed").says("/srv/full has").says("KiB free");
            assert_eq!(LAB.exec(host, "ls -A /srv/full; cat /srv/full/file").stdout, "file\nold\n");
        },
    );
}

#[test]
fn a_disk_that_is_full_when_the_switch_is_armed() {
    let guard = "/var/lib/harda/guard";
    each(
        "unarmed",
        &format!("mkdir -p {guard} && mount -t tmpfs -o size=4k,mode=700 tmpfs {guard}"),
        "copy: {content: \"ClientAliveInterval 77\\n\", dest: /etc/ssh/sshd_config.d/77.conf}",
        &format!("umount {guard}"),
        |host, ran| {
            ran.says("the dead-man's switch could not be armed, so nothing was changed")
                .says("No space left");
            assert_eq!(
                LAB.exec(host, &format!("ls -A {guard} /etc/ssh/sshd_config.d | grep -e new -e 77")).stdout,
                ""
            );
        },
    );
}

#[test]
fn a_disk_that_has_no_room_for_what_the_switch_will_keep() {
    each(
        "unkept",
        "mkdir -p /var/lib/harda && mount -t tmpfs -o size=3m,mode=700 tmpfs /var/lib/harda && echo before >/etc/motd",
        "copy: {content: after, dest: /etc/motd}
    - name: then
      copy: {content: \"ClientAliveInterval 77\\n\", dest: /etc/ssh/sshd_config.d/77.conf}",
        "umount /var/lib/harda",
        |host, ran| {
            ran.says("file /etc/motd was not changed").says("/var/lib/harda has").says("KiB free");
            LAB.exec(host, "grep -qx before /etc/motd && test ! -e /etc/ssh/sshd_config.d/77.conf").expect(0);
        },
    );
}

#[test]
fn a_read_only_etc() {
    let mount = "mount --bind /etc /etc && mount -o remount,bind,ro /etc";
    each("readonly", mount, "copy: {content: x, dest: /etc/motd}", "umount -l /etc", |host, ran| {
        ran.says("file /etc/motd could not be changed").says("Read-only file system");
        assert_eq!(leftovers(host, "/etc"), "");
    });
}

#[test]
fn an_immutable_file() {
    let flag = |host: &str, flag: &str| {
        // By this machine's chattr: not every host has one.
        let root = LAB.call(&["root", host]).expect(0).stdout;
        let path = format!("{}/srv/immutable/file", root.trim());
        let status = std::process::Command::new("chattr").args([flag, &path]).status();
        assert!(status.expect("chattr starts").success(), "chattr {flag} {path}");
    };
    for host in &LAB.hosts[2..] {
        LAB.exec(host, "mkdir -p /srv/immutable && echo old >/srv/immutable/file").expect(0);
        flag(host, "+i");
    }
    let task = "copy: {content: new, dest: /srv/immutable/file}";
    each("immutable", "true", task, "true", |host, ran| {
        flag(host, "-i");
        ran.says("file /srv/immutable/file could not be changed").says("Operation not permitted");
        let left = LAB.exec(host, "ls -A /srv/immutable; cat /srv/immutable/file").stdout;
        assert_eq!(left, "file\nold\n");
    });
}

#[test]
fn a_file_that_its_checker_refuses() {
    each(
        "refused",
        "mkdir -p /srv/refused && echo old >/srv/refused/file",
        "copy: {content: 'nonsense here', dest: /srv/refused/file, validate: 'visudo -cf %s'}",
        "true",
        |host, ran| {
            ran.says("file /srv/refused/file could not be changed").says("syntax error");
            let left = LAB.exec(host, "ls -A /srv/refused; cat /srv/refused/file").stdout;
            assert_eq!(left, "file\nold\n");
        },
    );
}
