//! What a mail server is told, and what becomes of whatever it replies; the other side is a real socket.

use super::super::guard::connector_for;
use super::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

/// How a server behaves.
#[derive(Clone, Copy, Default)]
struct Manners {
    tls_at_once: bool,
    offers_tls: bool,
    /// Such as `PLAIN LOGIN`.
    logins: &'static str,
    /// What it says to a command that begins so, instead of what is usual.
    odd: Option<(&'static str, &'static str)>,
}

/// What the other side of a talk saw: commands, mails, and where TLS began.
type Seen = UnboundedReceiver<String>;

/// A mail server with a certificate for `localhost`, and a dialer that trusts it.
async fn server(manners: Manners) -> (u16, Dialer, Seen) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let certificate = made.cert.der().clone();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let dialer = Dialer::checking("127.0.0.1 ::1").unwrap().trusting(connector_for(roots));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, seen) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            tokio::spawn(async move {
                if manners.tls_at_once {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = tell.send("(TLS)".to_owned());
                        talk(stream, manners, true, &tell).await;
                    }
                } else if let Some(stream) = talk(stream, manners, true, &tell).await
                    && let Ok(stream) = acceptor.accept(stream).await
                {
                    let _ = tell.send("(TLS)".to_owned());
                    let manners = Manners { offers_tls: false, ..manners };
                    talk(stream, manners, false, &tell).await;
                }
            });
        }
    });
    (port, dialer, seen)
}

/// Talks until the end, or until TLS is to begin on the stream that is given back.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    manners: Manners,
    greets: bool,
    tell: &tokio::sync::mpsc::UnboundedSender<String>,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    let odd = |command: &str| manners.odd.filter(|(start, _)| command.starts_with(start)).map(|(_, reply)| reply);
    if greets {
        let greeting = odd("(greeting)").unwrap_or("220 mail.example at your service\r\n");
        stream.get_mut().write_all(greeting.as_bytes()).await.ok()?;
    }
    let (mut line, mut mail, mut logging_in) = (String::new(), None::<String>, 0);
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(text) = &mut mail {
            if line == ".\r\n" {
                let _ = tell.send(mail.take().unwrap());
                let reply = odd("(mail)").unwrap_or("250 queued as 77\r\n");
                stream.get_mut().write_all(reply.as_bytes()).await.ok()?;
            } else {
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
            }
            continue;
        }
        let command = line.trim_end().to_owned();
        let _ = tell.send(command.clone());
        let verb = command.split(' ').next().unwrap().to_uppercase();
        let hello = format!(
            "250-mail.example\r\n{}{}250 8BITMIME\r\n",
            if manners.offers_tls { "250-STARTTLS\r\n" } else { "" },
            if manners.logins.is_empty() { String::new() } else { format!("250-AUTH {}\r\n", manners.logins) }
        );
        let usual = match verb.as_str() {
            "EHLO" => hello.as_str(),
            "STARTTLS" => "220 go on\r\n",
            "AUTH" if command == "AUTH LOGIN" => {
                logging_in = 2;
                "334 VXNlcm5hbWU6\r\n"
            }
            "AUTH" => "235 welcome\r\n",
            _ if logging_in > 0 => {
                logging_in -= 1;
                if logging_in > 0 { "334 UGFzc3dvcmQ6\r\n" } else { "235 welcome\r\n" }
            }
            "DATA" => "354 go on\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        let reply = odd(&command).unwrap_or(usual);
        stream.get_mut().write_all(reply.as_bytes()).await.ok()?;
        match verb.as_str() {
            "DATA" if reply.starts_with("354") => mail = Some(String::new()),
            "STARTTLS" if reply.starts_with("220") => return Some(stream.into_inner()),
            "QUIT" => return None,
            _ => {}
        }
    }
}

const MAIL: &str = "Subject: x\r\n\r\n.\r\n..two\r\nMAIL FROM:<evil@x.io>\r\nend\r\n";

