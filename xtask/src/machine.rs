//! Decides what is said of the machine beside figures that were measured on it.

use anyhow::Context as _;
use serde_json::{Value as Json, json};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

/// How often the disk is asked.
const SYNCS: u64 = 300;

/// Cores, kernel, memory, and how long the disk under `directory` takes to sync 4 KiB.
pub(crate) fn facts(directory: &Path) -> anyhow::Result<Json> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(json!({
        "cores": cores,
        "processor": first_value("/proc/cpuinfo", "model name"),
        "memory": first_value("/proc/meminfo", "MemTotal"),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "load": std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next(),
        "fdatasyncMedianUs": fdatasync_median_us(directory)?,
    }))
}

fn first_value(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.split_once(':').filter(|(name, _)| name.trim() == key));
    line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}

fn fdatasync_median_us(directory: &Path) -> anyhow::Result<f64> {
    let path = directory.join("fdatasync-probe");
    let failed = || format!("the disk under {} cannot be measured", directory.display());
    let file = File::create(&path).with_context(failed)?;
    let mut times = Vec::new();
    for at in 0..SYNCS {
        file.write_all_at(&[7; 4096], at * 4096).with_context(failed)?;
        let began = Instant::now();
        file.sync_data().with_context(failed)?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    std::fs::remove_file(&path).with_context(failed)?;
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2] * 10.0).round() / 10.0)
}
