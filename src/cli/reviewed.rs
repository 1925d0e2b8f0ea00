//! `harda apply plan.harda`: what was saved and reviewed is made, and nothing else.

use super::CliError;
use super::apply::ApplyArgs;
use super::options::{BecomeArgs, Connection, InventoryArgs, LoginArgs, Method, RunArgs, TaskArgs};
use super::output::OutputArgs;
use super::passwords;
use super::run::{How, Source, ready};
use super::saving::left_out;
use crate::engine::{Review, SeenAs};
use crate::report::{Paint, safe_line};
use crate::saved::{self, Keys, Plan};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// What a sealed plan is opened with.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Open a sealed plan with the age key in this file; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Saved plans")]
    pub identity: Vec<PathBuf>,

    /// Open a sealed plan by the passphrase in this file; else it is asked for
    #[arg(long, value_name = "FILE", help_heading = "Saved plans")]
    pub seal_passphrase_file: Option<PathBuf>,

    /// Only the plan whose file has this SHA-256
    #[arg(long, value_name = "HEX", value_parser = sha256, help_heading = "Saved plans")]
    pub sha256: Option<String>,
}

impl OpenArgs {
    /// The plan in the file, and its SHA-256.
    pub fn open(&self, path: &Path) -> Result<(Plan, String), CliError> {
        let passphrase = self.seal_passphrase_file.as_deref().map(passwords::read).transpose()?;
        let keys = Keys::new(&self.identity, passphrase, Some(passwords::plan_passphrase))?;
        Ok(saved::read(path, self.sha256.as_deref(), &keys)?)
    }

