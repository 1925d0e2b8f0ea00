//! What a rollback makes of packages: those that something else needs by now stay, one that was
//! removed comes back where its version is still to be had, and none is downgraded.

mod support;

use support::{Lab, Ran};

/// Makes packages on a host, and a repository of them at /srv/own.
const REPOSITORY: &str = r#"set -e
make() {
  d=$(mktemp -d); chmod 755 $d; mkdir $d/DEBIAN
  printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: lab <lab@example.org>\nDescription: of the test\n' $1 $2 >$d/DEBIAN/control
  [ -z "${3:-}" ] || echo "Depends: $3" >>$d/DEBIAN/control
  mkdir -p /srv/own; f=/srv/own/$1_$2.deb
  dpkg-deb -b $d $f >/dev/null
  { cat $d/DEBIAN/control; echo "Filename: ./${f##*/}"; echo "Size: $(stat -c %s $f)"
    echo "SHA256: $(sha256sum $f | cut -d' ' -f1)"; echo; } >/srv/own/$1_$2.entry
}
offer() {
  cd /srv/own; cat $(printf '%s.entry ' "$@") >Packages
  echo 'deb [trusted=yes] file:/srv/own ./' >/etc/apt/sources.list.d/own.list
  apt-get -q update >/dev/null
}
install() { DEBIAN_FRONTEND=noninteractive apt-get -q install -y "$@" >/dev/null; }
"#;

struct Ground {
    lab: Lab,
    inventory: String,
}

impl Ground {
    fn up() -> Ground {
        let lab = Lab::up(&["bookworm"]);
        let inventory = lab.inventory("admin").to_string_lossy().into_owned();
        Ground { lab, inventory }
    }

    fn host(&self) -> &str {
        &self.lab.hosts[0]
    }

    fn prepare(&self, script: &str) {
        self.lab.exec(self.host(), &format!("{REPOSITORY}{script}")).expect(0);
    }

    /// Applies tasks, and gives the run's id.
    fn apply(&self, tasks: &str) -> String {
        let text = format!("- hosts: all\n  become: true\n  tasks:\n{tasks}");
        let book = self.lab.write("book.yml", &text).to_string_lossy().into_owned();
        self.lab.harda(&["apply", &book, "-i", &self.inventory]).expect(0);
        let runs = self.lab.exec(self.host(), "ls /var/lib/harda/runs").expect(0).stdout;
        runs.lines().last().expect("a run").to_string()
    }

    fn rollback(&self, run: &str) -> Ran {
        self.lab.harda(&["rollback", run, "-i", &self.inventory, "-b", "--lock-timeout", "60"])
    }

    /// The version of a package; nothing where it isn't installed.
    fn version(&self, package: &str) -> String {
        let query = format!("dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {package} 2>/dev/null");
        let told = self.lab.exec(self.host(), &query).stdout;
        told.strip_prefix("installed ").unwrap_or_default().to_string()
    }
}

#[test]
fn what_something_else_needs_by_now_stays() {
    let ground = Ground::up();
    ground.prepare("make floor 1.0; make lone 1.0; make house 1.0 floor; offer floor_1.0 lone_1.0 house_1.0");
    let run = ground.apply("    - package: {name: [floor, lone], state: present}\n");
    ground.prepare("install house");
    ground.rollback(&run).expect(0).says("it stays, since house needs it by now");
    assert_eq!((ground.version("floor").as_str(), ground.version("lone").as_str()), ("1.0", ""));
    assert_eq!(ground.version("house"), "1.0");
    // Once nothing needs it, it goes.
    ground.lab.exec(ground.host(), "dpkg -r house").expect(0);
    ground.rollback(&run).expect(0).says_not("it stays");
    assert_eq!(ground.version("floor"), "");
}

#[test]
fn one_that_was_removed_comes_back_where_its_version_is_to_be_had() {
    let ground = Ground::up();
    ground.prepare(
        "for p in kept moved gone; do make $p 1.0; done; make moved 2.0
         offer kept_1.0 moved_1.0 gone_1.0; install kept moved gone",
    );
    let run = ground.apply("    - package: {name: [kept, moved, gone], state: absent}\n");
    ground.prepare("offer kept_1.0 moved_2.0");
    let ran = ground.rollback(&run).expect(0);
    ran.says("the repositories have 2.0 by now, and not 1.0").says("no repository of the host has 1.0");
    assert_eq!(ground.version("kept"), "1.0");
    assert_eq!((ground.version("moved").as_str(), ground.version("gone").as_str()), ("", ""));
}

#[test]
fn none_is_downgraded() {
    let ground = Ground::up();
    ground.prepare("make old 1.0; make old 2.0; offer old_1.0; install old; offer old_1.0 old_2.0");
    let run = ground.apply("    - package: {name: old, state: latest}\n");
    assert_eq!(ground.version("old"), "2.0");
    ground.rollback(&run).expect(0).says("it was upgraded from 1.0; packages are not downgraded");
    assert_eq!(ground.version("old"), "2.0");
}
