//! A remediation wants the values that its audit was made with.

use crate::cli::{CliError, extra_vars};
use crate::compliance::audit::ExtraVars;
use crate::files::Files;
use crate::report::safe_line;
use std::path::Path;

/// The audit's files of variables, where they are still there, and then what is given now, which wins. Variables that the
/// audit had and that nobody gives now are warned of: their values are not kept.
pub fn with_those_of(had: &ExtraVars, given: &[String]) -> Result<Vec<String>, CliError> {
    let there = had.files.iter().filter(|file| Path::new(file).is_file());
    let all: Vec<String> = there.map(|file| format!("@{file}")).chain(given.iter().cloned()).collect();
    let names = extra_vars::parse(&Files::default(), &all)?;
    let lacking: Vec<&str> =
        had.names.iter().filter(|name| !names.contains_key(*name)).map(String::as_str).collect();
    if !lacking.is_empty() {
        eprintln!(
            "warning: the audit was made with values of {} that are not given now (-e): what is done may not be what it wanted",
            safe_line(&lacking.join(", "))
        );
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_there_are_given_again_before_what_is_given_now() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = folder.path().join("site.yml").to_string_lossy().into_owned();
        std::fs::write(&there, "a: 1\n").expect("written");
        let had = ExtraVars { files: vec![there.clone(), "/no/such.yml".into()], names: vec!["a".into()] };
        let given = ["b=2".to_string()];
        assert_eq!(with_those_of(&had, &given).ok(), Some(vec![format!("@{there}"), "b=2".into()]));
        assert_eq!(with_those_of(&ExtraVars::default(), &given).ok(), Some(given.to_vec()));
    }
}
