//! The hosts that faults are injected on, each behind a line of its own, and harda on all of them.

use crate::chance::Clean;
use crate::ground::Ground;
use crate::support::forwarder::Forwarder;
use crate::support::{Lab, Ran};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What sshd listens on besides 22, so that a line to it has the same port at both ends.
const PORT: u16 = 4022;

/// How long a host waits for the proof of access.
pub const GUARD: u64 = 10;

/// Nothing takes longer: silence, looking for the host once the switch has fired, and the other tests.
pub const LIMIT: Duration = Duration::from_secs(240);

const LARGE: usize = 3 << 20;

pub struct Fleet {
    pub lab: Lab,
    pub lines: Vec<Forwarder>,
    /// Each host in the state `a` and in the state `b`.
    pub grounds: Vec<[Ground; 2]>,
}

impl Fleet {
    /// With a clean run of the first host. `index` keeps the fleets of one test apart.
    pub fn up(index: usize, kinds: &[&str]) -> (Fleet, Clean) {
        let lab = Lab::up(kinds);
        lab.write("faults.yml", include_str!("book.yml"));
        lab.write("templates/faults.conf.j2", "state = {{ state }}\n");
        for state in ["a", "b"] {
            lab.write(&format!("files/large-{state}"), &state.repeat(LARGE));
        }
        std::fs::create_dir_all(lab.folder.path().join("points")).expect("made");
        let pid = std::process::id() as usize;
        let (second, third) = (64 + pid / 120 % 64, 1 + pid % 120 * 2 + index);
        // A unit must be there when it is planned on. New keys come all the time.
        let prepare = format!(
            "printf 'Port 22\\nPort {PORT}\\nRekeyLimit 256K\\n' >/etc/ssh/sshd_config.d/10-ports.conf && systemctl restart ssh &&
             printf '[Service]\\nExecStart=true\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/faults.service && systemctl daemon-reload"
        );
        let mut known = String::new();
        let lines = lab.hosts.iter().enumerate().map(|(n, host)| {
            lab.exec(host, &prepare).expect(0);
            let (address, here) = (lab.address(host), format!("127.{second}.{third}.{}", n + 1));
            let all = std::fs::read_to_string(lab.env("HARDA_LAB_KNOWN_HOSTS")).expect("known hosts");
            let of_host = all
                .lines()
                .filter_map(|line| line.split_once(' '))
                .filter(|(names, _)| names.split(',').any(|name| name == address));
            of_host.for_each(|(_, key)| known += &format!("[{here}]:{PORT} {key}\n"));
            Forwarder::start(&format!("{here}:{PORT}"), &format!("{address}:{PORT}"))
        });
        let lines: Vec<Forwarder> = lines.collect();
        let known = lab.write("known_hosts", &known).to_string_lossy().into_owned();
        let mut fleet = Fleet { lab, lines, grounds: Vec::new() };
        fleet.inventory("admin", &known, "");
        fleet.inventory("operator", &known, "    ansible_become_password: operator-password\n");
        let clean = fleet.learn();
        (fleet, clean)
    }

    fn inventory(&self, user: &str, known: &str, more: &str) {
        let key = self.lab.env("HARDA_LAB_KEY");
        let hosts: String = self
            .lab
            .hosts
            .iter()
            .zip(&self.lines)
            .map(|(host, line)| format!("    {host}: {{ansible_host: {}}}\n", line.address))
            .collect();
        let text = format!(
            "all:\n  vars:\n    ansible_user: {user}\n    ansible_port: {PORT}\n    ansible_become: true\n    \
             ansible_ssh_private_key_file: {key}\n    harda_known_hosts_file: {known}\n{more}  hosts:\n{hosts}"
        );
        self.lab.write(&format!("{user}.yml"), &text);
    }

    /// How the hosts are in either state. What is the same in both would show nothing.
    fn learn(&mut self) -> Clean {
        let [a, b] = ["a", "b"].map(|state| {
            // Of the last one the trace is kept.
            (0..self.lines.len()).for_each(|n| drop(std::fs::remove_file(self.point(n, "trace"))));
            self.lines.iter().for_each(|line| line.mend());
            self.start("admin", state).end().expect(0);
            self.look()
        });
        self.grounds = a.into_iter().zip(b).map(|(a, b)| [a, b]).collect();
        for [a, b] in &self.grounds {
            assert_eq!((a.leftovers(), b.leftovers()), (&[][..], &[][..]));
            assert!(a.differs(b).len() >= 10, "{a:?} {b:?}");
        }
        let trace = std::fs::read_to_string(self.point(0, "trace")).expect("the points are built in");
        Clean::read(&trace, self.lines[0].passed())
    }

    /// All hosts as they are.
    pub fn look(&self) -> Vec<Ground> {
        self.each(|n| Ground::of(&self.lab, &self.lab.hosts[n]))
    }

    /// The same for each host, at the same time.
    pub fn each<T: Send>(&self, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
        std::thread::scope(|threads| {
            let act = &act;
            let all: Vec<_> = (0..self.lab.hosts.len()).map(|n| threads.spawn(move || act(n))).collect();
            all.into_iter().map(|each| each.join().expect("no panic")).collect()
        })
    }

    pub fn point(&self, n: usize, what: &str) -> PathBuf {
        self.lab.folder.path().join("points").join(format!("{}.{what}", self.lab.hosts[n]))
    }

    fn command(&self, verb: &str, user: &str, state: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harda"));
        command.args([verb, "faults.yml", "-i", &format!("{user}.yml"), "-e", &format!("state={state}")]);
        if verb == "apply" {
            command.args(["--guard-timeout", &GUARD.to_string(), "--keep-runs", "3", "--format", "json"]);
        }
        command.args(more).current_dir(self.lab.folder.path());
        command.env("NO_COLOR", "1").env("XDG_STATE_HOME", self.lab.folder.path().join(".state"));
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    /// Runs harda to its end, with nothing going wrong.
    pub fn run(&self, verb: &str, user: &str, state: &str, more: &[&str]) -> Ran {
        Started::new(&mut self.command(verb, user, state, more)).end()
    }

    /// Starts it, so that something can go wrong.
    pub fn start(&self, user: &str, state: &str) -> Started {
        let points = self.lab.folder.path().join("points");
        Started::new(self.command("apply", user, state, &[]).env("HARDA_FAIL_POINTS", points))
    }
}

/// A harda that runs.
pub struct Started {
    child: Child,
    begun: Instant,
    output: [std::thread::JoinHandle<String>; 2],
}

impl Started {
    fn new(command: &mut Command) -> Started {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("harda starts");
        let out = child.stdout.take().expect("piped");
        let err = child.stderr.take().expect("piped");
        let output = [std::thread::spawn(|| read(out)), std::thread::spawn(|| read(err))];
        Started { child, begun: Instant::now(), output }
    }

    /// Whether it has ended; one that takes too long is killed, which its exit code shows.
    pub fn has_ended(&mut self) -> bool {
        if self.begun.elapsed() > LIMIT {
            self.kill();
        }
        self.child.try_wait().expect("a child").is_some()
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    pub fn end(mut self) -> Ran {
        while !self.has_ended() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let code = self.child.wait().expect("ended").code().unwrap_or(-9);
        let [stdout, stderr] = self.output.map(|text| text.join().expect("read"));
        Ran { code, stdout, stderr }
    }
}

fn read(mut from: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
