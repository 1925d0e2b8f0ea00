//! What an audit is about: a policy's pack, or a plain playbook.

use super::CliError;
use crate::compliance::Text;
use crate::compliance::audit::{ControlHead, PackHead};
use crate::compliance::pack::{self, Pack};
use crate::files::{Files, embedded};
use crate::module;
use crate::playbook;
use crate::playbook::argument_specs::Topic;
use std::path::{Path, PathBuf};

pub enum Subject {
    Pack { pack: Box<Pack>, given: String },
    Playbook { path: PathBuf, given: String },
}

impl Subject {
    /// A pack's folder, a playbook's file, or the name of a pack that comes with harda.
    pub fn find(files: &Files, given: &str) -> Result<Subject, CliError> {
        let path = Path::new(given);
        let load = |folder: &Path| -> Result<Subject, CliError> {
            let pack = Box::new(Pack::load(files, folder)?);
            Ok(Subject::Pack { pack, given: given.into() })
        };
        if Pack::is_at(files, path) {
            return load(path);
        }
        let is_yaml = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
        if is_yaml || files.is_file(path) {
            return Ok(Subject::Playbook { path: path.into(), given: given.into() });
        }
        let own = embedded::pack(given);
        if !given.is_empty() && Pack::is_at(files, &own) {
            return load(&own);
        }
        let error = CliError::new(format!("`{given}` is no pack and no playbook"));
        Err(error.hint(format!(
            "a pack is a folder with a {}, or `stampeltjanst`, which comes with harda",
            pack::FILE
        )))
    }

    pub fn playbook(&self) -> PathBuf {
        match self {
            Subject::Pack { pack, .. } => pack.playbook.clone(),
            Subject::Playbook { path, .. } => path.clone(),
        }
    }

    /// The topics of its variables, each once, in the order of its plays.
    pub fn topics(&self, files: &Files) -> Result<Vec<Topic>, CliError> {
        let playbook = playbook::load_from(files, &self.playbook(), &module::Names)?;
        let mut topics: Vec<Topic> = Vec::new();
        for topic in playbook.plays.iter().flat_map(|play| play.specs.iter()) {
            if !topics.iter().any(|known| known.name == topic.name) {
                topics.push(topic.clone());
            }
        }
        Ok(topics)
    }

    pub fn pack(&self) -> Option<&Pack> {
        match self {
            Subject::Pack { pack, .. } => Some(pack),
            Subject::Playbook { .. } => None,
        }
    }

    pub fn head(&self) -> PackHead {
        match self {
            Subject::Pack { pack, given } => pack.head(given),
            Subject::Playbook { given, .. } => PackHead {
                name: given.clone(),
                version: String::new(),
                title: Text::both(given),
                given: given.clone(),
                sha256: None,
            },
        }
    }

    /// An audit says something only of the policy that it was made with. Playbooks have no version,
    /// and their paths differ by where harda is called.
    pub fn fits(&self, audited: &PackHead) -> Result<(), CliError> {
        let mine = self.head();
        let is_playbook = self.pack().is_none() && audited.version.is_empty();
        if is_playbook || (&mine.name, &mine.version) == (&audited.name, &audited.version) {
            return Ok(());
        }
        let called = |head: &PackHead| format!("{} {}", head.name, head.version).trim_end().to_string();
        let error =
            CliError::new(format!("the audit is of {}, this pack is {}", called(audited), called(&mine)));
        Err(error.hint(format!("audit again: harda audit {} -i INVENTORY", mine.given)))
    }

    /// What is said of controls that only the playbook knows.
    pub fn plain_head(id: &str) -> ControlHead {
        ControlHead {
            id: id.into(),
            title: Text::both(id),
            severity: crate::compliance::Severity::Medium,
            cis: Vec::new(),
            may_break: None,
            applies: None,
            statements: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_of_another_policy_is_refused() {
        let pack = Subject::find(&Files::default(), "stampeltjanst").expect("the pack");
        let mine = pack.head();
        assert!(pack.fits(&mine).is_ok());
        let older = PackHead { version: "0.0".into(), ..mine.clone() };
        let error = pack.fits(&older).expect_err("another version").to_string();
        assert!(error.contains("the audit is of stampeltjanst 0.0, this pack is stampeltjanst"), "{error}");
        let playbook = Subject::Playbook { path: "site.yml".into(), given: "site.yml".into() };
        assert!(playbook.fits(&mine).is_err() && pack.fits(&playbook.head()).is_err());
        let elsewhere = PackHead { name: "../site.yml".into(), ..playbook.head() };
        assert!(playbook.fits(&elsewhere).is_ok());
    }
}
