//! `harda init`.

mod asking;
mod declaration;

use super::CliError;
use super::options::{BecomeArgs, LoginArgs};
use super::output::{OutputArgs, say_line};
use super::server::Server;
use super::subject::Subject;
use crate::files::{Files, embedded};
use crate::report::safe_line;
use clap::Args;
use std::path::{Path, PathBuf};

/// The pack whose variables are declared.
const PACK: &str = "stampeltjanst";

/// Write the playbooks, the policy pack and an example inventory out, to be edited
///
/// Files that are there already are kept as they are, and told.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to write to; made if it isn't there
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// Ask this server (HOST, USER@HOST, USER@HOST:PORT) what it has, and write a first declaration
    /// of it into the inventory, for a person to prune; nothing is changed there
    #[arg(long, value_name = "USER@HOST")]
    from: Option<String>,

    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    r#become: BecomeArgs,
}

pub fn run(args: &InitArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let (mut written, mut kept) = (0, 0);
    for (path, bytes) in embedded::all() {
        let path = args.folder.join(path);
        match write_new(&path, bytes) {
            Ok(true) => written += 1,
            Ok(false) => {
                kept += 1;
                say_line(format!("kept as it is: {}", path.display()));
            }
            Err(error) => {
                return Err(CliError::new(format!("`{}` can't be written: {error}", path.display())));
            }
        }
    }
    let folder = args.folder.display();
    say_line(format!("{} written to {folder}, {kept} kept", crate::report::count(written, "file")));
    if args.from.is_some() {
        return declare(args, output);
    }
    say_line(format!("next: put your hosts into {folder}/inventory/hosts.yml, then"));
    say_line(format!("  harda audit {folder}/playbooks/stampeltjanst -i {folder}/inventory/hosts.yml"));
    Ok(0)
}

/// Writes what the server has, as variables of the inventory.
fn declare(args: &InitArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let server = Server::read(args.from.as_deref().unwrap_or_default())?;
    let path = args.folder.join(format!("inventory/host_vars/{}.yml", server.host));
    if path.exists() {
        let error = CliError::new(format!("`{}` is there already: it is not replaced", path.display()));
        return Err(error.hint("move it away, or compare by `--from` into another folder"));
    }
    let pack = args.folder.join("playbooks").join(PACK);
    let files = Files::default();
    let topics = Subject::find(&files, &pack.to_string_lossy())?.topics(&files)?;
    let found = asking::ask(&server, &args.login, &args.r#become, output, &topics)?;
    let declared = declaration::write(&server.host, &topics, &found);
    write_new(&path, declared.text.as_bytes())
        .map_err(|error| CliError::new(format!("`{}` can't be written: {error}", path.display())))?;
    for warning in &declared.left_out {
        eprintln!("warning: {}", safe_line(warning));
    }
    say_line(format!("{} in {}", crate::report::count(declared.variables, "variable"), path.display()));
    say_line("next: strike what should not be there, and say what the rest is for (`purpose:`)");
    Ok(0)
}

/// Whether it was written: what stands there is never replaced.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<bool> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(bytes).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
