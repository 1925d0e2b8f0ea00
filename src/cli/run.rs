//! From arguments to a run of the engine: the one place where the two meet.

use super::CliError;
use super::options::{KeepArgs, RunArgs};
use super::output::{OutputArgs, say};
use super::{extra_vars, interrupt, list, passwords, state};
use crate::engine::{self, Cache, Local, LoginOptions, Options, Review, SeenAs, Selected, Setup, Turn};
use crate::files::Files;
use crate::inventory::Inventory;
use crate::playbook::model::Playbook;
use crate::record::Event;
use crate::report::{Masker, Progress, Sink, Tee, safe_line};
use crate::saved::Clock;
use crate::saved::secrets::VARIABLES;
use crate::secrets::Shape;
use crate::template::{Layer, RunInputs, Templar};
use crate::transport::{self, Connector};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often a quiet run is looked at for lines that were held back.
const QUIET: Duration = Duration::from_millis(250);

/// What tells `plan` from `apply`.
pub struct How {
    pub check: bool,
    pub diff: bool,
    pub detailed_exitcode: bool,
    /// Seconds of the dead-man's switch; `None` goes without.
    pub guard: Option<u64>,
    pub keep: KeepArgs,
    /// A playbook of harda's own instead of the user's.
    pub own: Option<Own>,
}

/// A playbook of harda's own.
pub struct Own {
    /// Stands where a playbook's name would.
    pub name: String,
    pub text: String,
    /// The run that it undoes.
    pub undoes: Option<String>,
}

impl How {
    /// Of a verb that only asks, as root.
    pub fn asks(verb: &str) -> How {
        let text = "- hosts: all\n  become: true\n  tasks: []\n".into();
        How {
            check: true,
            diff: false,
            detailed_exitcode: false,
            guard: None,
            keep: KeepArgs::default(),
            own: Some(Own { name: verb.into(), text, undoes: None }),
        }
    }
}

/// Input files, read and checked before any host is contacted.
struct Loaded {
    playbook: Playbook,
    inventory: Inventory,
    selected: Selected,
}

/// Where a run's inputs come from, and what becomes of its plan.
pub struct Source {
    pub files: Files,
    pub clock: Clock,
    pub review: Review,
    /// Of the hosts that the plays name, those that this run is about; `None` is all.
    pub hosts: Option<Vec<String>>,
    /// What playbooks are told of how harda was called, where that isn't how it was.
    pub seen_as: Option<SeenAs>,
}

impl Source {
    /// From the disk, now.
    pub fn disk(review: Review) -> Result<Self, CliError> {
        let now = jiff::Timestamp::now();
        let clock = Clock {
            now: now.as_second(),
            utc_offset: jiff::tz::TimeZone::system().to_offset(now).seconds(),
            seed: random()?,
        };
        Ok(Source { files: Files::default(), clock, review, hosts: None, seen_as: None })
    }
}

/// A run that only has to be started.
pub struct Ready {
    pub setup: Box<Setup>,
    pub masker: Masker,
    pub clock: Clock,
    sink: Box<dyn Sink>,
}

impl Ready {
    /// Runs, and gives the exit code.
    pub fn run(&mut self) -> i32 {
        let (code, ended) = self.run_but_the_end();
        ended.iter().for_each(|event| self.tell(event));
        code
    }

    /// Runs, and keeps the last event for the one who has something to say before it.
    pub fn run_but_the_end(&mut self) -> (i32, Option<Event>) {
        told(&self.setup, &mut *self.sink)
    }

    pub fn tell(&mut self, event: &Event) {
        self.sink.event(event);
    }
}

pub fn run(args: &RunArgs, output: &OutputArgs, how: How) -> Result<i32, CliError> {
    Ok(match ready(args, output, how, Source::disk(Review::None)?)? {
        Some(mut ready) => ready.run(),
        None => 0,
    })
}

/// Reads and checks all input, before any host is contacted; nothing if something was to be shown
/// instead of a run.
pub fn ready(
    args: &RunArgs,
    output: &OutputArgs,
    how: How,
    source: Source,
) -> Result<Option<Ready>, CliError> {
    let clock = source.clock;
    match prepared(args, output, &how, source)? {
        Prepared::Page(page) => {
            say(&page);
            Ok(None)
        }
        Prepared::Run(setup, masker, progress) => {
            let shown = output.sink(how.diff, masker.clone(), progress);
            let sink = Box::new(Tee::new(shown, state::recorder(&setup.run, &masker)));
            Ok(Some(Ready { setup, masker, clock, sink }))
        }
    }
}

/// What the arguments come to.
pub enum Prepared {
    /// Shown instead of a run.
    Page(String),
    Run(Box<Setup>, Masker, Option<Progress>),
}

