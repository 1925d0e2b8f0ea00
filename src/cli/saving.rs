//! `harda plan --out`: the plan goes into a file that `harda apply` makes.

use super::CliError;
use super::options::RunArgs;
use super::output::{Format, OutputArgs, say};
use super::passwords;
use super::run::{How, Ready, Source, ready};
use crate::engine::{Outcome, Review, SeenAs};
use crate::place::InputError;
use crate::record::Event;
use crate::report::{Paint, count, fold, safe_line, safe_long_line};
use crate::saved::{self, Arguments, EXTENSION, Inputs, Plan, Seal, secrets};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The exit code of a run that was interrupted: half a plan isn't saved.
const INTERRUPTED: i32 = 130;

#[derive(Debug, Args)]
pub struct SavingArgs {
    /// Save the plan in this file, for `harda show FILE` and `harda apply FILE`; its SHA-256 is
    /// printed
    #[arg(long, value_name = "FILE", help_heading = "Saving")]
    pub out: Option<PathBuf>,

    /// Seal the plan for the holder of this age key: `age1...`, or a file with such keys; may be
    /// repeated
    #[arg(long, value_name = "RECIPIENT", requires = "out", help_heading = "Saving")]
    pub seal_to: Vec<String>,

    /// Seal the plan by a passphrase, which is asked for
    #[arg(long, requires = "out", conflicts_with_all = ["seal_to", "seal_passphrase_file"], help_heading = "Saving")]
    pub seal: bool,

    /// Seal the plan by the passphrase in this file
    #[arg(long, value_name = "FILE", requires = "out", conflicts_with = "seal_to", help_heading = "Saving")]
    pub seal_passphrase_file: Option<PathBuf>,
}

impl SavingArgs {
    fn seal(&self) -> Result<Option<Seal>, CliError> {
        if !self.seal_to.is_empty() {
            return Ok(Some(Seal::to(&self.seal_to)?));
        }
        if let Some(file) = &self.seal_passphrase_file {
            return Ok(Some(Seal::Passphrase(passwords::read(file)?)));
        }
        Ok(if self.seal { Some(Seal::Passphrase(passwords::new_passphrase()?)) } else { None })
    }
}

pub fn run(
    args: &RunArgs,
    output: &OutputArgs,
    how: How,
    saving: &SavingArgs,
    out: &Path,
) -> Result<i32, CliError> {
    writable(out)?;
    let seal = saving.seal()?;
    let mut source = Source::disk(Review::to_save())?;
    // It is planned as it will be made.
    source.seen_as = Some(SeenAs { verbosity: output.verbose, ..SeenAs::default() });
    let Some(mut ready) = ready(args, output, how, source)? else { return Ok(0) };
    let draft = draft(args, output, &ready)?;
    if seal.is_none() {
        refuse_secrets(&draft, &ready)?;
    }
    let (code, ended) = ready.run_but_the_end();
    // The recap comes before what became of the plan; of records, `ended` is the last.
    if output.format == Format::Text {
        ended.iter().for_each(|event| ready.tell(event));
    }
    let saved = match code {
        INTERRUPTED => Ok(None),
        _ => save(args, output, &ready, seal.as_ref(), out),
    };
    let code = match (saved, output.format) {
        (Ok(Some((plan, sha256))), Format::Json) => {
            print(&json(out, &plan, &sha256, seal.is_some()));
            code
        }
        (Ok(Some((plan, sha256))), Format::Text) => {
            print(&text(output, out, &plan, &sha256, seal.is_some()));
            code
        }
        (Ok(None), _) if code == INTERRUPTED => code,
        (Ok(None), _) => {
            CliError::new("no plan was saved: no host has one that can be made").print(output);
            // What kept the hosts from it is told by the run's own code.
            if matches!(code, 2 | 4 | 5) { code } else { CliError::EXIT_CODE }
        }
        (Err(error), _) => {
            error.print(output);
            CliError::EXIT_CODE
        }
    };
    if let (Format::Json, Some(Event::Ended { seconds, .. })) = (output.format, ended) {
        ready.tell(&Event::Ended { seconds, exit_code: code });
    }
    Ok(code)
}

/// Writes the plan, if it may be written; there is none if no host has one.
fn save(
    args: &RunArgs,
    output: &OutputArgs,
    ready: &Ready,
    seal: Option<&Seal>,
    out: &Path,
) -> Result<Option<(Plan, String)>, CliError> {
    let plan = finished(args, output, ready)?;
    if plan.hosts.is_empty() {
        return Ok(None);
    }
    if seal.is_none() {
        refuse_secrets(&plan, ready)?;
    }
    let sha256 = saved::write(out, &plan, seal)?;
    Ok(Some((plan, sha256)))
}

/// Finds out before the hosts are asked whether the plan can be written.
fn writable(out: &Path) -> Result<(), CliError> {
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed =
        |why: String| CliError::new(format!("the plan can't be written to `{}`: {why}", out.display()));
    if out.is_dir() {
        return Err(failed("it is a folder".into()).hint(format!("name the file: `--out plan.{EXTENSION}`")));
    }
    tempfile::NamedTempFile::new_in(folder).map(drop).map_err(|error| failed(error.to_string()))
}

