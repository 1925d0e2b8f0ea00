//! The transport on lab hosts of each Debian, with their own sudo, su and /bin/sh.
//!
//! It needs `tests/lab/lab` (or the one that `HARDA_LAB` names) and root.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

use harda::fragment::{Fragment, Input, Observation, Realisation};
use harda::secret::Secret;
use harda::transport::{
    Become, BecomeMethod, Connector, Failure, FailureKind, Login, Options, Question, open,
};

/// Lab hosts of this process, gone when it ends.
struct Lab {
    prefix: String,
    environment: HashMap<String, String>,
}

impl Lab {
    fn up(kinds: &[&str]) -> Lab {
        let prefix = format!("tr{}", std::process::id());
        let owner = std::process::id().to_string();
        let count = kinds.len().to_string();
        let kinds = kinds.join(",");
        lab(&["up", &count, "--prefix", &prefix, "--owner", &owner, "--kinds", &kinds]);
        let environment = lab(&["env", "--prefix", &prefix]);
        let pairs = environment.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
        let environment =
            pairs.map(|(k, v)| (k.to_string(), v.trim_matches(['\'', '"']).to_string())).collect();
        Lab { prefix, environment }
    }

    fn get(&self, name: &str) -> &str {
        self.environment.get(name).unwrap_or_else(|| panic!("`lab env` says {name}: {:?}", self.environment))
    }

    fn login(&self, address: &str, user: &str) -> Login {
        Login {
            user: Some(user.to_string()),
            key_files: vec![PathBuf::from(self.get("HARDA_LAB_KEY"))],
            known_hosts: vec![PathBuf::from(self.get("HARDA_LAB_KNOWN_HOSTS"))],
            ..Login::new(address, address)
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        lab(&["down", "--prefix", &self.prefix]);
    }
}

fn lab(arguments: &[&str]) -> String {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab");
    let program = std::env::var("HARDA_LAB").unwrap_or_else(|_| here.to_string());
    let output = Command::new(&program).args(arguments).output();
    let output = output.unwrap_or_else(|e| panic!("`{program}` can't be run: {e}"));
    assert!(output.status.success(), "lab {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn target(method: BecomeMethod, password: Option<&str>) -> Become {
    Become { method, user: "root".into(), password: password.map(|p| Secret::new(p.to_string())) }
}

fn who(connector: &Connector, login: &Login, target: Option<&Become>) -> Result<(String, u32), Failure> {
    let mut session = open(connector, login, target)?;
    let reply =
        session.send(&[Question::Observe(Observation(Fragment::new("id -un; umask; pwd")))])?.remove(0);
    let counts = session.counts();
    assert_eq!(counts.round_trips, 1);
    let mut session = session.into_apply();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n * 7) as u8).collect();
    let echo = Fragment::new("cat; id -un >&2").input(Input::Bytes(bytes.clone().into()));
    let echoed = session.realise(&Realisation(echo.user(Some("alice".into()))), &mut || {})?;
    if reply.text().starts_with("root") {
        assert_eq!((echoed.stdout, echoed.stderr), (bytes, b"alice\n".to_vec()));
    }
    Ok((reply.text().replace('\n', " "), counts.login_steps))
}

#[test]
fn every_identity_on_every_kind_of_host() {
    let kinds = ["bookworm", "trixie", "bookworm-busybox"];
    let lab = Lab::up(&kinds);
    let connector = Connector::new(Options { ssh_config: Some("/dev/null".into()), ..Options::default() });
    let addresses: Vec<_> = lab.get("HARDA_LAB_ADDRESSES").split([' ', ',']).map(str::to_string).collect();
    for (kind, address) in kinds.iter().zip(&addresses) {
        let login = |user: &str| lab.login(address, user);
        let sudo = |password| target(BecomeMethod::Sudo, password);
        let root = |steps| Ok(("root 0022 / ".to_string(), steps));
        assert_eq!(who(&connector, &login("root"), Some(&sudo(None))), root(0), "{kind}");
        assert_eq!(who(&connector, &login("admin"), Some(&sudo(None))), root(0), "{kind}");
        assert_eq!(who(&connector, &login("admin"), None), Ok(("admin 0022 / ".into(), 0)), "{kind}");
        let operator = sudo(Some("operator-password"));
        assert_eq!(who(&connector, &login("operator"), Some(&operator)), root(2), "{kind}");
        let su = target(BecomeMethod::Su, Some("root-password"));
        assert_eq!(who(&connector, &login("alice"), Some(&su)), root(2), "{kind}");

        let refused = |user: &str, target: &Become| {
            let failure = who(&connector, &login(user), Some(target)).expect_err("a refusal");
            assert_eq!(failure.kind, FailureKind::Become, "{failure}");
            failure.message
        };
        let message = |rest: &str| format!("`{address}`: {rest}");
        assert_eq!(refused("operator", &sudo(None)), message("sudo wants a password"));
        assert_eq!(refused("operator", &sudo(Some("fel"))), message("wrong sudo password"));
        let not_listed = refused("alice", &sudo(Some("alice-password")));
        assert_eq!(not_listed, message("sudo doesn't let this login become `root`"));
        assert_eq!(refused("alice", &target(BecomeMethod::Su, Some("fel"))), message("wrong su password"));
    }
}
