//! `authorized_key`: the keys that let a user in.

mod keys;

use super::file::place;
use super::{Args, Context, Kind, Module, Param, Planned, Want};
use crate::resource::Level;
use crate::resource::file::{Body, Entry, File, FileState, What, parent};
use crate::resource::user::{Account, User};
use crate::world::Stop;

pub struct AuthorizedKey;

const PARAMS: &[Param] = &[
    Param::new(&["user"], Kind::Text, "The account.").required(),
    Param::new(&["key"], Kind::Text, "The public keys, one a line.").required(),
    Param::new(&["state"], Kind::Text, "Default: present.").choices(&["present", "absent"]),
    Param::new(&["exclusive"], Kind::Bool, "Take away all other keys. Default: false."),
    Param::new(&["path"], Kind::Path, "The file. Default: ~/.ssh/authorized_keys"),
    Param::new(
        &["manage_dir"],
        Kind::Bool,
        "Make its folder, 0700 and the user's. Default: true for ~/.ssh.",
    ),
    Param::new(&["key_options"], Kind::Text, "Options before the key, such as `from=\"10.0.0.0/8\"`."),
    Param::new(&["comment"], Kind::Text, "The comment behind the key. Default: the key's own."),
    Param::new(&["follow"], Kind::Bool, "Write to what a link leads to. Default: false."),
    Param::new(&["validate_certs"], Kind::Bool, "Taken: keys are never fetched from a URL."),
];

impl Module for AuthorizedKey {
    fn names(&self) -> &'static [&'static str] {
        &["authorized_key"]
    }

    fn about(&self) -> &'static str {
        "The keys that let a user in."
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn plan(&self, args: &Args, cx: &Context<'_>) -> Result<Planned, Stop> {
        let name = args.needed("user")?;
        let wanted = keys::read(&args.needed("key")?, args.text("key_options"), args.text("comment"))?;
        let state = cx.world.ask::<User>(name.clone())?;
        let account = state.account().ok_or_else(|| {
            Stop::error(format!("user `{name}` does not exist (make it with `user` first)"))
        })?;
        let home = home(&name, account)?;
        let standard = format!("{home}/.ssh");
        let given = args.text("path").unwrap_or_else(|| format!("{standard}/authorized_keys"));
        let path = place(given, args.flag("follow").unwrap_or(false), cx)?;
        let folder = parent(&path).to_string();
        let manage = args.flag("manage_dir").unwrap_or(folder == standard);
        let now = cx.world.ask_at::<File>(path.clone(), Level::Content { unless: Vec::new() });
        let folder_now = cx.world.ask::<File>(folder.clone());
        let (now, folder_now) = (now?, folder_now?);

        let absent = args.text("state").as_deref() == Some("absent");
        let old = text(&path, now)?;
        let new = match absent {
            true => keys::without(&old, &wanted),
            false => keys::with(&old, &wanted, args.flag("exclusive").unwrap_or(false)),
        };
        keep_in(&name, &old, &new, cx)?;
        let mut planned = Planned::default().result("keyfile", path.clone()).result("user", name.clone());
        if absent && now.entry().is_none() {
            return Ok(planned);
        }
        let group = account.group.clone().unwrap_or_else(|| name.clone());
        let owned = |what: What, mode: u32, links: u64| {
            FileState::Present(Entry { what, mode, owner: name.clone(), group: group.clone(), links })
        };
        if manage && !absent {
            planned.wants.push(Want::new::<File>(folder.clone(), owned(What::Directory, 0o700, 1)));
        } else if !absent && folder_now.entry().is_none() && cx.world.waits_for().is_none() {
            return Err(Stop::error(format!(
                "the folder `{folder}` does not exist (`manage_dir: true` makes it)"
            )));
        }
        let links = now.entry().map_or(1, |e| e.links);
        let body = What::File(Body::of(new.into_bytes()));
        planned.wants.push(Want::new::<File>(path, owned(body, 0o600, links)));
        Ok(planned)
    }
}

