//! What a rollback makes of accounts and groups: members, homes and subordinate ids come back.

mod support;

use support::{Lab, Ran};

struct Ground {
    lab: Lab,
    inventory: String,
}

impl Ground {
    fn up(kind: &str) -> Ground {
        let lab = Lab::up(&[kind]);
        let inventory = lab.inventory("admin").to_string_lossy().into_owned();
        Ground { lab, inventory }
    }

    fn on(&self, script: &str) -> String {
        self.lab.exec(&self.lab.hosts[0], script).expect(0).stdout
    }

    fn apply(&self, tasks: &str) -> Ran {
        let text = format!("- hosts: all\n  become: true\n  tasks:\n{tasks}");
        let book = self.lab.write("book.yml", &text).to_string_lossy().into_owned();
        self.lab.harda(&["apply", &book, "-i", &self.inventory])
    }

    /// Undoes the newest run.
    fn rollback(&self) -> Ran {
        let runs = self.on("ls /var/lib/harda/runs");
        let run = runs.lines().last().expect("a run");
        self.lab.harda(&["rollback", run, "-i", &self.inventory, "-b", "--lock-timeout", "60"])
    }
}

#[test]
fn a_group_comes_back_with_its_members() {
    let ground = Ground::up("bookworm-bare");
    ground.on(
        "useradd tm1 && useradd tm2 && groupadd -g 8001 team && gpasswd -a tm1 team && gpasswd -a tm2 team",
    );
    // The account was in the group when it was looked at: that it isn't any more is this run's doing.
    let tasks = "    - group: {name: team, state: absent}\n    - user: {name: tm1, comment: hej}\n";
    ground.apply(tasks).expect(0).says("members tm1,tm2 -> none").says_not("drifted");
    assert_eq!(ground.on("id -Gn tm1; getent passwd tm1 | cut -d: -f5"), "tm1\nhej\n");
    ground.rollback().expect(0).says_not("did not converge");
    assert_eq!(ground.on("getent group team; getent passwd tm1 | cut -d: -f5"), "team:x:8001:tm1,tm2\n\n");
}

#[test]
fn a_home_goes_again_with_the_account_that_had_come_back() {
    let ground = Ground::up("trixie-bare");
    ground.on("useradd -m gone && echo mine >/home/gone/file");
    ground.apply("    - user: {name: gone, state: absent, remove: true}\n").expect(0);
    ground.rollback().expect(0);
    assert_eq!(ground.on("cat /home/gone/file"), "mine\n");
    ground.rollback().expect(0);
    assert_eq!(ground.on("ls -d /home/gone 2>&1 | grep -c 'No such'; ! id gone 2>/dev/null"), "1\n");
}

#[test]
fn subordinate_ids_come_back_as_they_were() {
    let ground = Ground::up("bookworm-bare");
    ground.on("useradd sub && usermod -v 500000-500999 -w 600000-600999 sub");
    let ids = "grep -h '^sub:' /etc/subuid /etc/subgid";
    let before = ground.on(ids);
    assert!(before.contains("sub:500000:1000"), "{before}");
    ground.apply("    - user: {name: sub, state: absent}\n").expect(0);
    assert_eq!(ground.on("grep -c '^sub:' /etc/subuid || true"), "0\n");
    ground.rollback().expect(0);
    assert_eq!(ground.on(ids), before);
}
