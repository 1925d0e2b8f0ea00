//! What lies in a folder, by name: for the one who wants to remove it. In a link to a folder lies
//! nothing: it is the link that goes.

use super::{Difference, Extras, Key, Kind, NO_RIGHTS, Opaque, Realise, State, Wanted};
use crate::fragment::{Fragment, Reply, quote};

/// So many are told; nobody wants to read more.
const LISTED: usize = 100;

pub struct Inside;

impl Kind for Inside {
    /// The folder's path.
    type Id = String;
    /// Names of the entries; empty where it is empty or not there.
    type State = Vec<String>;
    const NAME: &'static str = "entries of folder";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let list = |w: &Wanted<String>| {
            let folder = quote(&w.id);
            format!(
                "if [ -L {folder} ]; then echo //; elif [ -d {folder} ] && [ ! -r {folder} ]; then echo /; else [ ! -d {folder} ] || ls -A -- {folder} 2>/dev/null | head -n {LISTED}\necho //; fi\n"
            )
        };
        Fragment::new(wanted.iter().map(list).collect::<String>() + "true\n")
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<Vec<String>, String>> {
        let text = reply.text();
        let mut lines = text.lines();
        let mut read = || {
            let mut names = Vec::new();
            loop {
                match lines.next() {
                    // No name has a slash in it.
                    Some("/") => return Err(format!("can't be listed, {NO_RIGHTS}")),
                    Some("//") => return Ok(names),
                    Some(name) => names.push(name.to_string()),
                    None => return Err("could not be listed".to_string()),
                }
            }
        };
        wanted.iter().map(|_| read()).collect()
    }

    fn diff(_id: &String, _from: &Vec<String>, _to: &Vec<String>) -> Vec<Difference> {
        Vec::new()
    }

    fn realise(_: &String, _: &Vec<String>, _: &Vec<String>, _: &Extras) -> Result<Realise, String> {
        Err("what lies in a folder is changed one by one".into())
    }

    fn shaken(_id: &String, _state: &Vec<String>, _by: &Opaque) -> bool {
        true
    }

    fn stands_on(id: &String, changed: &Key, _now: &State) -> bool {
        matches!(changed, Key::File(path) if super::file::parent(path) == id)
    }
}
