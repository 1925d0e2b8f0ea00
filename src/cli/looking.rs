//! Verbs that ask each host for one resource and print what it told; nothing is changed.

use super::CliError;
use super::options::RunArgs;
use super::output::{Format, OutputArgs, say};
use super::run::{self, How, Prepared};
use crate::engine::{self, Looked};
use crate::report::{Paint, safe_long_line as safe_line};
use crate::resource::Typed;

/// Asks the hosts that `args` name, as root. `tell` makes a host's part of the page, also from the run
/// that is at work there; a host that gave
/// no answer is told of here, and makes the exit code 4.
pub fn look<K: Typed>(
    verb: &str,
    args: &RunArgs,
    id: impl Into<K::Id>,
    output: &OutputArgs,
    tell: impl Fn(&str, &K::State, Option<&str>, &Paint) -> String,
) -> Result<i32, CliError>
where
    K::State: Default,
{
    let (page, code) = match run::prepare(args, output, &How::asks(verb))? {
        Prepared::Page(page) => (page, 0),
        Prepared::Run(setup, masker, _progress) => {
            let looked = engine::look(&setup, &K::key(id.into()));
            let paint = Paint::new(output.color_on_stdout());
            let none = K::State::default();
            let told = |(host, answer): &(String, Result<_, crate::transport::Failure>)| match answer {
                Ok(Looked { state, at_work }) => {
                    tell(host, K::unwrap(state).unwrap_or(&none), at_work.as_deref(), &paint)
                }
                Err(failure) => silent(host, &failure.message, output.format, &paint),
            };
            let mut page: String = looked.iter().map(told).collect();
            masker.mask(&mut page);
            (page, if looked.iter().any(|(_, answer)| answer.is_err()) { 4 } else { 0 })
        }
    };
    say(&page);
    Ok(code)
}

fn silent(host: &str, message: &str, format: Format, paint: &Paint) -> String {
    match format {
        Format::Json => format!("{}\n", serde_json::json!({ "host": host, "error": message })),
        Format::Text => format!("{}: {}\n", paint.hosts(safe_line(host)), safe_line(message)),
    }
}
