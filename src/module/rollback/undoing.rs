//! What undoing a run comes to: for each resource the state before the run's first Change of it, in
//! reverse order of first touch; and what can't be undone, or no longer, and why.

use crate::manifest::{Made, Manifest, Net, folder};
use crate::module::Want;
use crate::resource::effective::service_of;
use crate::resource::file::{Body, Bytes, File, FileState, SHOWN_BYTES, What};
use crate::resource::inside::Inside;
use crate::resource::package::dependents::Dependents;
use crate::resource::package::{Candidate, PackageState, Status};
use crate::resource::unit::{self, Active, Boot, UnitState};
use crate::resource::user::{self, UserState};
use crate::resource::{Extras, Key, Level, State, Typed, Undo};
use crate::world::{Stop, World};
use std::collections::BTreeSet;

/// The plan of a rollback on one host.
#[derive(Default)]
pub struct Undoing {
    pub wants: Vec<Want>,
    /// Resources that somebody has changed since.
    pub drifted: Vec<Key>,
    /// What isn't undone, or not in full.
    pub notes: Vec<String>,
    /// Services whose files change.
    pub services: Vec<String>,
    /// Files and folders that will be gone.
    going: BTreeSet<String>,
    /// Packages that the run brought and that can go.
    leaving: BTreeSet<String>,
    /// Packages come last, in one call: what stands on their files is undone before.
    packages: Vec<Want>,
}

impl Undoing {
    pub fn of(manifest: &Manifest, world: &World) -> Result<Undoing, Stop> {
        let net = manifest.net();
        let mut waiting = false;
        for (key, level) in net.iter().flat_map(|net| asks(net, manifest)) {
            waiting |= matches!(world.ask_any(&key, level), Err(Stop::Waiting));
        }
        if waiting {
            return Err(Stop::Waiting);
        }
        let mut undoing = Undoing { leaving: leaving(&net, world), ..Undoing::default() };
        for net in &net {
            undoing.add(net, manifest, world);
        }
        let packages = std::mem::take(&mut undoing.packages);
        undoing.wants.extend(packages);
        for act in manifest.acts.iter().filter(|act| act.opaque) {
            let what = format!("{} (task `{}`)", act.title, act.task);
            undoing.notes.push(match act.guarded && manifest.restored.is_some() {
                true => format!("the host has taken back already what its switch keeps of {what}"),
                false => format!("not undone: {what}"),
            });
        }
        Ok(undoing)
    }

    fn add(&mut self, net: &Net<'_>, manifest: &Manifest, world: &World) {
        let key = &net.first.key;
        let now = match world.ask_any(key, Level::Digest) {
            Ok(now) => now,
            Err(Stop::Error(why)) => return self.notes.push(format!("not undone: {why}")),
            Err(_) => return,
        };
        if key.same(now, &net.first.from) {
            return;
        }
        if !as_left(net, manifest, now) {
            self.drifted.push(key.clone());
        }
        match self.target(net, manifest, world, now) {
            Ok(Some((to, mut extras))) => {
                extras.hidden = net.secret;
                extras.guard = net.first.extras.guard;
                let want = Want { key: key.clone(), to, extras };
                self.note_service(key);
                if let (Key::File(path), State::File(FileState::Absent { .. })) = (key, &want.to) {
                    self.going.insert(path.clone());
                }
                if let Undo::Partial(why) = &net.first.undo {
                    self.notes.push(format!("undone in part: {key}: {why}"));
                }
                match key {
                    Key::Package(_) => self.packages.push(want),
                    _ => self.wants.push(want),
                }
            }
            Ok(None) => {}
            Err(why) => self.notes.push(format!("not undone: {key}: {why}")),
        }
    }

    fn note_service(&mut self, key: &Key) {
        let Key::File(path) = key else { return };
        let service = service_of(path).filter(|service| service.is_told());
        if let Some(name) =
            service.map(|service| service.name.to_string()).filter(|n| !self.services.contains(n))
        {
            self.services.push(name);
        }
    }

    /// The state to go back to and how, or why there is no going back; nothing where it goes with
    /// something else.
    fn target(
        &self,
        net: &Net<'_>,
        manifest: &Manifest,
        world: &World,
        now: &State,
    ) -> Result<Option<(State, Extras)>, String> {
        match (&net.first.key, &net.first.from) {
            (Key::File(path), State::File(from)) => self.file(path, from, net, manifest, world).map(Some),
            (Key::Package(name), State::Package(from)) => {
                let State::Package(now) = now else { return Ok(None) };
                self.package(name, from, now, world)
            }
            (Key::User(_), State::User(from)) => Ok(Some(account(from, net, manifest))),
            (Key::Unit(_), State::Unit(UnitState::Absent)) => Ok(stopped(now)),
            (Key::Unit(name), _) if net.first.brought && self.goes(name, manifest) => Ok(stopped(now)),
            (Key::Unit(name), _) if *now == State::Unit(UnitState::Absent) && !has_file(name, manifest) => {
                Err("it is gone; once its package is back it is as that makes it".into())
            }
            (Key::Sysctl(_), State::Sysctl(from)) if from.value.is_none() => {
                Err("the kernel had no such key before".into())
            }
            (_, from) => Ok(Some((
                from.clone(),
                Extras { group: net.first.extras.group.clone(), ..Extras::default() },
            ))),
        }
    }