fn home(name: &str, account: &Account) -> Result<String, Stop> {
    let home = account.home.trim_end_matches('/');
    match home {
        "" | "/nonexistent" | "/dev/null" => Err(Stop::error(format!(
            "user `{name}` has no home folder (its home is `{}`); give the keys' file by `path`",
            account.home
        ))),
        home => Ok(home.to_string()),
    }
}

/// The file's text. A link is not followed unasked: its owner could have it lead anywhere.
fn text(path: &str, now: &FileState) -> Result<String, Stop> {
    match now.entry().map(|e| &e.what) {
        None => Ok(String::new()),
        Some(What::File(body)) => {
            let bytes =
                body.memory().ok_or_else(|| Stop::error(format!("`{path}` is too large to be read")))?;
            String::from_utf8(bytes.to_vec()).map_err(|_| Stop::error(format!("`{path}` is not UTF-8 text")))
        }
        Some(What::Link { target, .. }) => Err(Stop::error(format!(
            "`{path}` is a link to `{target}` (`follow: true` writes to what it leads to)"
        ))),
        Some(_) => Err(Stop::error(format!("`{path}` is a {}, not a file", now.word()))),
    }
}

/// The last key of the account that harda comes back as stays.
fn keep_in(name: &str, old: &str, new: &str, cx: &Context<'_>) -> Result<(), Stop> {
    if name == cx.access.next_user()
        && !cx.access.by_password
        && keys::count(new) == 0
        && keys::count(old) > 0
    {
        return Err(Stop::Refused(format!(
            "this would take the last key from `{name}`, which harda logs in as (`harda_login_after` names another account)"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::testing::{Bench, wanted, wanted_text};
    use crate::resource::user::UserState;
    use serde_json::json;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5gNQ8YRV7xj4N6iD8kz3eY6pKQ3m2lq0v1T9o1cG2h alice@desk";
    const PATH: &str = "/home/alice/.ssh/authorized_keys";

    fn bench() -> Bench {
        let alice = Account { group: Some("users".into()), home: "/home/alice".into(), ..Account::default() };
        Bench::new().has::<User>("alice", UserState::Present(alice)).has::<User>("bob", UserState::Absent)
    }

    #[test]
    fn a_new_key_makes_its_folder() {
        let bench = bench()
            .has::<File>("/home/alice/.ssh", FileState::Absent { folder: true })
            .has::<File>(PATH, FileState::Absent { folder: false });
        let planned = bench.plan("authorized_key", json!({"user": "alice", "key": KEY})).expect("planned");
        let folder = wanted::<File>(&planned, "/home/alice/.ssh").and_then(FileState::entry).expect("wanted");
        assert_eq!((folder.mode, folder.owner.as_str(), folder.group.as_str()), (0o700, "alice", "users"));
        assert_eq!(wanted_text(&planned, PATH), Some(format!("{KEY}\n")));
        let file = wanted::<File>(&planned, PATH).and_then(FileState::entry).expect("wanted");
        assert_eq!(file.mode, 0o600);
    }

    #[test]
    fn the_last_key_of_harda_stays() {
        let mut bench = bench()
            .has::<File>("/home/alice/.ssh", FileState::Absent { folder: true })
            .file(PATH, &format!("{KEY}\n"));
        bench.access.user = "alice".into();
        let gone = || json!({"user": "alice", "key": KEY, "state": "absent"});
        assert!(matches!(bench.plan("authorized_key", gone()), Err(Stop::Refused(_))));
        bench.access.user = "root".into();
        let planned = bench.plan("authorized_key", gone()).expect("planned");
        assert_eq!(wanted_text(&planned, PATH).as_deref(), Some(""));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        assert_eq!(
            bench().error("authorized_key", json!({"user": "bob", "key": KEY})),
            "user `bob` does not exist (make it with `user` first)"
        );
        assert!(
            bench()
                .error("authorized_key", json!({"user": "alice", "key": "https://x/y.keys"}))
                .contains("URL")
        );
    }
}
