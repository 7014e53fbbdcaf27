//! The program. What it does is in the library.

#[cfg(feature = "ssr")]
fn main() -> std::process::ExitCode {
    mikrodash::server::run()
}

#[cfg(not(feature = "ssr"))]
fn main() {}
