//! A policy pack: a folder with the policy's requirements, the controls that serve them, a playbook
//! whose tasks carry the controls (`tags: control:NAME`), and a table from other tools' rules.
//!
//! ```text
//! pack.yml          name, version, title, playbook, files of controls
//! requirements.yml  requirements and their statements, and what satisfies each
//! controls.yml      each control: title, severity, why, what it may break, how to break it
//! foreign.yml       rule ids of OpenSCAP and Lynis, and the controls that answer them
//! ```

mod digest;
mod lint;
mod read;

pub use digest::sha256;
pub use lint::lint;

use super::audit::{ControlHead, PackHead};
use super::{Level, Severity, Text};
use crate::files::Files;
use crate::place::{InputError, Place};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that makes a folder a pack.
pub const FILE: &str = "pack.yml";

#[derive(Clone, Debug)]
pub struct Pack {
    pub name: String,
    pub version: String,
    pub title: Text,
    pub folder: PathBuf,
    pub playbook: PathBuf,
    pub requirements: Vec<Requirement>,
    pub controls: Vec<Control>,
    pub foreign: Foreign,
}

#[derive(Clone, Debug)]
pub struct Requirement {
    pub id: String,
    pub name: Text,
    pub statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub place: Place,
    pub id: String,
    pub level: Level,
    /// The policy's word for the level; none where it says it without one.
    pub keyword: Option<String>,
    pub text: Text,
    /// All of these have to pass.
    pub controls: Vec<(String, Place)>,
    /// Somebody has to attest to it as well.
    pub attestation: bool,
    /// What of it no control covers: without an attestation it is at best partly fulfilled.
    pub missing: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct Control {
    pub place: Place,
    pub id: String,
    pub title: Text,
    pub severity: Severity,
    pub cis: Vec<String>,
    /// What it protects from.
    pub why: Option<Text>,
    /// What it makes of a host.
    pub changes: Option<Text>,
    /// How to go back, where `harda rollback` is not all.
    pub undo: Option<Text>,
    pub may_break: Option<Text>,
    /// Which hosts it is for, where it isn't for all: why it is not applicable elsewhere.
    pub applies: Option<Text>,
    /// Man pages and documents that its facts come from.
    pub sources: Vec<String>,
    /// Variables that a site must have declared.
    pub needs: Vec<String>,
    /// A fragment for `sh` that makes the control fail on a host where it passes: its test runs it.
    pub r#break: Option<String>,
    /// The same for putting it right again, where harda only finds what is wrong and a person decides.
    pub mend: Option<String>,
}

/// Rule ids of other tools, and the controls that answer them.
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    /// The rule's id without `xccdf_org.ssgproject.content_rule_`.
    pub xccdf: BTreeMap<String, Vec<String>>,
    /// Lynis' test ids: `SSH-7408`.
    pub lynis: BTreeMap<String, Vec<String>>,
}

impl Pack {
    /// Reads a pack's folder; all that is wrong with its form is told at once.
    pub fn load(files: &Files, folder: &Path) -> Result<Pack, Vec<InputError>> {
        read::pack(files, folder)
    }

    pub fn is_at(files: &Files, folder: &Path) -> bool {
        files.is_file(&folder.join(FILE))
    }

    pub fn head(&self, given: &str) -> PackHead {
        PackHead {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            given: given.into(),
            sha256: sha256(self),
        }
    }

    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }

    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.requirements.iter().flat_map(|requirement| &requirement.statements)
    }

    /// The statements that a control serves.
    pub fn served_by(&self, control: &str) -> Vec<String> {
        let serves = |s: &&Statement| s.controls.iter().any(|(id, _)| id == control);
        self.statements().filter(serves).map(|s| s.id.clone()).collect()
    }

    /// The controls of these requirements or statements.
    pub fn controls_of(&self, wanted: &[String]) -> Vec<String> {
        let is_wanted = |r: &Requirement, s: &Statement| wanted.iter().any(|w| *w == r.id || *w == s.id);
        let found = self.requirements.iter().flat_map(|r| r.statements.iter().map(move |s| (r, s)));
        let mut ids: Vec<String> = found
            .filter(|(r, s)| is_wanted(r, s))
            .flat_map(|(_, s)| s.controls.iter().map(|(id, _)| id.clone()))
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    pub fn control_heads(&self) -> Vec<ControlHead> {
        let head = |control: &Control| ControlHead {
            id: control.id.clone(),
            title: control.title.clone(),
            severity: control.severity,
            cis: control.cis.clone(),
            may_break: control.may_break.clone(),
            applies: control.applies.clone(),
            statements: self.served_by(&control.id),
        };
        self.controls.iter().map(head).collect()
    }
}
