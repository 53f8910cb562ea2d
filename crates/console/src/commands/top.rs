//! Decides how `orderflow top` shows a server at work: every second anew in a terminal, line by line in a file.
//!
//! What is shown is what happened between two looks at the server's vitals; what that is, `interval` decides, and how
//! it looks, `draw`.

pub(super) mod draw;
pub(super) mod interval;

use super::Given;
use crate::access;
use crate::cli;
use crate::exit::{DONE, Failure, Stop, UNREACHABLE};
use crate::terminal::{Look, Out};
use crate::views::vitals::Vitals;
use interval::Interval;
use std::io::Write as _;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// How long a look may take; the next is due soon.
pub(super) const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// Shows a server at work until it is told to end.
pub(super) fn run(given: Given<'_>, wanted: &cli::Top) -> Result<u8, Stop> {
    let Given { config, options, out } = &given;
    let (client, health) = access::server(config, given.named())?;
    let look = || client.get::<Vitals>("/vitals", LOOK_WITHIN);
    let mut ending = client.runtime.block_on(async { Ending::new() })?;
    let every = Duration::from_secs_f64(wanted.every);
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let in_place = out.look.width.is_some() && !dumb && !options.json && !wanted.once;
    let Given { options, out, .. } = given;
    let mut before = look()?;
    let screen = in_place.then(|| Screen::open(health.admin.clone()));
    if let Some(screen) = &screen {
        screen.show(&Interval::between(&before, &before), false)?;
    }
    let mut latest = None;
    let mut due = Instant::now();
    loop {
        due = (due + every).max(Instant::now());
        if client.runtime.block_on(ending.comes_before(due)) {
            return Ok(DONE);
        }
        let after = match look() {
            Ok(after) => after,
            // Whoever watches wants to see it come back.
            Err(_) if screen.is_some() => {
                if let (Some(screen), Some(latest)) = (&screen, &latest) {
                    screen.show(latest, true)?;
                }
                continue;
            }
            Err(failure) => return Err(gone(failure).into()),
        };
        // Another process has counted from the start again.
        let same = after.pid == before.pid;
        let interval = Interval::between(if same { &before } else { &after }, &after);
        before = after;
        match &screen {
            Some(screen) => screen.show(&interval, false)?,
            None if options.json => tell(out, |out| out.json_line(&interval))?,
            None if wanted.once => {
                let text = draw::whole(&interval, &health.admin, false, out.look, None);
                tell(out, |out| out.print(&text))?;
            }
            None => tell(out, |out| out.print(&draw::line(&interval)))?,
        }
        if wanted.once {
            return Ok(DONE);
        }
        latest = Some(interval);
    }
}

/// Each is to be read when it is there, not when there are enough of them.
fn tell(out: &mut Out, print: impl FnOnce(&mut Out) -> Result<(), Stop>) -> Result<(), Stop> {
    print(out)?;
    out.flush()
}

fn gone(failure: Failure) -> Failure {
    if failure.code == UNREACHABLE {
        Failure { error: format!("the server has gone: {}", failure.error), ..failure }
    } else {
        failure
    }
}

/// What ends the view: Ctrl-C, or being told to.
struct Ending {
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    fn new() -> Result<Self, Failure> {
        let refused = |error: std::io::Error| Failure::new(UNREACHABLE, format!("the system refuses: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(refused)?,
            terminate: signal(SignalKind::terminate()).map_err(refused)?,
        })
    }

    /// Waits until then; whether the end comes before.
    async fn comes_before(&mut self, due: Instant) -> bool {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => true,
            () = tokio::time::sleep_until(due) => false,
        }
    }
}

/// The terminal's other screen, so that what was typed before is there again afterwards.
struct Screen {
    address: String,
}

impl Screen {
    fn open(address: String) -> Self {
        let mut terminal = std::io::stdout();
        // If it is gone, the first picture says so.
        let _ = terminal.write_all(b"\x1b[?1049h\x1b[?25l\x1b[2J");
        Self { address }
    }

    fn show(&self, interval: &Interval, silent: bool) -> Result<(), Stop> {
        let rows = terminal_size::terminal_size().map(|(_, height)| usize::from(height.0));
        let picture = draw::whole(interval, &self.address, silent, Look::of_output(), rows);
        // What was there is written over line by line, which does not flicker, and what is left of it is cleared.
        let picture = format!("\x1b[H{}\x1b[K\x1b[J", picture.replace('\n', "\x1b[K\n"));
        let mut terminal = std::io::stdout().lock();
        terminal.write_all(picture.as_bytes())?;
        Ok(terminal.flush()?)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut terminal = std::io::stdout();
        let _ = terminal.write_all(b"\x1b[?25h\x1b[?1049l");
        let _ = terminal.flush();
    }
}

#[cfg(test)]
pub(super) mod tests;
