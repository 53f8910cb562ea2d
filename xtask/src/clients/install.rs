//! Decides which of other people's programs are installed, and how: Python's and Node's into places of their own, Debian's
//! by its own packages.

use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Installs Python's programs, unless they are there already; the Python that knows them is given back.
pub(super) fn python() -> anyhow::Result<PathBuf> {
    let home = crate::target().join("clients");
    let (place, stamp) = (home.join("venv"), home.join("installed.txt"));
    let wanted = crate::root().join("xtask/clients/requirements.txt");
    let wanted_text = std::fs::read_to_string(&wanted)?;
    let python = place.join("bin/python");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted_text) && python.is_file() {
        return Ok(python);
    }
    eprintln!("── installing aws-cli, boto3, PynamoDB, cfn-lint and schemathesis into {} ──", place.display());
    std::fs::create_dir_all(&home)?;
    let venv = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place).status();
    ensure!(venv.context("python3 cannot be run; these checks need it")?.success(), "python3 -m venv failed");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    ensure!(pip.stdin(Stdio::null()).status()?.success(), "pip cannot install {}", wanted.display());
    std::fs::write(&stamp, wanted_text)?;
    Ok(python)
}

/// Where Node finds what [`javascript`] has installed.
pub(super) fn node_modules() -> PathBuf {
    crate::target().join("clients/node/node_modules")
}

/// Installs AWS's SDK for JavaScript and what stands on it, unless they are there already. Where that cannot be done, the
/// check that needs them fails.
pub(super) fn javascript() -> anyhow::Result<()> {
    let wanted = std::fs::read_to_string(crate::root().join("xtask/clients/package.json"))?;
    let place = crate::target().join("clients/node");
    let stamp = place.join("installed.json");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && node_modules().is_dir() {
        return Ok(());
    }
    eprintln!("── installing AWS's SDK for JavaScript into {} ──", place.display());
    std::fs::create_dir_all(&place)?;
    std::fs::write(place.join("package.json"), &wanted)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]).current_dir(&place);
    match npm.stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(ended) if ended.success() => std::fs::write(&stamp, wanted)?,
        Ok(_) | Err(_) => {
            eprintln!("note: npm could not install it; the check needs Node and npm: apt-get install npm")
        }
    }
    Ok(())
}

/// Installs slowhttptest, unless it is there. Where that cannot be done, the checks that need it say so and fail.
pub(super) fn slowhttptest() {
    let found = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|one| is_in(&one)));
    if !found {
        debian("slowhttptest");
    }
}

/// Installs version 2 of aws-cli, which Python's registry does not have, unless it is there; likewise.
pub(super) fn aws_cli_2() {
    if !Path::new(AWS_CLI_2).is_file() {
        debian("awscli");
    }
}

/// Where Debian puts version 2 of aws-cli.
pub(super) const AWS_CLI_2: &str = "/usr/bin/aws";

/// Installs a package of Debian's.
fn debian(package: &str) {
    eprintln!("── installing {package} by apt-get ──");
    let run = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
        command.status().is_ok_and(|ended| ended.success())
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    let installed = run(&install) || (run(&["update"]) && run(&install));
    if !installed {
        eprintln!("note: {package} could not be installed; as root: apt-get install {package}");
    }
}

fn is_in(directory: &Path) -> bool {
    directory.join("slowhttptest").is_file()
}
