//! Which paths of a command are taken away or written to, as far as its words tell: those on which a
//! login hangs. Programs that only read are none of these.

use super::super::{FOLDERS, PROGRAMS, Risk, Ways, service_of};
use std::collections::BTreeSet;

/// Programs that take a path, or all in a folder, from those who need it.
const TAKERS: &[&str] = &[
    "chmod", "chown", "chgrp", "setfacl", "chattr", "chcon", "setcap", "rm", "rmdir", "unlink", "mv",
    "mount", "umount",
];

/// Those of them that a home and what is in it need not fear for being named.
const NOT_OF_HOMES: &[&str] = &["mount", "umount", "rmdir", "unlink"];

/// What `find` does by itself, and that by which it and others hand paths on.
const DELETES: &[&str] = &["-delete"];
const HANDS_ON: &[&str] = &["-exec", "-execdir", "-ok", "-okdir", "xargs", "parallel"];

/// Programs that write to the last path, and to any of them.
const TO_THE_LAST: &[&str] = &["cp", "install", "ln", "rsync", "scp"];
const TO_ANY: &[&str] = &["tee", "truncate", "shred", "patch", "sponge"];

/// Programs that write only if told so, and the options that tell.
const IN_PLACE: &[(&str, &[char], &str)] = &[
    ("sed", &['i'], "--in-place"),
    ("perl", &['i'], ""),
    ("awk", &['i'], "--in-place"),
    ("gawk", &['i'], ""),
];

/// How homes are named.
const HOMES: &[&str] = &["home", "root", "~"];

/// Without these nobody gets a terminal, nor sshd its folder, whoever has mounted what there.
const MOUNTED: &[&str] = &["/dev", "/dev/pts", "/proc", "/sys", "/run", "/var"];

/// A home and a tool that can take it, or all in it, away.
pub fn takes_a_home(words: &[&str]) -> bool {
    let any = |of: &[&str]| words.iter().any(|word| of.contains(word));
    let takes = words.iter().any(|word| TAKERS.contains(word) && !NOT_OF_HOMES.contains(word));
    any(HOMES) && (takes || any(&["find"]) && any(DELETES))
}

/// Those that a login hangs on; one that ends in `/` is taken with all that is in it.
pub fn paths(line: &str, folder: Option<&str>, ways: &Ways) -> BTreeSet<String> {
    let spaced = line.replace('>', " > ");
    let mut at = folder.map(str::to_string);
    let commands: Vec<Command<'_>> = spaced
        .split([';', '&', '|', '(', ')', '`', '\n'])
        .map(|part| Command::new(part, &mut at))
        .filter(|command| !command.words.is_empty())
        .collect();
    // What is handed on to a program is named before it.
    let handed = commands.iter().any(|command| command.has(HANDS_ON));
    let writes = |command: &Command<'_>| command.takes() || command.has(TO_THE_LAST) || command.has(TO_ANY);
    let all = handed && commands.iter().any(|command| writes(command) || command.is_in_place());
    let mut found = BTreeSet::new();
    for command in &commands {
        let named = if all { command.paths(&command.words) } else { command.touched() };
        found.extend(named.into_iter().flat_map(|path| hanging_on(&path, ways)));
        if !all {
            let into = command.written().into_iter().filter(|path| !is_only_on_the_way(path, ways));
            found.extend(into.flat_map(|path| hanging_on(&path, ways)));
        }
    }
    found
}

/// One simple command, and the folder that it runs in, where that is said.
struct Command<'l> {
    words: Vec<&'l str>,
    folder: Option<String>,
}

