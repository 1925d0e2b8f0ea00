//! The options by which the same hosts are reached again, for the commands that reports show. What
//! may be secret is not among them: a variable given on the command line is named, without its value.

use super::options::{BecomeArgs, LoginArgs};
use crate::report::audit::word;
use std::path::Path;

/// Variables whose values are no secrets, and without which the host isn't reached.
const SHOWN: &[&str] = &["ansible_connection", "ansible_host", "ansible_port", "ansible_user"];

/// As a shell takes them, each after a blank.
pub fn options(login: &LoginArgs, r#become: &BecomeArgs, extra_vars: &[String]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_string(), word(&value)]);
        }
    };
    option("-u", login.user.clone());
    option("--private-key", login.private_key.as_deref().map(lasting));
    option("-c", login.connection.map(|connection| connection.name().to_string()));
    option("--connection-password-file", login.connection_password_file.as_deref().map(lasting));
    option("--become-user", r#become.become_user.clone());
    option("--become-method", r#become.become_method.map(|method| method.name().to_string()));
    option("--become-password-file", r#become.become_password_file.as_deref().map(lasting));
    extra_vars.iter().for_each(|given| option("-e", Some(without_secrets(given))));
    let flags = [(login.ask_pass, "-k"), (r#become.r#become, "-b"), (r#become.ask_become_pass, "-K")];
    words.extend(flags.into_iter().filter(|(is_given, _)| *is_given).map(|(_, flag)| flag.to_string()));
    words.iter().map(|word| format!(" {word}")).collect()
}

/// The files among what is given by `-e`.
pub fn files(extra_vars: &[String]) -> Vec<String> {
    let files = extra_vars.iter().filter_map(|given| given.strip_prefix('@'));
    files.map(|file| lasting(Path::new(file))).collect()
}

/// A file as it can be given again from another folder.
fn lasting(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    path.to_string_lossy().into_owned()
}

/// `@FILE` stays as it is; of `name=value` the name.
fn without_secrets(given: &str) -> String {
    if let Some(file) = given.strip_prefix('@') {
        return format!("@{}", lasting(Path::new(file)));
    }
    let pairs: Option<Vec<(&str, &str)>> =
        given.split_whitespace().map(|pair| pair.split_once('=')).collect();
    let shown = |(name, value): (&str, &str)| match SHOWN.contains(&name) {
        true => format!("{name}={value}"),
        false => format!("{name}=VALUE"),
    };
    match pairs {
        Some(pairs) if !given.starts_with(['{', '[']) => {
            pairs.into_iter().map(shown).collect::<Vec<_>>().join(" ")
        }
        _ => "VARS".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::options::{Connection, Method};

    #[test]
    fn the_same_hosts_are_reached_again_and_no_secret_is_told() {
        let login = LoginArgs {
            user: Some("admin".into()),
            private_key: Some("/keys/of mine".into()),
            connection: Some(Connection::Openssh),
            ask_pass: true,
            ..LoginArgs::default()
        };
        let r#become = BecomeArgs {
            r#become: true,
            become_user: Some("op".into()),
            become_method: Some(Method::Su),
            ask_become_pass: true,
            ..BecomeArgs::default()
        };
        let vars = ["@/site.yml", "token=s3cret ansible_port=2222", "{\"pin\": 1234}", "word='two words'"];
        let told = options(&login, &r#become, &vars.map(String::from));
        assert_eq!(
            told,
            " -u admin --private-key '/keys/of mine' -c openssh --become-user op --become-method su -e @/site.yml \
             -e 'token=VALUE ansible_port=2222' -e VARS -e VARS -k -b -K"
        );
        assert_eq!(options(&LoginArgs::default(), &BecomeArgs::default(), &[]), "");
    }
}
