//! The text of a profile, as pam-auth-update reads it (its manual page describes the format).

use super::Lines;

/// What a profile puts into which stack.
#[derive(Debug, Default, PartialEq)]
pub struct Profile {
    pub lines: Lines,
    /// The same where it is the first of the stack.
    pub first: Lines,
}

const SINGLE: &[&str] = &["Name", "Default", "Priority", "Conflicts", "Session-Interactive-Only"];
const KINDS: &[&str] = &["Auth", "Account", "Password", "Session"];

impl Profile {
    /// Reads the text; what pam-auth-update would silently leave out is an error.
    pub fn read(text: &str) -> Result<Self, String> {
        let fields = fields(text)?;
        let get = |name: &str| fields.iter().find(|f| f.name == name);
        for needed in ["Name", "Priority"] {
            if get(needed).is_none_or(|f| f.value.is_empty()) {
                return Err(format!("a profile needs a line `{needed}: ...`"));
            }
        }
        if get("Priority").is_some_and(|f| f.value.parse::<u32>().is_err()) {
            return Err("`Priority` of a profile is a number".into());
        }
        let mut profile = Profile::default();
        for kind in KINDS {
            let lines = get(kind).map(|f| f.lines.clone()).unwrap_or_default();
            let first = get(&format!("{kind}-Initial")).map_or(lines.clone(), |f| f.lines.clone());
            if lines.is_empty() && first.is_empty() {
                continue;
            }
            match get(&format!("{kind}-Type")).map(|f| f.value.as_str()) {
                Some("Primary" | "Additional") => {}
                _ => {
                    return Err(format!(
                        "`{kind}:` of a profile needs `{kind}-Type: Primary` or `Additional`"
                    ));
                }
            }
            // Whatever its value: pam-auth-update only looks whether it is there.
            let quiet = get("Session-Interactive-Only").is_some();
            let stacks: &[&str] = match (*kind, quiet) {
                ("Auth", _) => &["auth"],
                ("Account", _) => &["account"],
                ("Password", _) => &["password"],
                (_, true) => &["session"],
                (_, false) => &["session", "session-noninteractive"],
            };
            for stack in stacks {
                profile.lines.insert(stack.to_string(), lines.clone());
                profile.first.insert(stack.to_string(), first.clone());
            }
        }
        match profile.lines.is_empty() {
            true => Err("the profile holds no lines for any stack".into()),
            false => Ok(profile),
        }
    }

    /// The modules that it names.
    pub fn modules(&self) -> Vec<String> {
        let lines = self.lines.values().chain(self.first.values()).flatten();
        let mut modules: Vec<String> = lines.filter_map(|line| module(line)).map(str::to_string).collect();
        modules.sort();
        modules.dedup();
        modules
    }
}

/// The module of a line: the word after the control, which may be in brackets.
fn module(line: &str) -> Option<&str> {
    let rest = match line.starts_with('[') {
        true => line.split_once(']')?.1,
        false => line.split_once(' ')?.1,
    };
    rest.split_whitespace().next()
}

struct Field {
    name: String,
    value: String,
    lines: Vec<String>,
}

fn fields(text: &str) -> Result<Vec<Field>, String> {
    let mut fields: Vec<Field> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |why: &str| Err(format!("line {} of the profile {why}: `{line}`", index + 1));
        if line.starts_with([' ', '\t']) {
            match fields.last_mut() {
                Some(field) if field.value.is_empty() => field.lines.push(one_blank(line)),
                _ => return wrong("belongs to no field"),
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { return wrong("is no field") };
        let known = SINGLE.contains(&name)
            || KINDS
                .iter()
                .any(|k| name.strip_prefix(k).is_some_and(|r| ["", "-Type", "-Initial"].contains(&r)));
        if !known {
            return wrong("has an unknown name");
        }
        let single = SINGLE.contains(&name) || name.ends_with("-Type");
        if !single && !value.trim().is_empty() {
            return wrong("must hold nothing after the colon: its lines come below, behind a tab");
        }
        fields.push(Field { name: name.into(), value: value.trim().into(), lines: Vec::new() });
    }
    Ok(fields)
}

/// A line with its runs of blanks as one.
pub fn one_blank(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HISTORY: &str = "Name: Refuse passwords that were used before\nDefault: no\nPriority: 512\n\
        Password-Type: Primary\nPassword:\n\trequisite\tpam_pwhistory.so remember=5 use_authtok\n\
        Password-Initial:\n\trequisite\tpam_pwhistory.so remember=5\n";

    #[test]
    fn a_profile_says_its_lines() {
        let profile = Profile::read(HISTORY).expect("read");
        assert_eq!(profile.lines["password"], ["requisite pam_pwhistory.so remember=5 use_authtok"]);
        assert_eq!(profile.first["password"], ["requisite pam_pwhistory.so remember=5"]);
        assert_eq!(profile.modules(), ["pam_pwhistory.so"]);
        let session = "Name: x\nPriority: 0\nSession-Type: Additional\nSession:\n\toptional\tpam_x.so a=b\n";
        let stacks: Vec<String> = Profile::read(session).expect("read").lines.into_keys().collect();
        assert_eq!(stacks, ["session", "session-noninteractive"]);
        let jump =
            "Name: x\nPriority: 0\nAuth-Type: Primary\nAuth:\n\t[default=die]\tpam_faillock.so authfail\n";
        assert_eq!(Profile::read(jump).expect("read").modules(), ["pam_faillock.so"]);
    }

    #[test]
    fn what_would_be_left_out_is_an_error() {
        for (text, why) in [
            ("Priority: 1\nAuth-Type: Primary\nAuth:\n\tx y\n", "`Name"),
            ("Name: x\nPriority: high\nAuth-Type: Primary\nAuth:\n\tx y\n", "a number"),
            ("Name: x\nPriority: 1\nAuth:\n\trequired pam_x.so\n", "Auth-Type"),
            ("Name: x\nPriority: 1\nAuth-Type: Primary\nAuth: required pam_x.so\n", "behind a tab"),
            ("Name: x\nPriority: 1\nAuht-Type: Primary\n", "unknown name"),
            ("Name: x\nPriority: 1\n", "no lines"),
        ] {
            let told = Profile::read(text).expect_err("refused");
            assert!(told.contains(why), "{told}");
        }
    }
}
