//! Decides how a mail is handed to a server: SMTP, under TLS, with a login if there is a user.
//!
//! Start at [`Post::send`]. A mail counts as handed over when the server has said so after its last line, and not
//! before. A password is told only under TLS; a server that does not offer STARTTLS gets nothing.
//!
//! Invariant: however the server behaves, a mail costs one connection, replies of bounded size, and the time that its
//! caller allows. No text of a mail ends it early or becomes a command.

use super::guard::{Dialer, Line};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use orders::premium::mail::Mailbox;
use orders::premium::{Security, SmtpServer};
use std::fmt;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// The longest line of a reply; RFC 5321 asks for 512.
const LINE_BYTES_MAX: u64 = 2_048;
/// The most lines of a reply.
const REPLY_LINES_MAX: usize = 128;
/// How much of what a server says is told further.
const TOLD_MAX: usize = 200;

/// A server that takes our mail.
pub(crate) struct Post {
    server: SmtpServer,
    password: Option<String>,
    dialer: Dialer,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What a server said: its code, and its lines without it.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// As people read it.
    fn told(&self) -> String {
        let text: String = self.lines.join(" ").chars().filter(|c| !c.is_control()).take(TOLD_MAX).collect();
        format!("{} {text}", self.code)
    }

    /// What the server says behind a word of its greeting, if it says that word.
    fn offers(&self, word: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (name, rest) = line.split_once([' ', '=']).unwrap_or((line, ""));
            name.eq_ignore_ascii_case(word).then_some(rest)
        })
    }
}

impl Post {
    pub(crate) fn new(server: SmtpServer, password: Option<String>, dialer: Dialer) -> Self {
        Self { server, password, dialer }
    }

    /// Hands a mail over; what the server said of it.
    pub(crate) async fn send(&self, from: &Mailbox, to: &[Mailbox], mail: &str) -> Result<String, String> {
        let SmtpServer { host, port, .. } = &self.server;
        self.hand_over(from, to, mail).await.map_err(|error| format!("{host}:{port}: {error}"))
    }

    async fn hand_over(&self, from: &Mailbox, to: &[Mailbox], mail: &str) -> Result<String, String> {
        let SmtpServer { host, port, security, .. } = &self.server;
        let line = if *security == Security::None { Line::Open } else { Line::Secured };
        let stream = self.dialer.dial(host, *port, line).await?;
        let name = stream.local_addr().map_or("[127.0.0.1]".to_owned(), |own| literal(own.ip()));
        match security {
            Security::Tls => {
                let mut session = Session::new(self.dialer.secure(host, stream).await?, name);
                session.greeted().await?;
                let offers = session.hello().await?;
                self.deliver(session, &offers, from, to, mail).await
            }
            Security::StartTls => {
                let stream = start_tls(Session::new(stream, name.clone())).await?;
                let mut session = Session::new(self.dialer.secure(host, stream).await?, name);
                let offers = session.hello().await?;
                self.deliver(session, &offers, from, to, mail).await
            }
            Security::None => {
                let mut session = Session::new(stream, name);
                session.greeted().await?;
                let offers = session.hello().await?;
                self.deliver(session, &offers, from, to, mail).await
            }
        }
    }

    async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut session: Session<S>,
        offers: &Reply,
        from: &Mailbox,
        to: &[Mailbox],
        mail: &str,
    ) -> Result<String, String> {
        if let Some(user) = &self.server.user {
            let password = self.password.as_deref().unwrap_or_default();
            session.log_in(offers, user, password).await?;
        }
        session.asks(&format!("MAIL FROM:<{}>", from.address()), "the sender").await?;
        for one in to {
            // All of them or none: a mail that some have is sent to them again.
            session.asks(&format!("RCPT TO:<{}>", one.address()), one.address()).await?;
        }
        let reply = session.ask("DATA").await?;
        if reply.code != 354 {
            return Err(format!("it takes no mail: {}", reply.told()));
        }
        session.write(&stuffed(mail)).await?;
        let reply = session.reply().await?;
        if !reply.is_good() {
            return Err(format!("it refuses the mail: {}", reply.told()));
        }
        // The mail is theirs now, whatever becomes of the farewell.
        let _ = session.write("QUIT\r\n").await;
        Ok(format!("mailed, the server says {}", reply.told()))
    }
}

/// A host without a name, as a server greets it.
fn literal(own: std::net::IpAddr) -> String {
    match own.to_canonical() {
        std::net::IpAddr::V4(own) => format!("[{own}]"),
        std::net::IpAddr::V6(own) => format!("[IPv6:{own}]"),
    }
}

