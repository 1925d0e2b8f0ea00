//! Plans that are saved, reviewed and made: what was shown is what is made, from the files that it was planned with, on
//! the hosts and the state that it was planned on, or nothing is.

mod support;

use std::path::{Path, PathBuf};
use support::{Lab, Ran};

/// What nobody may find anywhere.
const CANARY: &str = "canary-4711-in-the-coal-mine";

/// Passwords and sshd as the repository has them, and a file of the test's own.
const PLAYBOOKS: &[&str] = &["pb/own.yml", "pb/sshd.yml", "pb/password-policy.yml"];

const OWN: &str = "
- name: Our own
  hosts: all
  become: true
  tasks:
    - name: A file from a template
      template: {src: own.j2, dest: /etc/harda-own, owner: root, group: root, mode: '0644'}
";

/// Copies the playbooks, so that they can change after the plan is saved.
fn playbooks(lab: &Lab) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks"))
        .arg(lab.folder.path().join("pb"))
        .status();
    assert!(copied.expect("cp starts").success());
    lab.write("pb/own.yml", OWN);
    lab.write("pb/templates/own.j2", "as reviewed, on {{ inventory_hostname }}\n");
}

fn inventory(lab: &Lab) -> String {
    lab.inventory("admin").display().to_string()
}

fn plan(lab: &Lab, more: &[&str]) -> Ran {
    let inventory = inventory(lab);
    let mut arguments = vec!["plan"];
    arguments.extend(PLAYBOOKS);
    arguments.extend(["-i", &inventory, "--out", "plan.harda"]);
    arguments.extend(more);
    lab.harda(&arguments)
}

/// The SHA-256 that was printed.
#[track_caller]
fn sha256(ran: &Ran) -> String {
    let line = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("sha256 "));
    line.unwrap_or_else(|| panic!("no digest in:\n{}", ran.all())).to_string()
}

#[track_caller]
fn text(lab: &Lab, host: &str, path: &str) -> String {
    lab.exec(host, &format!("cat {path} 2>/dev/null; true")).expect(0).stdout
}

#[test]
fn what_was_reviewed_is_made_where_nothing_has_drifted() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let [one, two] = [lab.hosts[0].clone(), lab.hosts[1].clone()];
    playbooks(&lab);
    let saved = plan(&lab, &[]).expect(0);
    let digest = sha256(&saved);
    saved.says("the plan of 2 hosts is saved in plan.harda").says(&format!("--sha256 {digest}"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&mode_of(&lab.folder.path().join("plan.harda")));
    assert_eq!(mode & 0o7777, 0o600);

    // Nobody is asked, and the files are not needed any more.
    std::fs::rename(lab.folder.path().join("pb"), lab.folder.path().join("gone")).expect("renamed");
    lab.harda(&["show", "plan.harda"])
        .expect(0)
        .says("as reviewed, on")
        .says(&digest)
        .says("24 to change on 2 hosts");

    // Another plan than the reviewed one; a template that has changed since.
    let other = digest.replace(|c: char| c.is_ascii_digit(), "0");
    lab.harda(&["apply", "plan.harda", "--sha256", &other])
        .expect(1)
        .says("is not the plan that was reviewed");
    lab.write("pb/templates/own.j2", "as changed later\n");

    lab.exec(&two, "echo 'authorised by nobody' >>/etc/issue.net").expect(0);
    let ran = lab.harda(&["apply", "plan.harda", "--sha256", &digest, "--allow-conditional"]).expect(2);
    ran.says(&format!("{two}: drifted: it is not as it was when the plan was made; nothing is done there"))
        .says("file /etc/issue.net  from `The text before login`")
        .says("+authorised by nobody");
    assert_eq!(text(&lab, &one, "/etc/harda-own"), format!("as reviewed, on {one}\n"));
    assert_eq!(text(&lab, &two, "/etc/harda-own"), "");
    lab.exec(&one, "sshd -T | grep -qx 'permitrootlogin no'").expect(0);
    lab.exec(&one, "grep -q pam_pwquality /etc/pam.d/common-password").expect(0);

    let again = lab.harda(&["apply", "plan.harda", "--limit", &one]).expect(2);
    again.says("this plan is already made here: every change of it is in place");
    // Put right by hand, the other host is as it was planned on.
    lab.exec(&two, "sed -i '/nobody/d' /etc/issue.net").expect(0);
    lab.harda(&["apply", "plan.harda", "--limit", &two, "--allow-conditional"]).expect(0);
    assert_eq!(text(&lab, &two, "/etc/harda-own"), format!("as reviewed, on {two}\n"));
}

