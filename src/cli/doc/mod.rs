//! `harda doc`.

mod control;
mod module;
mod requirement;
mod variable;

use super::CliError;
use super::output::OutputArgs;
use super::output::say;
use super::reporting::LangArgs;
use crate::report::Paint;
use clap::Args;

/// Tell about modules, a pack's controls, and the variables that a site may set
///
/// `harda doc` lists the modules, `harda doc MODULE` tells what one takes;
/// `harda doc control [NAME]` tells why a control is there, what it changes, what it may break and
/// how to undo it; `harda doc variable [NAME]` gives a variable's type, default and source;
/// `harda doc requirement [ID]` which controls show each statement of the policy.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct DocArgs {
    /// A module (`ansible.builtin.` may stand before its name), `control`, `variable` or `requirement`
    #[arg(value_name = "MODULE|control|variable|requirement")]
    subject: Option<String>,

    /// The control, variable or requirement; none: all
    name: Option<String>,

    /// The pack
    #[arg(long, default_value = "stampeltjanst")]
    pack: String,

    #[command(flatten)]
    lang: LangArgs,
}

pub fn run(args: &DocArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let paint = Paint::new(output.color_on_stdout());
    let name = args.name.as_deref();
    let page = match args.subject.as_deref() {
        Some("control" | "controls") => control::page(&args.pack, name, args.lang.get(), &paint)?,
        Some("variable" | "variables") => variable::page(&args.pack, name, &paint)?,
        Some("requirement" | "requirements") => requirement::page(&args.pack, name, args.lang.get())?,
        Some(module) if name.is_some() => {
            let error = CliError::new(format!("`{module}` is followed by nothing more"));
            return Err(error.hint("`harda doc MODULE`, `harda doc control NAME`, `harda doc variable NAME`"));
        }
        module => module::page(module, &paint)?,
    };
    say(&page);
    Ok(0)
}

/// Text in lines of at most this many characters, each after the first `indent` in.
fn paragraph(text: &str, indent: usize) -> String {
    const WIDTH: usize = 100;
    let (mut page, mut column) = (String::new(), indent);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            page.push('\n');
            page.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            page.push(' ');
            column += 1;
        }
        page.push_str(word);
        column += length;
    }
    page
}
