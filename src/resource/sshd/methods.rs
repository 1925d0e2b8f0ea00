//! AuthenticationMethods: whether what is demanded is also enabled. Inside a Match block sshd
//! doesn't look, and those users are locked out at their next login.

use super::Settings;

/// Each method and the keyword that enables it (sshd_config(5), AuthenticationMethods).
const ENABLED_BY: &[(&str, &str)] = &[
    ("publickey", "pubkeyauthentication"),
    ("password", "passwordauthentication"),
    ("keyboard-interactive", "kbdinteractiveauthentication"),
    ("hostbased", "hostbasedauthentication"),
    ("gssapi-with-mic", "gssapiauthentication"),
];

/// Whether a method is enabled.
pub fn enabled(method: &str, settings: &Settings) -> bool {
    let keyword = ENABLED_BY.iter().find(|(m, _)| *m == method).map(|(_, k)| *k);
    keyword.and_then(|k| settings.get(k)).is_some_and(|v| v.iter().any(|v| v == "yes"))
}

/// The alternatives of AuthenticationMethods: each a list of methods that all must succeed. `any`
/// is a list for each method that is enabled.
pub fn alternatives(settings: &Settings) -> Vec<Vec<String>> {
    let text = settings.get("authenticationmethods").map(|v| v.join(" ")).unwrap_or_default();
    if text.is_empty() || text == "any" {
        let on = ENABLED_BY.iter().filter(|(m, _)| enabled(m, settings));
        return on.map(|(m, _)| vec![m.to_string()]).collect();
    }
    let method = |m: &str| m.split(':').next().unwrap_or_default().to_string();
    text.split_whitespace().map(|list| list.split(',').map(method).collect()).collect()
}

/// Why nobody could log in by these settings, if so.
pub fn unsatisfied(settings: &Settings) -> Option<String> {
    let lists = alternatives(settings);
    if lists.iter().any(|list| list.iter().all(|m| enabled(m, settings))) {
        return None;
    }
    let off = lists.iter().flatten().find(|m| !enabled(m, settings));
    Some(match off {
        Some(method) => {
            let keyword = ENABLED_BY.iter().find(|(m, _)| m == method).map_or("", |(_, k)| *k);
            let demanded = settings.get("authenticationmethods").map(|v| v.join(" ")).unwrap_or_default();
            format!(
                "`AuthenticationMethods {demanded}` asks for `{method}`, which `{keyword}` does not enable"
            )
        }
        None => "no way to authenticate is enabled".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(k, v)| (k.to_string(), vec![v.to_string()])).collect()
    }

    #[test]
    fn methods_that_nothing_enables_are_told() {
        let on = [("pubkeyauthentication", "yes"), ("kbdinteractiveauthentication", "no")];
        let with = |methods: &str| {
            let mut all = settings(&on);
            all.insert("authenticationmethods".into(), vec![methods.into()]);
            unsatisfied(&all)
        };
        assert_eq!(with("any"), None);
        assert_eq!(with("publickey,password publickey"), None);
        assert_eq!(
            with("publickey,keyboard-interactive:pam").as_deref(),
            Some(
                "`AuthenticationMethods publickey,keyboard-interactive:pam` asks for `keyboard-interactive`, which `kbdinteractiveauthentication` does not enable"
            )
        );
        assert_eq!(unsatisfied(&settings(&[])).as_deref(), Some("no way to authenticate is enabled"));
    }
}