/// A plan of no hosts yet.
fn draft(args: &RunArgs, output: &OutputArgs, ready: &Ready) -> Result<Plan, CliError> {
    Ok(Plan {
        run: ready.setup.run.clone(),
        clock: ready.clock,
        arguments: arguments(args, output)?,
        inputs: Inputs::of(&ready.setup.files).map_err(CliError::new)?,
        hosts: BTreeMap::new(),
        left_out: BTreeMap::new(),
    })
}

fn finished(args: &RunArgs, output: &OutputArgs, ready: &Ready) -> Result<Plan, CliError> {
    let mut plan = draft(args, output, ready)?;
    let mut unknown: Vec<(String, Vec<String>)> = Vec::new();
    let outcomes = ready.setup.review.outcomes();
    let nothing = |host: &&String| !outcomes.contains_key(*host);
    let silent = ready.setup.hosts.iter().filter(nothing);
    plan.left_out.extend(silent.map(|host| (host.clone(), "it came to no plan".to_string())));
    for (host, outcome) in outcomes {
        match outcome {
            Outcome::Planned(mut planned) => {
                ready.masker.entries(&mut planned.entries);
                plan.hosts.insert(host, *planned);
            }
            Outcome::LeftOut(mut why) => {
                ready.masker.mask(&mut why);
                plan.left_out.insert(host, why);
            }
            Outcome::Unknown(tasks) => {
                for task in tasks {
                    match unknown.iter_mut().find(|(known, _)| *known == task) {
                        Some((_, hosts)) => hosts.push(host.clone()),
                        None => unknown.push((task, vec![host.clone()])),
                    }
                }
            }
        }
    }
    if !unknown.is_empty() {
        return Err(still_unknown(&unknown));
    }
    Ok(plan)
}

fn still_unknown(unknown: &[(String, Vec<String>)]) -> CliError {
    let lines = unknown.iter().map(|(task, hosts)| {
        let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
        format!("\n{task} on {}", fold(&names))
    });
    let message = format!(
        "no plan was saved: what can't be planned yet can't be reviewed{}",
        lines.collect::<String>()
    );
    CliError::new(message).hint("`harda apply` without a saved plan plans these when their time comes")
}

/// Refuses to write down in clear what nobody may read.
fn refuse_secrets(plan: &Plan, ready: &Ready) -> Result<(), CliError> {
    let held = secrets::held(plan, &ready.setup.playbook, &ready.masker);
    if held.is_empty() {
        return Ok(());
    }
    let lines: String = held.iter().map(|secret| format!("\n{secret}")).collect();
    let message = format!("no plan was saved: it would hold secrets, and it isn't sealed{lines}");
    Err(CliError::new(message)
        .hint("`--seal-to age1...` seals it for the holder of that key, `--seal` by a passphrase"))
}

/// The command line, for the one who makes the plan; passwords are given anew there.
fn arguments(args: &RunArgs, output: &OutputArgs) -> Result<Arguments, InputError> {
    let text = |path: &PathBuf| {
        let text = path.to_str().map(str::to_string);
        text.ok_or_else(|| {
            InputError::nowhere(format!("`{}` is not UTF-8: a plan can't hold it", path.display()))
        })
    };
    Ok(Arguments {
        playbooks: args.playbooks.iter().map(text).collect::<Result<_, _>>()?,
        inventory: args.inventory.inventory.clone(),
        limit: args.inventory.limit.clone(),
        tags: args.tasks.tags.clone(),
        skip_tags: args.tasks.skip_tags.clone(),
        extra_vars: args.tasks.extra_vars.clone(),
        probe: args.tasks.probe,
        no_probes: args.tasks.no_probes,
        user: args.login.user.clone(),
        private_key: args.login.private_key.as_ref().map(text).transpose()?,
        connection: args.login.connection.map(|connection| connection.name().to_string()),
        r#become: args.r#become.r#become,
        become_user: args.r#become.become_user.clone(),
        become_method: args.r#become.become_method.map(|method| method.name().to_string()),
        verbosity: output.verbose,
    })
}

fn print(text: &str) {
    say(text);
}

fn json(out: &Path, plan: &Plan, sha256: &str, sealed: bool) -> String {
    let hosts: Vec<&String> = plan.hosts.keys().collect();
    let record = serde_json::json!({
        "event": "saved", "file": out.display().to_string(), "sha256": sha256, "sealed": sealed,
        "hosts": hosts, "left_out": plan.left_out,
    });
    format!("{record}\n")
}

fn text(output: &OutputArgs, out: &Path, plan: &Plan, sha256: &str, sealed: bool) -> String {
    let paint = Paint::new(output.color_on_stdout());
    let file = safe_line(&out.display().to_string());
    let how = if sealed { ", sealed" } else { "" };
    let mut page = format!(
        "\nthe plan of {} is saved in {}{how}\n  sha256 {sha256}\n",
        count(plan.hosts.len(), "host"),
        paint.strong(&file)
    );
    page.push_str(&left_out(&paint, plan));
    page.push_str(&format!("  {} harda apply {file} --sha256 {sha256}\n", paint.good("to make it:")));
    page
}

/// The hosts that are not in the plan.
pub fn left_out(paint: &Paint, plan: &Plan) -> String {
    let one = |(host, why): (&String, &String)| {
        let why = why.lines().next().unwrap_or_default();
        format!("  {} {}: {}\n", paint.bad("not in it:"), safe_long_line(host), safe_line(why))
    };
    plan.left_out.iter().map(one).collect()
}