/// Reads and checks all inputs, and asks for passwords.
pub fn prepare(args: &RunArgs, output: &OutputArgs, how: &How) -> Result<Prepared, CliError> {
    prepared(args, output, how, Source::disk(Review::None)?)
}

fn prepared(args: &RunArgs, output: &OutputArgs, how: &How, source: Source) -> Result<Prepared, CliError> {
    let files = source.files;
    let extra_vars = Arc::new(extra_vars::parse(&files, &args.tasks.extra_vars)?);
    let folder = args.playbooks.first().map_or_else(|| PathBuf::from("."), |first| folder(first));
    let masker = Masker::default();
    // Whatever they are (a number, a list, a template) and whoever uses them, or nobody.
    let whole = || Shape { whole: true, ..Shape::default() };
    VARIABLES.iter().for_each(|name| masker.secrets().declare(name, whole()));
    let templar =
        Templar::new(RunInputs { secrets: masker.secrets(), ..inputs(&files, source.clock, &folder) });
    let loaded = load(&files, args, how, &templar, &extra_vars)?;
    let asked = args.tasks.tags.iter().chain(&args.tasks.skip_tags);
    for tag in crate::playbook::of_no_task(&loaded.playbook, asked) {
        eprintln!("warning: no task has the tag `{}`", safe_line(tag));
    }
    if let Some(page) = instead(args, &loaded)? {
        return Ok(Prepared::Page(page));
    }
    let passwords = passwords::collect(&args.login, &args.r#become)?;
    passwords.login.iter().chain(&passwords.r#become).for_each(|secret| masker.add(secret.expose()));
    let progress = output.progress();
    let connector = Connector::new(transport::Options {
        accept_new_host_keys: args.login.accept_new_host_keys,
        ask: Some(passwords::ask(progress.as_ref().map(|progress| progress.curtain()), masker.clone())),
        ..transport::Options::default()
    });
    add_inventory_secrets(&loaded, &folder, &masker)?;
    let setup = Setup {
        run: run_id()?,
        playbook: loaded.playbook,
        playbook_name: how.own.as_ref().map_or_else(|| named(&args.playbooks), |own| own.name.clone()),
        inventory_folder: loaded.inventory.folder(),
        inventory: loaded.inventory,
        hosts: match source.hosts {
            None => loaded.selected.hosts.clone(),
            Some(some) => some,
        },
        play_hosts: loaded.selected.hosts,
        empty: loaded.selected.empty,
        options: Options {
            check: how.check,
            diff: how.diff,
            forks: args.login.forks,
            tags: args.tasks.tags.clone(),
            skip_tags: args.tasks.skip_tags.clone(),
            extra_vars,
            r#become: args.r#become.r#become,
            probe: args.tasks.probe,
            no_probes: args.tasks.no_probes,
            verbosity: output.verbose,
            seen_as: source.seen_as.unwrap_or(SeenAs {
                check: how.check,
                diff: how.diff,
                verbosity: output.verbose,
            }),
            keep_scripts: args.keep_scripts.clone(),
            guard: how.guard,
            undoes: how.own.as_ref().and_then(|own| own.undoes.clone()),
            keep_runs: how.keep.keep_runs.and_then(|number| usize::try_from(number).ok()),
            lock_timeout: how.keep.lock_timeout,
            detailed_exitcode: how.detailed_exitcode,
            controls: None,
        },
        templar,
        folder,
        connector,
        secrets: masker.secrets(),
        turn: Turn::default(),
        logins: logins(args, passwords),
        local: Local::new(&files),
        files,
        cache: Cache::default(),
        review: source.review,
        interrupted: interrupt::watch()?,
    };
    engine::check_arguments(&setup)?;
    engine::check_kept_runs(&setup)?;
    if args.login.accept_new_host_keys {
        accept_new_keys(&setup)?;
    }
    Ok(Prepared::Run(Box::new(setup), masker, progress))
}

/// Passwords that the inventory holds are shown no more than those that were typed: also as they are
/// written, where nobody looks them up.
fn add_inventory_secrets(loaded: &Loaded, folder: &Path, masker: &Masker) -> Result<(), CliError> {
    for host in &loaded.selected.hosts {
        for (name, value) in loaded.inventory.vars(host, folder)? {
            if let (true, Some(text)) = (VARIABLES.contains(&name.as_str()), value.as_str()) {
                masker.add(text);
            }
        }
    }
    Ok(())
}

/// Lists the keys of all hosts that are met for the first time, and trusts them, before the run.
/// Hosts behind a jump host with a new key can only be asked once that one is trusted.
fn accept_new_keys(setup: &Setup) -> Result<(), CliError> {
    let logins = setup.all_logins()?;
    loop {
        let new = setup.connector.scan_new_keys(&logins);
        if new.is_empty() {
            return Ok(());
        }
        for key in &new {
            let key = format!("{} ({}) {} {}", key.name, key.address, key.algorithm, key.fingerprint);
            eprintln!("new host key: {}", safe_line(&key));
        }
        let trusted = setup.connector.trust(&new);
        trusted.map_err(|failure| CliError::new(failure.message).hint(failure.hint.unwrap_or_default()))?;
    }
}

/// Runs the engine while another thread sees to it that nothing is held back for long. The last
/// event is not told yet.
fn told(setup: &Setup, sink: &mut dyn Sink) -> (i32, Option<Event>) {
    let sink = Mutex::new(sink);
    let locked = || sink.lock().unwrap_or_else(PoisonError::into_inner);
    let (ended, end) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let end = end;
            while end.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
                locked().idle();
            }
        });
        let mut last = None;
        let code = engine::run(setup, &mut |event| match event {
            Event::Ended { .. } => last = Some(event.clone()),
            event => locked().event(event),
        });
        drop(ended);
        (code, last)
    })
}