fn mode_of(path: &Path) -> std::fs::Permissions {
    std::fs::metadata(path).expect("there").permissions()
}

#[test]
fn what_turns_out_otherwise_is_made_only_if_that_is_allowed() {
    let lab = Lab::up(&["bookworm"]);
    let host = lab.hosts[0].clone();
    playbooks(&lab);
    plan(&lab, &[]).expect(0).says("1 conditional");
    // The package brings the file that the plan was to make.
    let ran = lab.harda(&["apply", "plan.harda"]).expect(2);
    ran.says("refused: it turned out otherwise than the saved plan shows: file /etc/security/pwquality.conf")
        .says("is state file instead of absent")
        .says("`--allow-conditional` makes what turns out otherwise, too");
    assert!(!text(&lab, &host, "/etc/security/pwquality.conf").contains("harda"));
    lab.exec(&host, "! grep -q pam_faillock /etc/pam.d/common-auth").expect(0);
    // What was made until then is no longer as it was.
    lab.harda(&["apply", "plan.harda", "--allow-conditional"])
        .expect(2)
        .says("it is already as the plan makes it");

    lab.call(&["reset", &host]).expect(0);
    lab.harda(&["apply", "plan.harda", "--allow-conditional"]).expect(0).says("1 different");
    lab.exec(&host, "grep -q pam_faillock /etc/pam.d/common-auth").expect(0);
}

#[test]
fn another_host_under_the_same_name_is_refused() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let [one, two] = [lab.hosts[0].clone(), lab.hosts[1].clone()];
    playbooks(&lab);
    plan(&lab, &[]).expect(0);
    // A new key that the administrator trusts, and a machine that was copied.
    lab.exec(&one, "rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null; systemctl restart ssh").expect(0);
    lab.exec(&two, "echo 0123456789abcdef0123456789abcdef >/etc/machine-id").expect(0);
    let known = PathBuf::from(lab.env("HARDA_LAB_KNOWN_HOSTS"));
    let address = lab.address(&one);
    let others = std::fs::read_to_string(&known).expect("there");
    let kept: String =
        others.lines().filter(|line| !line.contains(&address)).map(|line| format!("{line}\n")).collect();
    let scan = std::process::Command::new("ssh-keyscan").arg(&address).output().expect("starts");
    std::fs::write(&known, kept + &String::from_utf8_lossy(&scan.stdout)).expect("written");

    let ran = lab.harda(&["apply", "plan.harda"]).expect(2);
    ran.says(&format!(
        "{one}: refused: `{one}` is not the host that the plan was made on: its host key was SHA256:"
    ))
    .says(&format!("{two}: refused: `{two}` is not the host that the plan was made on: its machine-id was"));
    for host in [&one, &two] {
        assert_eq!(text(&lab, host, "/etc/harda-own"), "");
    }
}

#[test]
fn a_host_without_a_plan_is_left_out_of_it() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let [one, two] = [lab.hosts[0].clone(), lab.hosts[1].clone()];
    playbooks(&lab);
    lab.call(&["kill", &two]).expect(0);
    let ran = plan(&lab, &["-T", "3"]).expect(4);
    ran.says("the plan of 1 host is saved").says(&format!("not in it: {two}: "));
    lab.call(&["start", &two]).expect(0);
    let ran = lab.harda(&["apply", "plan.harda", "--allow-conditional"]).expect(0);
    ran.says(&format!("not in it: {two}: "));
    assert_eq!(text(&lab, &one, "/etc/harda-own"), format!("as reviewed, on {one}\n"));
    assert_eq!(text(&lab, &two, "/etc/harda-own"), "");
    lab.harda(&["apply", "plan.harda", "--limit", &two])
        .expect(1)
        .says("the plan holds no host that `--limit` names");
}