impl<'l> Command<'l> {
    fn new(part: &'l str, at: &mut Option<String>) -> Self {
        let words: Vec<&str> = part
            .split(|c: char| c.is_whitespace() || "'\"=<{}".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        let command = Command { words, folder: at.clone() };
        if let [first, folder, ..] = command.words[..]
            && first == "cd"
        {
            *at = command.path(if folder == "--" { command.words.get(2).unwrap_or(&"") } else { folder });
        }
        command
    }

    fn has(&self, names: &[&str]) -> bool {
        self.at(names).is_some()
    }

    fn at(&self, names: &[&str]) -> Option<usize> {
        self.words.iter().position(|word| names.contains(&word.rsplit('/').next().unwrap_or(word)))
    }

    fn option(&self, letters: &[char], long: &[&str]) -> bool {
        self.words.iter().any(|word| match word.strip_prefix('-') {
            Some(rest) if rest.starts_with('-') => long.contains(word),
            Some(cluster) => cluster.contains(letters),
            None => false,
        })
    }

    fn path(&self, word: &str) -> Option<String> {
        match (word.starts_with('/'), &self.folder) {
            (true, _) => Some(word.to_string()),
            (false, Some(folder)) if !word.starts_with(['-', '$', '~']) && !word.is_empty() => {
                Some(format!("{}/{word}", folder.trim_end_matches('/')))
            }
            _ => None,
        }
    }

    fn paths(&self, words: &[&str]) -> Vec<String> {
        words.iter().filter_map(|word| self.path(word)).collect()
    }

    fn takes(&self) -> bool {
        self.has(TAKERS) || self.has(&["find"]) && self.has(DELETES) || self.unpacks()
    }

    fn unpacks(&self) -> bool {
        let Some(at) = self.at(&["tar", "bsdtar", "cpio", "unzip"]) else { return false };
        let letters =
            self.words.get(at + 1).is_some_and(|word| !word.starts_with("--") && word.contains('x'));
        letters || self.option(&['x'], &["--extract", "--get"]) || self.has(&["unzip"])
    }

    fn is_in_place(&self) -> bool {
        IN_PLACE.iter().any(|(name, letters, long)| self.has(&[name]) && self.option(letters, &[long]))
    }

    /// What is taken away, or changed with all that is in it.
    fn touched(&self) -> Vec<String> {
        let recursive = self.option(&['a', 'r', 'R', 'd', 'T'], &["--archive", "--recursive", "--directory"]);
        if self.unpacks() {
            let to = self.after(&["-C", "-d", "-D", "--directory"]);
            // Where nothing is said, it is the folder that the command runs in.
            return to.or_else(|| self.folder.clone()).or(Some("/".to_string())).into_iter().collect();
        }
        if self.has(&["mount", "umount"]) && self.option(&['a'], &["--all"]) {
            return vec!["/".to_string()];
        }
        match self.takes() {
            true => self.paths(&self.words),
            // A folder takes the owner and mode of the one that it is copied from.
            false if recursive && self.has(TO_THE_LAST) => self.last(),
            false => Vec::new(),
        }
    }

    /// What is written to.
    fn written(&self) -> Vec<String> {
        let mut written = Vec::new();
        if self.has(TO_THE_LAST) {
            written.extend(self.last());
        }
        if self.has(TO_ANY) || self.is_in_place() {
            written.extend(self.paths(&self.words));
        }
        if self.has(&["dd"]) {
            written.extend(self.after(&["of"]));
        }
        let redirected = self.words.windows(2).filter(|pair| pair[0] == ">");
        written.extend(redirected.filter_map(|pair| self.path(pair[1])));
        written
    }

    fn last(&self) -> Vec<String> {
        let told = self.after(&["-t", "--target-directory"]);
        let end = self.words.iter().position(|word| *word == ">").unwrap_or(self.words.len());
        // `2>/dev/null`
        let last = || self.words[..end].iter().rev().find(|word| !word.starts_with('-') && **word != "2");
        told.or_else(|| last().and_then(|word| self.path(word))).into_iter().collect()
    }

    fn after(&self, options: &[&str]) -> Option<String> {
        self.words.windows(2).find(|pair| options.contains(&pair[0])).and_then(|pair| self.path(pair[1]))
    }
}

/// The path, if a login hangs on it, and the programs in it that let in.
fn hanging_on(path: &str, ways: &Ways) -> Vec<String> {
    let path = match path.trim_end_matches(['/', '*']) {
        "" => "/",
        path => path,
    };
    let below = format!("{}/", path.trim_end_matches('/'));
    let in_it = || PROGRAMS.paths.iter().filter(|program| program.starts_with(&below)).map(|p| p.to_string());
    if is_kept_whole(&below) {
        return vec![below];
    }
    let shuts_out = service_of(path).is_some_and(|service| service.risk == Risk::LockOut);
    match shuts_out || ways.reads(path) || ways.pass(path) || MOUNTED.contains(&path) {
        true => in_it().chain([path.to_string()]).collect(),
        false => Vec::new(),
    }
}

/// A folder that belongs to one service, all that is in it.
fn is_kept_whole(below: &str) -> bool {
    service_of(below).is_some_and(|service| service.risk == Risk::LockOut && service.name != FOLDERS.name)
}

/// A folder on the way to a login, to which a file may well be added.
fn is_only_on_the_way(path: &str, ways: &Ways) -> bool {
    let path = path.trim_end_matches('/');
    let folder = service_of(path).is_none_or(|service| service.name == FOLDERS.name);
    folder && !ways.reads(path) && !is_kept_whole(&format!("{path}/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment::Reply;

    fn told(line: &str) -> Vec<String> {
        let told = "home /srv/people/anna\nkey /etc/keys/anna\nfile /data/ca.pub\n";
        let ways = Ways::read(&Reply { stdout: told.into(), ..Reply::default() });
        paths(line, None, &ways).into_iter().collect()
    }

    #[test]
    fn what_is_taken_away_or_written_to_is_told() {
        for (line, path) in [
            ("find /etc/pam.d -name 'common*' -delete", "/etc/pam.d/"),
            ("find /etc/pam.d -type f -exec sed -i s/a/b/ {} +", "/etc/pam.d/"),
            ("find /etc/sudoers.d -type f | xargs truncate -s 0", "/etc/sudoers.d/"),
            ("truncate -s 0 /etc/sudoers", "/etc/sudoers"),
            ("shred -u /data/ca.pub", "/data/ca.pub"),
            ("sed -i s/x/y/ /usr/lib/systemd/system/ssh.service", "/usr/lib/systemd/system/ssh.service"),
            ("cp /tmp/x /etc/keys/anna", "/etc/keys/anna"),
            ("cp /tmp/pam_x.so /lib/x86_64-linux-gnu/security/", "/lib/x86_64-linux-gnu/security/"),
            ("cp -a /tmp/x/. /srv/people/anna", "/srv/people/anna"),
            ("echo /tmp/x.so | tee /etc/ld.so.preload", "/etc/ld.so.preload"),
            ("echo x >/etc/ld.so.preload", "/etc/ld.so.preload"),
            ("install -m 755 /tmp/x /usr/bin/sudo", "/usr/bin/sudo"),
            ("install -d -m 700 /usr/bin", "/usr/bin"),
            ("ln -sf /bin/false /bin/bash", "/bin/bash"),
            ("dd if=/dev/zero of=/etc/krb5.conf count=1", "/etc/krb5.conf"),
            ("rsync -a /tmp/x/ /etc/", "/etc"),
            ("tar -xf /tmp/x.tar -C /", "/"),
            ("cd /tmp; tar xzf x.tar -C /usr", "/usr"),
            ("mv /usr/bin/sudo /usr/bin/sudo.off", "/usr/bin/sudo"),
            ("cd /usr/bin && mv sudo sudo.off", "/usr/bin/sudo"),
            ("mount -o remount,nosuid /usr", "/usr"),
            ("mount --bind /tmp /home", "/home"),
            ("umount -l /dev/pts", "/dev/pts"),
            ("umount -a", "/"),
            ("rm -rf /usr/lib/x86_64-linux-gnu/security", "/usr/lib/x86_64-linux-gnu/security/"),
            ("chmod 700 /usr/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"),
        ] {
            assert!(told(line).iter().any(|told| told == path), "{line}: {:?}", told(line));
        }
        // What is in a folder of programs is kept with it.
        assert!(told("rm -rf /usr/bin/*").contains(&"/usr/bin/su".to_string()));
    }

    #[test]
    fn what_only_reads_or_writes_elsewhere_is_not() {
        for line in [
            "ls -la /etc/security /usr/lib",
            "cat /etc/krb5.conf",
            "grep -r x /etc/security >/tmp/found",
            "find /etc /usr/lib -name '*.so' -exec grep -l x {} +",
            "find / -xdev -type f -perm -4000 2>/dev/null",
            "cp /usr/bin/env /tmp/env",
            "cp /etc/krb5.conf /var/backups/krb5.conf 2>/dev/null",
            "cp /tmp/x.conf /etc/x.conf",
            "cp /tmp/x.conf /etc/",
            "cp -r /tmp/x /opt/site",
            "install -m 755 /tmp/x /usr/local/bin/x",
            "install -m 755 /tmp/x /usr/bin/",
            "sed s/x/y/ /etc/krb5.conf",
            "sed -i s/x/y/ /etc/motd",
            "echo x >/etc/motd",
            "echo x | tee -a /var/log/x",
            "tar -czf /tmp/etc.tgz /etc",
            "tar -xzf /tmp/x.tgz -C /opt",
            "dd if=/etc/krb5.conf of=/tmp/x",
            "mount",
            "mount | grep /usr",
            "mount /dev/vdb1 /mnt/data",
            "umount /mnt/data",
            "ln -s /opt/x/bin/x /usr/local/bin/x",
            "rsync -a /etc/ /mnt/backup/",
            "stat -c %a /usr/bin/sudo",
        ] {
            assert_eq!(told(line), Vec::<String>::new(), "{line}");
        }
    }
}
