//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    harda::cli::main()
}