    fn is_given(&self) -> Option<&'static str> {
        [
            ("--identity", !self.identity.is_empty()),
            ("--seal-passphrase-file", self.seal_passphrase_file.is_some()),
            ("--sha256", self.sha256.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

fn sha256(text: &str) -> Result<String, String> {
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a SHA-256 has 64 hexadecimal digits".into()),
    }
}

/// The saved plan that the arguments name, if they name one.
pub fn named(args: &ApplyArgs) -> Result<Option<&Path>, CliError> {
    let plans: Vec<&PathBuf> = args.run.playbooks.iter().filter(|path| saved::looks_like_one(path)).collect();
    match (plans.as_slice(), args.run.playbooks.len()) {
        ([], _) => match args.open.is_given() {
            Some(option) => {
                let given = args.run.playbooks[0].display();
                Err(CliError::new(format!("`{option}` is for saved plans, and `{given}` is none")))
            }
            None if args.allow_conditional => Err(CliError::new(
                "`--allow-conditional` is for saved plans: without one nothing is held to what was shown before",
            )),
            None => Ok(None),
        },
        ([plan], 1) => Ok(Some(plan)),
        ([plan, ..], _) => Err(CliError::new(format!(
            "`{}` is a saved plan: it is made alone, without other plans or playbooks",
            plan.display()
        ))),
    }
}

pub fn run(args: &ApplyArgs, output: &OutputArgs, how: How, path: &Path) -> Result<i32, CliError> {
    refuse_contradictions(&args.run)?;
    let (plan, sha256) = args.open.open(path)?;
    let run_args = as_planned(&args.run, &plan)?;
    let files = plan.inputs.files().map_err(CliError::new)?;
    let hosts = within(&plan, &files, &args.run.inventory.limit)?;
    let paint = Paint::new(output.color_on_stderr());
    let (file, run) = (safe_line(&path.display().to_string()), safe_line(&plan.run));
    eprintln!("{file}: planned by run {run}, sha256 {sha256}");
    eprint!("{}", left_out(&paint, &plan));
    let source = Source {
        files,
        clock: plan.clock,
        hosts: Some(hosts),
        seen_as: Some(SeenAs { verbosity: plan.arguments.verbosity, ..SeenAs::default() }),
        review: Review::Keep { hosts: plan.hosts, allow_conditional: args.allow_conditional },
    };
    Ok(match ready(&run_args, output, how, source)? {
        Some(mut ready) => ready.run(),
        None => 0,
    })
}

/// Options that say again, or otherwise, what is in the plan.
fn refuse_contradictions(args: &RunArgs) -> Result<(), CliError> {
    let (tasks, login, becoming) = (&args.tasks, &args.login, &args.r#become);
    let given = [
        ("--inventory", !args.inventory.inventory.is_empty()),
        ("--list-hosts", args.inventory.list_hosts),
        ("--tags", !tasks.tags.is_empty()),
        ("--skip-tags", !tasks.skip_tags.is_empty()),
        ("--extra-vars", !tasks.extra_vars.is_empty()),
        ("--list-tasks", tasks.list_tasks),
        ("--syntax-check", tasks.syntax_check),
        ("--probe", tasks.probe),
        ("--no-probes", tasks.no_probes),
        ("--user", login.user.is_some()),
        ("--connection", login.connection.is_some()),
        ("--become", becoming.r#become),
        ("--become-user", becoming.become_user.is_some()),
        ("--become-method", becoming.become_method.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => {
            Err(CliError::new(format!("`{name}` can't be given with a saved plan, which says it already"))
                .hint("plan again with it, or leave it out; `--limit` makes a plan on some of its hosts"))
        }
    }
}

/// The arguments of the run that planned, with the passwords and keys of this one.
fn as_planned(given: &RunArgs, plan: &Plan) -> Result<RunArgs, CliError> {
    let was = &plan.arguments;
    let unknown = |what: &str, name: &str| {
        CliError::new(format!("the plan names the {what} `{name}`, which harda doesn't have"))
    };
    let connection = was
        .connection
        .as_ref()
        .map(|name| Connection::from_str(name, false).map_err(|_| unknown("connection", name)));
    let method = was
        .become_method
        .as_ref()
        .map(|name| Method::from_str(name, false).map_err(|_| unknown("become method", name)));
    if was.playbooks.is_empty() {
        return Err(CliError::new("the plan names no playbook"));
    }
    Ok(RunArgs {
        playbooks: was.playbooks.iter().map(PathBuf::from).collect(),
        inventory: InventoryArgs {
            inventory: was.inventory.clone(),
            limit: was.limit.clone(),
            list_hosts: false,
        },
        tasks: TaskArgs {
            tags: was.tags.clone(),
            skip_tags: was.skip_tags.clone(),
            extra_vars: was.extra_vars.clone(),
            list_tasks: false,
            syntax_check: false,
            probe: was.probe,
            no_probes: was.no_probes,
        },
        login: LoginArgs {
            passwords: Default::default(),
            forks: given.login.forks,
            user: was.user.clone(),
            private_key: given
                .login
                .private_key
                .clone()
                .or_else(|| was.private_key.as_ref().map(PathBuf::from)),
            ask_pass: given.login.ask_pass,
            connection_password_file: given.login.connection_password_file.clone(),
            connection: connection.transpose()?,
            timeout: given.login.timeout,
            accept_new_host_keys: given.login.accept_new_host_keys,
        },
        r#become: BecomeArgs {
            r#become: was.r#become,
            become_user: was.become_user.clone(),
            become_method: method.transpose()?,
            ask_become_pass: given.r#become.ask_become_pass,
            become_password_file: given.r#become.become_password_file.clone(),
        },
        keep_scripts: given.keep_scripts.clone(),
    })
}

/// The hosts of the plan that match the limit, in the inventory's order.
fn within(plan: &Plan, files: &crate::files::Files, limit: &[String]) -> Result<Vec<String>, CliError> {
    let inventory = crate::inventory::load_from(files, &plan.arguments.inventory)?;
    let pattern = match limit {
        [] => "all".to_string(),
        limit => limit.iter().map(|part| named_in(part)).collect::<Result<Vec<_>, _>>()?.join(","),
    };
    let mut hosts = inventory.matches(&pattern)?.hosts;
    // The controller is in no inventory unless it is named there.
    hosts.extend(
        plan.hosts
            .keys()
            .filter(|host| limit.is_empty() && !hosts.contains(host))
            .cloned()
            .collect::<Vec<_>>(),
    );
    hosts.retain(|host| plan.hosts.contains_key(host));
    match hosts.is_empty() {
        true => Err(CliError::new("the plan holds no host that `--limit` names")),
        false => Ok(hosts),
    }
}

/// A limit in a file is read now: it is none of the plan's inputs.
fn named_in(limit: &str) -> Result<String, CliError> {
    let Some(file) = limit.strip_prefix('@') else { return Ok(limit.to_string()) };
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| CliError::unreadable(Path::new(file), &error))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.collect::<Vec<_>>().join(","))
}
