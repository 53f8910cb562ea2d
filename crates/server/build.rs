//! Decides how the finished program is linked: functions that came out alike are kept once, if the linker can do that.
//!
//! Which linker there is, and what it can do, differs from machine to machine, so it is asked: a program of one line is
//! linked with the flag. If that fails for whatever reason, nothing is said, and the program is half a megabyte larger.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

const FLAG: &str = "-Wl,--icf=all";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Builds that are for trying something out are linked as fast as can be.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") && is_taken() == Some(true) {
        println!("cargo:rustc-link-arg-bins={FLAG}");
    }
}

/// Whether a program can be linked with the flag; `None` if that could not be tried.
fn is_taken() -> Option<bool> {
    if env::var("CARGO_CFG_TARGET_OS").ok()? != "linux" {
        return None;
    }
    let out = env::var_os("OUT_DIR")?;
    let source = Path::new(&out).join("probe.rs");
    std::fs::write(&source, "fn main() {}\n").ok()?;
    let mut command = Command::new(env::var_os("RUSTC")?);
    command.args(["--crate-name", "probe", "--crate-type", "bin", "--edition", "2024", "-C", "opt-level=0"]);
    command.arg("--target").arg(env::var_os("TARGET")?).arg("-C").arg(format!("link-arg={FLAG}"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        command.arg("-C").arg(format!("linker={}", linker.to_str()?));
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    command.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    command.arg("-o").arg(Path::new(&out).join("probe")).arg(&source);
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    Some(ended.success())
}
