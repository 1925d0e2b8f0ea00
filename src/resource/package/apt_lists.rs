//! The lists of packages that apt has fetched: only how old they are.

use crate::fragment::{Fragment, Reply};
use crate::resource::{Difference, Extras, Kind, Opaque, Realise, Wanted};
use serde::{Deserialize, Serialize};

/// The one id of this kind.
pub const ID: &str = "lists";

pub struct AptLists;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListsState {
    /// Seconds since they were fetched with success; `None` where there are none.
    pub age: Option<i64>,
}

/// The stamp is written by `apt-get update` where the host's APT::Update::Post-Invoke-Success says
/// so (as update-notifier does); the folder's time is what Ansible falls back on too. A folder
/// without a list in it was emptied, whenever that was.
const SCRIPT: &str = "set -- /var/lib/apt/lists/*_*\n[ -e \"$1\" ] || exit 0\nfor f in /var/lib/apt/periodic/update-success-stamp /var/lib/apt/lists; do\n\
     [ -e $f ] && echo \"$(($(date +%s) - $(stat -c %Y $f)))\" && exit 0\ndone\ntrue\n";

impl Kind for AptLists {
    type Id = String;
    type State = ListsState;
    const NAME: &'static str = "apt";

    fn observe(_wanted: &[Wanted<String>]) -> Fragment {
        Fragment::new(SCRIPT)
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<ListsState, String>> {
        let age = reply.text().trim().parse().ok();
        wanted.iter().map(|_| Ok(ListsState { age })).collect()
    }

    fn diff(_id: &String, _from: &ListsState, _to: &ListsState) -> Vec<Difference> {
        Vec::new()
    }

    /// Time goes by: nothing to hold.
    fn same(_found: &ListsState, _wanted: &ListsState) -> bool {
        true
    }

    fn realise(_: &String, _: &ListsState, _: &ListsState, _: &Extras) -> Result<Realise, String> {
        Err("the lists' age is only read".into())
    }

    fn shaken(_id: &String, _state: &ListsState, by: &Opaque) -> bool {
        by.package.is_none()
    }
}
