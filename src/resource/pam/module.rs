//! A PAM module's file: a stack that names one which isn't there fails for everybody.

use crate::fragment::{Fragment, Reply, quote};
use crate::resource::{Difference, Extras, Kind, Opaque, Realise, Wanted};

pub struct PamModule;

/// Where libpam looks, on Debian (multiarch), and elsewhere.
const SCRIPT: &str = r#"for m; do
  r=no
  case $m in /*) [ -e "$m" ] && r=yes;; *)
    for p in /usr/lib/*/security/"$m" /lib/*/security/"$m" /usr/lib64/security/"$m" /usr/lib/security/"$m" /lib/security/"$m"; do
      [ -e "$p" ] && { r=yes; break; }
    done;;
  esac
  echo $r
done
true
"#;

impl Kind for PamModule {
    /// `pam_faillock.so`, or a path.
    type Id = String;
    /// Whether it is there.
    type State = bool;
    const NAME: &'static str = "pam module";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let names: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();
        Fragment::new(format!("set -- {}\n{SCRIPT}", names.join(" ")))
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<bool, String>> {
        let text = reply.text();
        let mut lines = text.lines();
        let answer = |line: Option<&str>| match line {
            Some("yes") => Ok(true),
            Some("no") => Ok(false),
            _ => Err(format!("could not be asked for: {}", reply.error_text())),
        };
        wanted.iter().map(|_| answer(lines.next())).collect()
    }

    fn diff(_name: &String, from: &bool, to: &bool) -> Vec<Difference> {
        let word = |there: &bool| if *there { "present" } else { "absent" };
        match from == to {
            true => Vec::new(),
            false => vec![Difference::property("module", word(from), word(to))],
        }
    }

    fn realise(name: &String, _: &bool, _: &bool, _: &Extras) -> Result<Realise, String> {
        Err(format!("`{name}` comes with its package"))
    }

    fn shaken(_name: &String, there: &bool, _by: &Opaque) -> bool {
        !there
    }
}