/// One host, this machine, and a folder of its own: what needs no lab.
struct Here {
    folder: tempfile::TempDir,
}

impl Here {
    fn with(tasks: &str) -> Here {
        let here = Here { folder: tempfile::tempdir().expect("a folder") };
        let tasks = tasks.replace("DIR/", &here.path(""));
        here.write("site.yml", &format!("- hosts: all\n  gather_facts: true\n  tasks:\n{tasks}"));
        here
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn harda(&self, arguments: &[&str]) -> Ran {
        support::harda(self.folder.path(), arguments)
    }

    fn plan(&self, more: &[&str]) -> Ran {
        let mut arguments =
            vec!["plan", "site.yml", "-i", "localhost,", "-c", "local", "--out", "plan.harda"];
        arguments.extend(more);
        self.harda(&arguments)
    }

    fn has_plan(&self) -> bool {
        self.folder.path().join("plan.harda").exists()
    }
}

#[test]
fn what_is_unknown_is_not_saved() {
    let here = Here::with(
        "    - name: Ask\n      command: id -u\n      register: asked\n\
         \x20   - name: Depends\n      copy: {dest: /nowhere, content: x}\n      when: asked.stdout == '0'\n\
         \x20   - name: Loops\n      debug: {msg: \"{{ item }}\"}\n      loop: \"{{ asked.stdout_lines }}\"\n\
         \x20   - name: Includes\n      include_tasks: \"{{ asked.stdout }}.yml\"\n\
         \x20   - meta: end_host\n      when: asked.rc == 0\n",
    );
    let ran = here.plan(&[]).expect(1);
    ran.says("no plan was saved: what can't be planned yet can't be reviewed")
        .says("task `Depends` (site.yml:7:7) is unknown until `Ask` on localhost")
        .says("task `Loops` (site.yml:10:7) is unknown until `Ask` on localhost")
        .says("task `Includes` (site.yml:13:7) is unknown until `Ask` on localhost")
        .says("`meta: end_host` (site.yml:15:7) is unknown until `Ask` on localhost");
    assert!(!here.has_plan());
}

#[test]
fn secrets_are_sealed_or_not_written() {
    let here = Here::with(&format!(
        "    - name: Secret\n      copy: {{dest: 'DIR/made', content: '{CANARY}'}}\n      no_log: true\n"
    ));
    let ran = here.plan(&[]).expect(1);
    ran.says("it would hold secrets, and it isn't sealed")
        .says("task `Secret` (site.yml:4:7) says `no_log`")
        .says("--seal-to age1");
    ran.says_not(CANARY);
    assert!(!here.has_plan());

    here.write("passphrase", "correct horse battery staple\n");
    let ran = here.plan(&["--seal-passphrase-file", "passphrase"]).expect(0);
    ran.says("saved in plan.harda, sealed").says_not(CANARY);
    let file = std::fs::read(here.path("plan.harda")).expect("there");
    assert!(!file.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    assert!(file.starts_with(b"age-encryption.org/v1\n"));

    here.write("other", "wrong horse\n");
    here.harda(&["show", "plan.harda", "--seal-passphrase-file", "other"])
        .expect(1)
        .says("is sealed, and not by this passphrase");
    here.harda(&["show", "plan.harda"]).expect(1).says("is sealed by a passphrase");
    let shown = here.harda(&["show", "plan.harda", "--seal-passphrase-file", "passphrase"]).expect(0);
    shown.says("no_log: what differs is not shown").says_not(CANARY);
    let applied = here.harda(&["apply", "plan.harda", "--seal-passphrase-file", "passphrase"]).expect(0);
    applied.says_not(CANARY);
    assert_eq!(std::fs::read_to_string(here.path("made")).expect("made"), CANARY);
}

#[test]
fn passwords_of_the_inventory_and_the_command_line_are_secrets() {
    let here = Here::with("    - name: Nothing\n      debug: {msg: hello}\n");
    here.write("hosts", "[all]\nlocalhost ansible_connection=local\nelsewhere ansible_password=x\n");
    let ran =
        here.harda(&["plan", "site.yml", "-i", "hosts", "-l", "localhost", "--out", "plan.harda"]).expect(1);
    ran.says("hosts:3 gives `ansible_password`");
    here.plan(&["-e", "ansible_become_password=x"])
        .expect(1)
        .says("--extra-vars:1 gives `ansible_become_password`");
    here.write("typed", &format!("{CANARY}\n"));
    let ran = here.plan(&["--become-password-file", "typed", "-e", &format!("greeting={CANARY}")]).expect(1);
    ran.says("`--extra-vars` holds a password that was given for this run").says_not(CANARY);
    assert!(!here.has_plan());
}

#[test]
fn a_plan_is_sealed_for_those_who_hold_a_key_of_age() {
    // Only where age is: what it makes and opens is what harda opens and makes.
    if std::process::Command::new("age-keygen").arg("--version").output().is_err() {
        eprintln!("passed over: `age` is not installed");
        return;
    }
    let here = Here::with("    - name: Made\n      copy: {dest: 'DIR/made', content: x}\n");
    let shell = |command: &str| {
        let ran =
            std::process::Command::new("sh").args(["-c", command]).current_dir(here.folder.path()).output();
        let ran = ran.expect("sh starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_string()
    };
    let recipient = shell("age-keygen -o key 2>/dev/null; age-keygen -y key");
    here.plan(&["--seal-to", &recipient]).expect(0);
    here.harda(&["show", "plan.harda"]).expect(1).says("is sealed for a key").says("--identity FILE");
    let opened = shell("age -d -i key plan.harda | head -n 1 | cut -c 1-24");
    assert_eq!(opened, "{\"format\":\"harda plan\",\"");
    shell("age -d -i key plan.harda > clear; age -r $(age-keygen -y key) -o again.harda clear");
    here.harda(&["apply", "again.harda", "--identity", "key"]).expect(0);
    assert_eq!(std::fs::read_to_string(here.path("made")).expect("made"), "x");
}

#[test]
fn what_contradicts_the_plan_is_refused_by_name() {
    let here = Here::with("    - name: Made\n      copy: {dest: 'DIR/made', content: x}\n");
    here.plan(&[]).expect(0);
    for (given, name) in [
        (&["-t", "x"][..], "--tags"),
        (&["-e", "a=b"], "--extra-vars"),
        (&["-i", "h,"], "--inventory"),
        (&["-u", "root"], "--user"),
        (&["-b"], "--become"),
        (&["-c", "ssh"], "--connection"),
        (&["--list-tasks"], "--list-tasks"),
    ] {
        let ran = here.harda(&[&["apply", "plan.harda"], given].concat()).expect(1);
        ran.says(&format!("`{name}` can't be given with a saved plan"));
    }
    here.harda(&["apply", "plan.harda", "site.yml"]).expect(1).says("is a saved plan: it is made alone");
    here.harda(&["apply", "plan.harda", "--sha256", "12"]).expect(1).says("64 hexadecimal digits");
    here.harda(&["plan", "site.yml", "-i", "h,", "--seal-to", "x"]).expect(1).says("--out");
    here.harda(&["plan", "site.yml", "-i", "h,", "--out", "."]).expect(1).says("it is a folder");
    assert!(!Path::new(&here.path("made")).exists());
}

#[test]
fn a_plan_that_is_no_plan_is_told_in_a_sentence() {
    let here = Here::with("    - name: Made\n      copy: {dest: 'DIR/made', content: x}\n");
    here.plan(&[]).expect(0);
    let whole = std::fs::read_to_string(here.path("plan.harda")).expect("text");
    for (text, says) in [
        (String::new(), "`bad.harda` is empty"),
        ("hosts: all\n".into(), "`bad.harda` is no plan that harda saved"),
        (whole[..whole.len() / 2].into(), "`bad.harda` is cut short"),
        (whole.replace("Made", "Bade"), "`bad.harda` is damaged: what it holds is not what was saved"),
        (whole.replacen("\"version\":1", "\"version\":7", 1), "`bad.harda` was made by harda"),
    ] {
        here.write("bad.harda", &text);
        for verb in ["show", "apply"] {
            here.harda(&[verb, "bad.harda"]).expect(1).says(says);
        }
    }
    here.harda(&["show", "none.harda"]).expect(1).says("`none.harda` can't be read");
}

/// What a person sees of saving, showing and making.
#[test]
fn what_is_seen_of_a_saved_plan() {
    let here = Here::with(
        "    - name: Greeting\n      copy: {dest: 'DIR/motd', content: \"hello\\n\", owner: root, group: root, mode: '0644'}\n\
         \x20     notify: Tell\n  handlers:\n    - name: Tell\n      command: 'true'\n",
    );
    let saved = here.plan(&["-t", "all", "-e", "a=b"]).expect(0);
    let digest = sha256(&saved);
    let run = here.harda(&["show", "plan.harda"]).expect(0).stdout;
    let run = run.lines().next().expect("a line").to_string();
    let plain = |text: &str| {
        let text = text
            .replace(&here.path(""), "/")
            .replace(&digest, "DIGEST")
            .replace(&run, "plan of run RUN, made TIME");
        let run = run.split([' ', ',']).nth(3).expect("a run").to_string();
        let timed = |line: &str| {
            line.contains("planned in") || line.starts_with("localhost  ") || line.contains("  took")
        };
        text.replace(&run, "RUN")
            .lines()
            .filter(|line| !timed(line))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!("saved", plain(&saved.stdout));
    insta::assert_snapshot!("shown", plain(&here.harda(&["show", "plan.harda"]).expect(0).stdout));
    here.write("motd", "who was here?\n");
    let drifted = here.harda(&["apply", "plan.harda"]).expect(2);
    insta::assert_snapshot!(
        "drifted",
        plain(&format!("{}{}", drifted.stderr, drifted.stdout)).split("not touched").next().expect("text")
    );
}

#[test]
fn large_files_and_folders_are_in_the_plan() {
    let here = Here::with(
        "    - name: Large\n      copy: {src: large, dest: DIR/to/large, mode: preserve}\n\
         \x20   - name: Folder\n      copy: {src: folder, dest: DIR/to/}\n\
         \x20   - name: Looked up\n      copy: {dest: DIR/to/looked, content: \"{{ lookup('file', 'large') | length }} {{ lookup('env', 'HOME') }}\"}\n",
    );
    let large = "0123456789abcde\n".repeat(1 << 16);
    here.write("large", &large);
    for folder in ["to", "folder"] {
        std::fs::create_dir(here.path(folder)).expect("made");
    }
    here.write("folder/one", "1\n");
    let saved = here.plan(&["--format", "json"]).expect(0);
    let records = saved.records();
    let names: Vec<&str> = records.iter().filter_map(|record| record["event"].as_str()).collect();
    assert_eq!(names[names.len() - 2..], ["saved", "ended"]);
    for file in ["site.yml", "large", "folder/one"] {
        std::fs::remove_file(here.path(file)).expect("removed");
    }
    here.harda(&["apply", "plan.harda"]).expect(0);
    assert!(std::fs::read_to_string(here.path("to/large")).expect("made") == large);
    assert_eq!(std::fs::read_to_string(here.path("to/folder/one")).expect("made"), "1\n");
    assert!(std::fs::read_to_string(here.path("to/looked")).expect("made").starts_with("1048575 /"));
}

#[test]
fn no_plan_is_left_where_no_host_has_one() {
    let here = Here::with("    - name: Fails\n      fail: {msg: no}\n");
    here.plan(&[]).expect(2).says("no plan was saved: no host has one that can be made");
    assert!(!here.has_plan());
}
