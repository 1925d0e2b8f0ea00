//! Arguments in, exit code out.

use std::alloc::System;
use zeroizing_alloc::ZeroAlloc;

/// Memory is wiped when it is freed, whoever had it: the template engine and the parsers copy
/// secrets as they copy any text.
#[global_allocator]
static WIPED: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> std::process::ExitCode {
    harda::cli::main()
}
