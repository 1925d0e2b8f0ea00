//! What a `no_log` task was given and what it said: masked by value wherever it comes up later, and
//! kept out of its own messages.

use super::result;
use super::task::Job;
use super::walk::Walk;
use crate::change::Change;
use crate::fragment::Reply;
use crate::module::{Kind, Param};
use crate::record::Status;
use crate::resource::{State, file::Body};
use crate::secrets::{MASK, Secrets};
use crate::template::Scope;
use crate::yaml::{Node, Yaml};
use minijinja::value::ValueKind;

/// Parameters that name things: masking them would make a report that nobody can read.
const NAMES: &[&str] = &[
    "name",
    "user",
    "owner",
    "group",
    "groups",
    "shell",
    "comment",
    "src",
    "creates",
    "removes",
    "executable",
    "validate",
    "marker",
    "regexp",
    "insertafter",
    "insertbefore",
    "settings",
];

/// Modules that are given a command line.
const COMMANDS: &[&str] = &["command", "shell"];

impl Walk<'_> {
    /// Remembers the values of a task that says `no_log`: its parameters that aren't names, paths
    /// or choices, and the texts of the variables that they are made of.
    pub(super) fn hide_values(&self, job: &Job<'_>, scope: &Scope) {
        if self.flag(job.task.no_log.as_ref(), scope) {
            self.given(job, scope, &hides).iter().for_each(|text| self.setup.secrets.hide(text));
            if let Some(line) = self.command_line(job, scope) {
                arguments(&line).for_each(|word| self.setup.secrets.hide(word));
            }
        }
    }

    /// The line that a module of commands was given, which its result has word by word.
    fn command_line(&self, job: &Job<'_>, scope: &Scope) -> Option<String> {
        let pairs = job.args.as_map().filter(|_| COMMANDS.contains(&job.module))?;
        let (_, node) = pairs.iter().find(|(key, _)| matches!(key.as_str(), Some("cmd" | "_raw_params")))?;
        self.setup.templar.node(node, scope).ok().map(|line| line.to_string())
    }

    /// Remembers what a command of such a task printed, whole and line by line. What it complained of
    /// when it failed is told instead, without the values that it was given.
    pub(super) fn hide_reply(&self, reply: &Reply) {
        let complaint = if reply.status == 0 { &reply.stderr[..] } else { &[] };
        for stream in [&reply.stdout, complaint] {
            let text = String::from_utf8_lossy(stream);
            std::iter::once(&*text).chain(text.lines()).for_each(|text| self.setup.secrets.hide(text));
        }
    }

    /// A failure's message without the values that a `no_log` task was given; paths stay.
    pub(super) fn hushed(&self, job: &Job<'_>, scope: &Scope, mut status: Status) -> Status {
        if let Status::Failed { message, .. } | Status::Refused { message } = &mut status
            && self.flag(job.task.no_log.as_ref(), scope)
        {
            let mut values = self.given(job, scope, &|param| param.kind != Kind::Path);
            // A value that holds another is hidden whole.
            values.sort_by_key(|value| std::cmp::Reverse(value.len()));
            values.iter().for_each(|value| *message = message.replace(value, MASK));
            if COMMANDS.contains(&job.module) {
                words_of(&values).mask(message);
            }
        }
        status
    }

    /// The texts that a task was given by these of its parameters and in its environment, and those
    /// of the variables in them.
    fn given(&self, job: &Job<'_>, scope: &Scope, which: &dyn Fn(&Param) -> bool) -> Vec<String> {
        let params = crate::module::find(job.module).map(|module| module.params()).unwrap_or_default();
        let is_one = |name: &str| params.iter().find(|p| p.names.contains(&name)).is_none_or(which);
        let pairs = job.args.as_map().unwrap_or_default();
        let nodes = pairs.iter().filter(|(key, _)| key.as_str().is_none_or(is_one)).map(|(_, node)| node);
        let mut texts = Vec::new();
        for node in nodes.chain(&job.task.environment) {
            let value = self.setup.templar.node(node, scope).unwrap_or_else(|_| result::raw(node));
            result::texts(&value, &mut texts);
            self.variables(node, scope, &mut texts);
        }
        // A path is known to everybody.
        texts.retain(|text| !text.starts_with('/') || text.contains(char::is_whitespace));
        texts
    }

    /// The variables that a template names, where they are texts.
    fn variables(&self, node: &Node, scope: &Scope, texts: &mut Vec<String>) {
        match &node.value {
            Yaml::Str(text) if node.is_template() => {
                for name in text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|n| !is_told(n)) {
                    if let Some(Ok(value)) = self.setup.templar.variable(name, scope)
                        && value.kind() == ValueKind::String
                    {
                        result::texts(&value, texts);
                    }
                }
            }
            Yaml::Seq(items) => items.iter().for_each(|item| self.variables(item, scope, texts)),
            Yaml::Map(pairs) => pairs.iter().for_each(|(_, value)| self.variables(value, scope, texts)),
            _ => {}
        }
    }
}