/// A mail as it goes over the line: lines that begin with a dot have one more, and a dot alone ends it.
fn stuffed(mail: &str) -> String {
    let mut text = String::with_capacity(mail.len() + 16);
    for line in mail.lines() {
        if line.starts_with('.') {
            text.push('.');
        }
        text.push_str(line);
        text.push_str("\r\n");
    }
    text + ".\r\n"
}

/// Asks for TLS, and gives the connection back on which it is to begin.
async fn start_tls(mut session: Session<TcpStream>) -> Result<TcpStream, String> {
    session.greeted().await?;
    let offers = session.hello().await?;
    if offers.offers("STARTTLS").is_none() {
        return Err("it does not offer STARTTLS, so nothing is told to it".to_owned());
    }
    session.asks("STARTTLS", "TLS").await?;
    // What came in the open before TLS must not be taken for what comes under it.
    if !session.stream.buffer().is_empty() {
        return Err("it goes on in the open after STARTTLS".to_owned());
    }
    Ok(session.stream.into_inner())
}

/// One talk with a server.
struct Session<S> {
    stream: BufReader<S>,
    /// Who we say that we are.
    name: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, name: String) -> Self {
        Self { stream: BufReader::new(stream), name }
    }

    async fn write(&mut self, text: &str) -> Result<(), String> {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())
    }

    /// Reads a whole reply.
    async fn reply(&mut self) -> Result<Reply, String> {
        let mut lines = Vec::new();
        loop {
            let mut bytes = Vec::new();
            let mut limited = (&mut self.stream).take(LINE_BYTES_MAX);
            limited.read_until(b'\n', &mut bytes).await.map_err(|error| error.to_string())?;
            if bytes.is_empty() {
                return Err("it hung up".to_owned());
            }
            let text = String::from_utf8_lossy(&bytes);
            let odd = || "its reply is not one of SMTP".to_owned();
            let line = text.strip_suffix('\n').ok_or_else(odd)?.trim_end_matches('\r');
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok()).filter(|code| *code < 600);
            let code = code.ok_or_else(odd)?;
            let more = match line.as_bytes().get(3) {
                Some(b'-') => true,
                None | Some(b' ') => false,
                Some(_) => return Err(odd()),
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if !more {
                return Ok(Reply { code, lines });
            }
            if lines.len() == REPLY_LINES_MAX {
                return Err("its reply has no end".to_owned());
            }
        }
    }

    async fn ask(&mut self, command: &str) -> Result<Reply, String> {
        // Addresses and logins are checked where they come from; here no line may hide in another.
        if command.contains(['\r', '\n']) {
            return Err("a command would hold two lines".to_owned());
        }
        self.write(&format!("{command}\r\n")).await?;
        self.reply().await
    }

    /// Asks for what must be granted.
    async fn asks(&mut self, command: &str, what: &str) -> Result<(), String> {
        let reply = self.ask(command).await?;
        if reply.is_good() { Ok(()) } else { Err(format!("it refuses {what}: {}", reply.told())) }
    }

    async fn greeted(&mut self) -> Result<(), String> {
        let reply = self.reply().await?;
        if reply.code == 220 { Ok(()) } else { Err(format!("it does not serve: {}", reply.told())) }
    }

    async fn hello(&mut self) -> Result<Reply, String> {
        let command = format!("EHLO {}", self.name);
        let reply = self.ask(&command).await?;
        if reply.is_good() { Ok(reply) } else { Err(format!("it refuses EHLO: {}", reply.told())) }
    }

    /// Logs in, in the way that the server offers.
    async fn log_in(&mut self, offers: &Reply, user: &str, password: &str) -> Result<(), String> {
        let ways = offers.offers("AUTH").unwrap_or_default().to_ascii_uppercase();
        let offered = |way: &str| ways.split([' ', '=']).any(|one| one == way);
        let reply = if offered("PLAIN") {
            self.ask(&format!("AUTH PLAIN {}", BASE64.encode(format!("\0{user}\0{password}")))).await?
        } else if offered("LOGIN") {
            let mut reply = self.ask("AUTH LOGIN").await?;
            for part in [user, password] {
                if reply.code != 334 {
                    break;
                }
                reply = self.ask(&BASE64.encode(part)).await?;
            }
            reply
        } else {
            return Err("it offers no login of kind PLAIN or LOGIN".to_owned());
        };
        // What it says may repeat what it was told.
        if reply.code == 235 { Ok(()) } else { Err(format!("it refuses the login with code {}", reply.code)) }
    }
}

#[cfg(test)]
mod tests;
