//! Makes a new migration a reason to build again: the files are embedded in the server.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
