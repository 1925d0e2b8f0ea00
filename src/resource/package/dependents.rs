//! What would go with a package if it were removed now: what depends on it by now.

use crate::fragment::{Fragment, Reply, quote};
use crate::resource::{Difference, Extras, Kind, Opaque, Realise, Wanted};

pub struct Dependents;

/// apt says what it would do (where it can't, nothing is known to be needless); elsewhere it can't be told beforehand.
const SCRIPT: &str = r#"command -v apt-get >/dev/null 2>&1 || { echo 'only apt tells that' >&2; exit 1; }
for p; do
  if dpkg-query -W -- "$p" >/dev/null 2>&1; then
    o=$(apt-get -s -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= remove -- "$p" 2>&1) ||
      { printf '%s\n' "$o" | tail -n 1 >&2; exit 1; }
    printf '%s\n' "$o" | sed -n 's/^Remv \([^ ]*\).*/\1/p'
  fi
  echo --
done
true
"#;

impl Kind for Dependents {
    /// The package's name.
    type Id = String;
    /// The packages that would be removed with it.
    type State = Vec<String>;
    const NAME: &'static str = "dependents of package";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let names: Vec<String> = wanted.iter().map(|w| quote(&w.id)).collect();
        Fragment::new(format!("set -- {}\n{SCRIPT}", names.join(" ")))
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<Vec<String>, String>> {
        if reply.status != 0 {
            let why = format!("can't be told: {}", reply.error_text());
            return wanted.iter().map(|_| Err(why.clone())).collect();
        }
        let text = reply.text();
        let mut lines = text.lines();
        let of = |w: &Wanted<String>| {
            let removed = lines.by_ref().take_while(|line| *line != "--");
            let bare = |name: &str| name.split(':').next().unwrap_or_default().to_string();
            Ok(removed.map(bare).filter(|name| *name != bare(&w.id)).collect())
        };
        wanted.iter().map(of).collect()
    }

    fn diff(_id: &String, _from: &Vec<String>, _to: &Vec<String>) -> Vec<Difference> {
        Vec::new()
    }

    fn realise(_: &String, _: &Vec<String>, _: &Vec<String>, _: &Extras) -> Result<Realise, String> {
        Err("what depends on a package is only read".into())
    }

    fn shaken(_id: &String, _state: &Vec<String>, _by: &Opaque) -> bool {
        true
    }
}
