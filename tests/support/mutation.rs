//! Controls that the general test of mutations (tests/compliance.rs) leaves out, on hosts that have what they are about:
//! each is broken by its own fragment, found, put right and found right.

#![allow(dead_code)]

use crate::support::{Lab, Ran};
use harda::compliance::audit::{Audit, Outcome};
use harda::compliance::pack::Pack;
use harda::files::Files;
use std::path::Path;

/// How a test audits: the inventory and what its site declares, as words for harda.
pub struct Mutant<'l> {
    pub lab: &'l Lab,
    pub hosts: &'l [String],
    pub site: Vec<String>,
}

impl<'l> Mutant<'l> {
    pub fn new(lab: &'l Lab, hosts: &'l [String], vars: &[&str]) -> Self {
        let inventory = lab.inventory("admin").to_string_lossy().into_owned();
        let mut site = vec!["-i".to_string(), inventory, "-l".into(), hosts.join(",")];
        site.extend(vars.iter().flat_map(|var| ["-e".to_string(), var.to_string()]));
        Mutant { lab, hosts, site }
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
                None => drop(self.harda(&["remediate", "--from", "mutant.json", "--accept", id]).expect(0)),
            }
            self.comes_to(id, Outcome::Pass);
        }
    }

    fn on_each(&self, fragment: &str) {
        self.hosts.iter().for_each(|host| drop(self.lab.exec(host, fragment).expect(0)));
    }

    fn harda(&self, words: &[&str]) -> Ran {
        let site = self.site.iter().map(String::as_str);
        self.lab.harda(&words.iter().copied().chain(site).collect::<Vec<_>>())
    }

    #[track_caller]
    fn comes_to(&self, control: &str, outcome: Outcome) {
        let ran =
            self.harda(&["audit", "stampeltjanst", "--control", control, "--report", "json=mutant.json"]);
        let text = std::fs::read_to_string(self.lab.folder.path().join("mutant.json")).expect("the report");
        let audit: Audit = serde_json::from_str(&text).expect("an audit");
        for host in self.hosts {
            let result = audit.host(host).and_then(|host| host.result(control)).expect("a result");
            assert_eq!(result.outcome, outcome, "{host}: {control}: {}", ran.all());
        }
    }
}