    /// Whether a unit that the run brought goes with its file, or with the packages that go.
    fn goes(&self, unit: &str, manifest: &Manifest) -> bool {
        let net = manifest.net();
        let brings = |made: &Made| matches!(&made.from, State::File(FileState::Absent { .. }));
        let written = net.iter().any(|net| brings(net.first) && is_file_of(net.first, unit));
        // Of a package that stays the unit stays too, as the package made it.
        written || (!self.leaving.is_empty() && brought(&net).all(|name| self.leaving.contains(name)))
    }

    fn file(
        &self,
        path: &str,
        from: &FileState,
        net: &Net<'_>,
        manifest: &Manifest,
        world: &World,
    ) -> Result<(State, Extras), String> {
        let mut extras = Extras { in_place: net.first.extras.in_place, ..Extras::default() };
        let mut to = from.clone();
        match &mut to {
            FileState::Present(entry) => match &mut entry.what {
                What::File(body) => {
                    extras.kept = kept_file(manifest, path, body);
                    body.bytes = bytes(extras.kept.as_deref(), net.secret, world);
                }
                What::Directory => extras.kept = kept_tree(manifest, &net.first.key),
                What::Link { .. } => {}
                What::Other(kind) => return Err(format!("a {kind} can't be made again")),
            },
            FileState::Absent { .. } => {
                let inside = |path: &str| {
                    let state = world.ask_any(&Inside::key(path.to_string()), Level::Digest).ok();
                    state.and_then(Inside::unwrap).cloned().unwrap_or_default()
                };
                // What the run itself had put back there.
                let own = net.first.extras.kept.as_deref().map(inside).unwrap_or_default();
                let goes = |name: &String| {
                    self.going.contains(&format!("{}/{name}", path.trim_end_matches('/')))
                        || own.contains(name)
                };
                let left = inside(path).into_iter().find(|name| !goes(name));
                if let Some(name) = left {
                    return Err(format!("by now it holds `{name}`, which the run did not make"));
                }
            }
        }
        Ok((State::File(to), extras))
    }

    fn package(
        &self,
        name: &str,
        from: &PackageState,
        now: &PackageState,
        world: &World,
    ) -> Result<Option<(State, Extras)>, String> {
        let extras = Extras::default();
        match (&from.status, &now.status) {
            (Status::Absent { .. }, _) if self.leaving.contains(name) => {
                // Never purged: its configuration may be somebody's by now.
                Ok(Some((State::Package(PackageState::absent(true)), extras)))
            }
            (Status::Absent { .. }, _) => Err(match dependents(name, world) {
                Ok(others) => format!("it stays, since {} needs it by now", others.join(", ")),
                Err(why) => format!("it stays: whether something needs it {why}"),
            }),
            (Status::Installed { version, .. }, Status::Absent { .. }) => match &now.candidate {
                Candidate::Version(there) if there == version || version.is_empty() => {
                    Ok(Some((State::Package(PackageState::installed(version.clone(), true)), extras)))
                }
                Candidate::Version(there) => {
                    Err(format!("the repositories have {there} by now, and not {version}"))
                }
                _ => Err(format!("no repository of the host has {version}")),
            },
            (Status::Installed { version, .. }, _) => {
                Err(format!("it was upgraded from {version}; packages are not downgraded"))
            }
            (Status::Broken { .. }, _) => Err("it was half installed before".into()),
        }
    }
}

/// All that must be known of a resource to undo its Changes.
fn asks(net: &Net<'_>, manifest: &Manifest) -> Vec<(Key, Level)> {
    let key = net.first.key.clone();
    let mut asks = Vec::new();
    let mut level = Level::Digest;
    match (&key, &net.first.from) {
        (Key::File(path), State::File(from)) => {
            if let (Some(body), false) = (from.body(), net.secret) {
                level = Level::Content { unless: vec![body.digest.clone()] };
                let kept = kept_file(manifest, path, body).filter(|_| body.size <= SHOWN_BYTES);
                asks.extend(kept.map(|kept| (File::key(kept), Level::Content { unless: Vec::new() })));
            }
            if from.entry().is_none() {
                let folders = [Some(path), net.first.extras.kept.as_ref()].into_iter().flatten();
                asks.extend(folders.map(|path| (Inside::key(path.clone()), Level::Digest)));
            }
        }
        (Key::Package(name), State::Package(from)) if from.is_absent() => {
            asks.push((Dependents::key(name.clone()), Level::Digest));
        }
        _ => {}
    }
    asks.push((key, level));
    asks
}