fn logins(args: &RunArgs, passwords: passwords::Passwords) -> LoginOptions {
    LoginOptions {
        user: args.login.user.clone(),
        private_key: args.login.private_key.clone(),
        connection: args.login.connection.map(|connection| connection.name().to_string()),
        password: passwords.login,
        become_password: passwords.r#become,
        become_user: args.r#become.become_user.clone(),
        become_method: args.r#become.become_method.map(|method| method.name().to_string()),
        timeout: args.login.timeout.map(Duration::from_secs),
    }
}

fn load(
    files: &Files,
    args: &RunArgs,
    how: &How,
    templar: &Templar,
    extra_vars: &Layer,
) -> Result<Loaded, CliError> {
    let mut errors = Vec::new();
    let mut playbook = Playbook::default();
    for path in &args.playbooks {
        match crate::playbook::load_from(files, path, &crate::module::Names) {
            Ok(read) => playbook.plays.extend(read.plays),
            Err(found) => errors.extend(found),
        }
    }
    if let Some(own) = &how.own {
        playbook = crate::playbook::load_text(&own.name, &own.text, &crate::module::WithOwn)?;
    }
    let inventory = match crate::inventory::load_from(files, &args.inventory.inventory) {
        Ok(inventory) if errors.is_empty() => inventory,
        Ok(_) => return Err(errors.into()),
        Err(found) => {
            errors.extend(found);
            return Err(errors.into());
        }
    };
    let selected = engine::select(&playbook, &inventory, templar, extra_vars, &args.inventory.limit)?;
    Ok(Loaded { playbook, inventory, selected })
}

/// What is shown where no run is wanted.
fn instead(args: &RunArgs, loaded: &Loaded) -> Result<Option<String>, CliError> {
    let mut page = String::new();
    if args.inventory.list_hosts {
        page.push_str(&list::hosts(&loaded.playbook, &loaded.inventory, &loaded.selected.hosts)?);
    }
    if args.tasks.list_tasks {
        page.push_str(&list::tasks(&loaded.playbook, &args.tasks.tags, &args.tasks.skip_tags));
    }
    let wanted = args.inventory.list_hosts || args.tasks.list_tasks || args.tasks.syntax_check;
    Ok(wanted.then_some(page))
}

/// The folder that a playbook's own files are looked for in.
fn folder(playbook: &Path) -> PathBuf {
    match playbook.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn named(playbooks: &[PathBuf]) -> String {
    playbooks.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// A time, the fraction of its second in hexadecimal, and a random part: runs sort by when they began
/// (a host prunes and lists them in that order), and no two are the same.
fn run_id() -> Result<String, CliError> {
    Ok(run_id_of(jiff::Timestamp::now(), random()?))
}

fn run_id_of(began: jiff::Timestamp, random: u64) -> String {
    let second = began.strftime("%Y%m%dT%H%M%SZ");
    let fraction = i64::from(began.subsec_nanosecond()) * 0x1_0000 / 1_000_000_000;
    format!("{second}-{fraction:04x}{:02x}", random & 0xff)
}

fn random() -> Result<u64, CliError> {
    getrandom::u64().map_err(|error| CliError::new(format!("the system gives no random numbers: {error}")))
}

fn inputs(files: &Files, clock: Clock, folder: &Path) -> RunInputs {
    RunInputs {
        now: clock.now,
        utc_offset: clock.utc_offset,
        seed: clock.seed,
        search: vec![folder.to_path_buf()],
        files: files.clone(),
        ..RunInputs::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::is_run_id;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn runs_of_one_second_sort_by_when_they_began() {
        let begun = Timestamp::from_second(1_800_000_000).expect("a time");
        let ids = [(0, 9), (15, 8), (16, 7), (999, 6)]
            .map(|(at, random)| run_id_of(begun + SignedDuration::from_millis(at), random));
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| is_run_id(id)));
    }
}