/// Whether a Change shows a secret. A rollback knows no variables: it is noted where it is made.
pub fn holds_secret(change: &Change, secrets: &Secrets) -> bool {
    let bodies = [&change.from, &change.to].map(|state| match state {
        State::File(file) => file.body().and_then(Body::memory).map(|bytes| String::from_utf8_lossy(bytes)),
        _ => None,
    });
    let shown = || format!("{:?}", change.differences());
    bodies.iter().flatten().any(|text| secrets.is_in(text)) || secrets.is_in(&shown())
}

/// A text that is kept on the host, for whoever lists its runs.
pub fn masked(mut text: String, secrets: &Secrets) -> String {
    secrets.mask(&mut text);
    text
}

fn hides(param: &Param) -> bool {
    let text = matches!(param.kind, Kind::Text | Kind::Any | Kind::List | Kind::Dict);
    text && param.choices.is_empty() && !param.names.iter().any(|name| NAMES.contains(name))
}

/// Variables that say what a host is: no secrets, and in every line of a report.
fn is_told(name: &str) -> bool {
    let magic = ["inventory_", "playbook_dir", "group_names", "groups", "role_", "play_hosts"];
    let secret = name.contains("pass") || name.contains("secret") || name.contains("token");
    magic.iter().any(|start| name.starts_with(start)) || name.starts_with("ansible_") && !secret
}

/// A program complains of single words of its command line: `--password=hunter22`.
fn words_of(lines: &[String]) -> Secrets {
    let words = Secrets::default();
    lines.iter().flat_map(|line| pieces(line)).for_each(|word| words.add(word));
    words
}

/// What a command line is made of: words and their parts, but for paths and names of options.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let whole = line.split(|c: char| c.is_whitespace() || "'\"".contains(c));
    let parts = whole.flat_map(|word| {
        std::iter::once(word).chain(attached(word)).chain(word.split(|c| "=:;,&|()<>".contains(c)))
    });
    parts.filter(|word| !word.starts_with(['/', '-']))
}

/// The value of `-phunter22`, which `-maxdepth` isn't.
fn attached(word: &str) -> Option<&str> {
    let option = word.strip_prefix('-').filter(|option| !option.starts_with('-'))?;
    let mut letters = option.chars();
    letters.next()?;
    let value = letters.as_str();
    value.contains(|c: char| !c.is_ascii_lowercase() && c != '-').then_some(value)
}

/// The same without the program and what a shell replaces.
fn arguments(line: &str) -> impl Iterator<Item = &str> {
    let program = line.split_whitespace().next().unwrap_or_default();
    pieces(line).filter(move |word| *word != program && !word.starts_with(['$', '~', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_command_line_are_hidden_one_by_one() {
        let words = words_of(&["mysql --password='hunter22' -u root /srv/dump.sql".to_string()]);
        let mut text = "mysql: no `hunter22` for root, see --password, /srv/dump.sql".to_string();
        words.mask(&mut text);
        assert_eq!(text, "mysql: no `********` for root, see --password, /srv/dump.sql");
    }

    #[test]
    fn of_a_command_line_its_arguments_are_hidden_and_what_names_things_is_not() {
        let secrets = Secrets::default();
        let line = "systemctl --property=canary-one-11 'canary two-22;x' $HOME/there /srv/dump.sql -pcanary-3 -maxdepth";
        arguments(line).for_each(|word| secrets.hide(word));
        let mut text =
            "systemctl --property canary-one-11 two-22;x $HOME/there /srv/dump.sql canary-3 maxdepth"
                .to_string();
        secrets.mask(&mut text);
        assert_eq!(
            text,
            "systemctl --property ******** ******** $HOME/there /srv/dump.sql ******** maxdepth"
        );
    }
}