/// Whether the resource is as the run left it. Of a Change that isn't known to be made in full
/// both sides are; of a package only that it is there, as it may have been upgraded since.
fn as_left(net: &Net<'_>, manifest: &Manifest, now: &State) -> bool {
    let key = &net.first.key;
    if let (State::Package(now), State::Package(to)) = (now, &net.last.to) {
        return now.is_absent() == to.is_absent() || !manifest.is_made(net.last);
    }
    if let (State::Unit(UnitState::Absent), State::Unit(to)) = (now, &net.last.to) {
        // What was stopped has gone with its file or its package.
        return to.is_down();
    }
    key.same(now, &net.last.to) || (!manifest.is_made(net.last) && key.same(now, &net.last.from))
}

fn is_file_of(made: &Made, unit: &str) -> bool {
    matches!(&made.key, Key::File(path) if unit::unit_of_file(path) == Some(unit))
}

/// Whether the run changed a unit's own file.
fn has_file(unit: &str, manifest: &Manifest) -> bool {
    manifest.changes.iter().any(|made| is_file_of(made, unit))
}

/// The packages that the run brought.
fn brought<'n>(net: &'n [Net<'_>]) -> impl Iterator<Item = &'n String> {
    net.iter().filter_map(|net| match (&net.first.key, &net.first.from) {
        (Key::Package(name), State::Package(from)) if from.is_absent() => Some(name),
        _ => None,
    })
}

/// The packages that the run brought, without those that something else needs by now.
fn leaving(net: &[Net<'_>], world: &World) -> BTreeSet<String> {
    let mut leaving: BTreeSet<String> = brought(net).cloned().collect();
    loop {
        let before = leaving.len();
        let stay: Vec<String> = leaving
            .iter()
            .filter(|name| {
                dependents(name, world).map_or(true, |others| others.iter().any(|o| !leaving.contains(o)))
            })
            .cloned()
            .collect();
        leaving.retain(|name| !stay.contains(name));
        if leaving.len() == before {
            return leaving;
        }
    }
}

fn dependents(name: &str, world: &World) -> Result<Vec<String>, String> {
    match world.ask_any(&Dependents::key(name.to_string()), Level::Digest) {
        Ok(state) => Ok(Dependents::unwrap(state).cloned().unwrap_or_default()),
        Err(_) => Err("can't be told on this host".into()),
    }
}

/// Where the copy of a file's content lies that a run has replaced.
fn kept_file(manifest: &Manifest, path: &str, body: &Body) -> Option<String> {
    let holds = |made: &&Made| match (&made.key, &made.from) {
        (Key::File(id), State::File(from)) => id == path && from.body() == Some(body),
        _ => false,
    };
    let kept = manifest.changes.iter().filter(holds).find_map(|made| made.kept.as_ref())?;
    Some(format!("{}/{kept}", folder(&manifest.run)))
}

/// Where a folder lies that a run has removed.
fn kept_tree(manifest: &Manifest, key: &Key) -> Option<String> {
    let of = manifest.changes.iter().filter(|made| made.key == *key);
    let kept = of.filter_map(|made| made.kept.as_ref()).find(|kept| kept.starts_with("trees/"))?;
    Some(format!("{}/{kept}", folder(&manifest.run)))
}

/// The bytes as they are kept: read, where they are to be shown and judged; else where they lie.
fn bytes(kept: Option<&str>, secret: bool, world: &World) -> Bytes {
    let Some(kept) = kept else { return Bytes::Elsewhere };
    let read = world.ask_any(&File::key(kept.to_string()), Level::Digest).ok().filter(|_| !secret);
    match read.and_then(File::unwrap).and_then(FileState::body).map(|body| &body.bytes) {
        Some(Bytes::Memory(bytes)) => Bytes::Memory(bytes.clone()),
        _ => Bytes::Host(kept.to_string()),
    }
}

fn account(from: &UserState, net: &Net<'_>, manifest: &Manifest) -> (State, Extras) {
    let mut extras = Extras::default();
    match from {
        UserState::Absent => {
            // A home that was there before the account is not the run's to remove.
            let remove = manifest.new_homes.contains(&net.first.n);
            extras.account = user::Options { remove, ..user::Options::default() };
        }
        UserState::Present(_) => {
            let removed =
                |made: &&Made| made.key == net.first.key && made.to == State::User(UserState::Absent);
            let n = manifest.changes.iter().find(removed).map(|made| made.n);
            let sub_ids = n.map(|n| format!("{}/trees/{n}", folder(&manifest.run)));
            extras.account = user::Options { shared_uid: true, sub_ids, ..user::Options::default() };
            extras.kept = kept_tree(manifest, &net.first.key);
        }
    }
    (State::User(from.clone()), extras)
}

/// A unit that the run brought goes with its file or package; until then it neither runs nor starts
/// at boot.
fn stopped(now: &State) -> Option<(State, Extras)> {
    let State::Unit(UnitState::Present(service)) = now else { return None };
    let mut service = service.clone();
    service.active = Active::Inactive;
    if service.boot == Boot::Enabled {
        service.boot = Boot::Disabled;
    }
    Some((State::Unit(UnitState::Present(service)), Extras::default()))
}

#[cfg(test)]
mod tests;