async fn send(manners: Manners, security: Security, user: Option<&str>) -> (Result<String, String>, Vec<String>) {
    let (port, dialer, mut seen) = server(manners).await;
    let host = if security == Security::None { "127.0.0.1" } else { "localhost" };
    let server = SmtpServer { host: host.to_owned(), port, security, user: user.map(str::to_owned) };
    let post = Post::new(server, Some("pass word".to_owned()), dialer);
    let from = Mailbox::parse("Orders <orders@shop.example>").unwrap();
    let to = Mailbox::parse_list("a@b.example, c@d.example").unwrap();
    let sent = tokio::time::timeout(Duration::from_secs(30), post.send(&from, &to, MAIL)).await;
    drop(post);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut all = Vec::new();
    while let Ok(one) = seen.try_recv() {
        all.push(one);
    }
    (sent.expect("it ends"), all)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written_whatever_stands_in_it() {
    let (sent, seen) = send(Manners::default(), Security::None, None).await;
    assert_eq!(sent.unwrap(), "mailed, the server says 250 queued as 77");
    let expected = [
        "EHLO [127.0.0.1]",
        "MAIL FROM:<orders@shop.example>",
        "RCPT TO:<a@b.example>",
        "RCPT TO:<c@d.example>",
        "DATA",
        MAIL,
    ];
    assert_eq!(seen[..6], expected);
}

#[tokio::test]
async fn under_tls_we_log_in_in_the_way_that_is_offered() {
    let starts = Manners { offers_tls: true, logins: "PLAIN LOGIN", ..Manners::default() };
    let (sent, seen) = send(starts, Security::StartTls, Some("me")).await;
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(seen[..3], ["EHLO [127.0.0.1]", "STARTTLS", "(TLS)"]);
    assert_eq!(seen[4], format!("AUTH PLAIN {}", BASE64.encode("\0me\0pass word")));
    let at_once = Manners { tls_at_once: true, logins: "LOGIN", ..Manners::default() };
    let (sent, seen) = send(at_once, Security::Tls, Some("me")).await;
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(seen[0], "(TLS)");
    assert_eq!(seen[2..5], ["AUTH LOGIN".to_owned(), BASE64.encode("me"), BASE64.encode("pass word")]);
}

#[tokio::test]
async fn nothing_is_told_to_a_server_that_is_not_what_it_should_be() {
    let tls = Manners { offers_tls: true, logins: "PLAIN", ..Manners::default() };
    let cases = [
        (Manners::default(), Security::StartTls, "does not offer STARTTLS"),
        (Manners { odd: Some(("STARTTLS", "454 not now\r\n")), ..tls }, Security::StartTls, "refuses TLS: 454 not now"),
        (
            Manners { odd: Some(("STARTTLS", "220 go on\r\n250 injected\r\n")), ..tls },
            Security::StartTls,
            "goes on in the open",
        ),
        (Manners { odd: Some(("AUTH", "535 no \0 me pass\r\n")), ..tls }, Security::StartTls, "login with code 535"),
        (Manners { logins: "CRAM-MD5", ..tls }, Security::StartTls, "no login of kind"),
    ];
    for (manners, security, expected) in cases {
        let (sent, seen) = send(manners, security, Some("me")).await;
        let error = sent.unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(!seen.iter().any(|said| said.starts_with("MAIL") || said.contains("Subject")), "{seen:?}");
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_anywhere_is_not_sent() {
    let cases = [
        (("(greeting)", "554 no\r\n"), "it does not serve: 554 no"),
        (("EHLO", "502 what\r\n"), "it refuses EHLO: 502 what"),
        (("MAIL", "550 who are you\r\n"), "it refuses the sender: 550 who are you"),
        (("RCPT TO:<c", "450-one\r\n450 two\r\n"), "it refuses c@d.example: 450 one two"),
        (("DATA", "451 not now\r\n"), "it takes no mail: 451 not now"),
        (("(mail)", "552 too large\r\n"), "it refuses the mail: 552 too large"),
        (("(mail)", "hello\r\n"), "its reply is not one of SMTP"),
        (("MAIL", "999 odd\r\n"), "its reply is not one of SMTP"),
        (("MAIL", "25\u{fc}ok\r\n"), "its reply is not one of SMTP"),
    ];
    for (odd, expected) in cases {
        let (sent, _) = send(Manners { odd: Some(odd), ..Manners::default() }, Security::None, None).await;
        let error = sent.unwrap_err();
        assert!(error.starts_with("127.0.0.1:") && error.ends_with(expected), "{error}");
    }
}

#[tokio::test]
async fn replies_without_end_cost_a_bounded_amount() {
    static LONG: &str =
        concat!("250 ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    let long: &'static str = Box::leak(LONG.repeat(1_000).into_boxed_str());
    let many: &'static str = Box::leak("250-x\r\n".repeat(100_000).into_boxed_str());
    for (reply, expected) in [(long, "not one of SMTP"), (many, "its reply has no end")] {
        let (sent, _) = send(Manners { odd: Some(("MAIL", reply)), ..Manners::default() }, Security::None, None).await;
        assert!(sent.as_ref().is_err_and(|error| error.contains(expected)), "{sent:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_anybody_elses_is_not_enough() {
    let (port, dialer, mut seen) = server(Manners { tls_at_once: true, ..Manners::default() }).await;
    let (_, other, _) = server(Manners::default()).await;
    for (host, dialer) in [("127.0.0.1", dialer), ("localhost", other)] {
        let server = SmtpServer { host: host.to_owned(), port, security: Security::Tls, user: None };
        let (from, to) = (Mailbox::parse("a@b").unwrap(), Mailbox::parse_list("c@d").unwrap());
        assert!(Post::new(server, None, dialer).send(&from, &to, MAIL).await.is_err(), "{host}");
    }
    assert!(seen.try_recv().is_err());
}
