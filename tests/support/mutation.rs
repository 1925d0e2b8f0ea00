//! Controls that the general test of mutations (tests/compliance.rs) leaves out, on hosts that have what they are about:
//! each is broken by its own fragment, found, put right and found right.

#![allow(dead_code)]

use crate::support::vm::Vm;
use crate::support::{Lab, Ran};
use harda::compliance::audit::{Audit, Outcome};
use harda::compliance::pack::Pack;
use harda::files::Files;
use std::path::{Path, PathBuf};

type Exec<'l> = dyn Fn(&str, &str) -> Ran + 'l;
type Harda<'l> = dyn Fn(&[&str]) -> Ran + 'l;

/// How a test audits: the hosts, and the inventory and what its site declares as words for harda.
pub struct Mutant<'l> {
    hosts: Vec<String>,
    site: Vec<String>,
    folder: PathBuf,
    exec: Box<Exec<'l>>,
    harda: Box<Harda<'l>>,
}

impl<'l> Mutant<'l> {
    pub fn new(lab: &'l Lab, hosts: &[String], vars: &[&str]) -> Self {
        Self::of(lab, hosts, &lab.inventory("admin").to_string_lossy(), vars)
    }

    /// With an inventory of the test's own.
    pub fn of(lab: &'l Lab, hosts: &[String], inventory: &str, vars: &[&str]) -> Self {
        let mut site = vec!["-i".to_string(), inventory.to_string(), "-l".into(), hosts.join(",")];
        site.extend(vars.iter().flat_map(|var| ["-e".to_string(), var.to_string()]));
        Mutant {
            hosts: hosts.to_vec(),
            site,
            folder: lab.folder.path().to_path_buf(),
            exec: Box::new(|host, script| lab.exec(host, script)),
            harda: Box::new(|words| lab.harda(words)),
        }
    }

    /// On a machine of its own kernel.
    pub fn on_vm(vm: &'l Vm, inventory: &str) -> Self {
        Mutant {
            hosts: vec!["vm1".into()],
            site: vec!["-i".into(), inventory.into()],
            folder: vm.folder.path().to_path_buf(),
            exec: Box::new(|_, script| vm.exec(script)),
            harda: Box::new(|words| vm.harda(words)),
        }
    }

    /// Each of these controls passes, fails when it is broken, and passes once it is put right.
    #[track_caller]
    pub fn is_found_and_put_right(&self, controls: &[&str]) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/stampeltjanst");
        let pack = Pack::load(&Files::default(), &folder).expect("the pack is read");
        for id in controls {
            let control = pack.control(id).expect("the control");
            self.comes_to(id, Outcome::Pass);
            self.on_each(control.r#break.as_deref().expect("a way to break it"));
            self.comes_to(id, Outcome::Fail);
            match &control.mend {
                Some(mend) => self.on_each(mend),
                None => drop(self.run(&["remediate", "--from", "mutant.json", "--accept", id])),
            }
            self.comes_to(id, Outcome::Pass);
        }
    }

    fn on_each(&self, fragment: &str) {
        self.hosts.iter().for_each(|host| drop((self.exec)(host, fragment).expect(0)));
    }

    fn run(&self, words: &[&str]) -> Ran {
        let site = self.site.iter().map(String::as_str);
        (self.harda)(&words.iter().copied().chain(site).collect::<Vec<_>>())
    }

    #[track_caller]
    fn comes_to(&self, control: &str, outcome: Outcome) {
        let outcomes = self.outcomes(control);
        let told = std::fs::read_to_string(self.folder.join("mutant.json")).expect("the report");
        assert!(outcomes.iter().all(|o| *o == outcome), "{control} is {outcomes:?}, not {outcome:?}: {told}");
    }

    /// What the control comes to on each host.
    pub fn outcomes(&self, control: &str) -> Vec<Outcome> {
        self.run(&["audit", "stampeltjanst", "--control", control, "--report", "json=mutant.json"]);
        let text = std::fs::read_to_string(self.folder.join("mutant.json")).expect("the report");
        let audit: Audit = serde_json::from_str(&text).expect("an audit");
        let of_host =
            |host: &String| audit.host(host).and_then(|host| host.result(control)).map(|r| r.outcome);
        self.hosts.iter().map(|host| of_host(host).expect("a result")).collect()
    }
}
