//! Decides how the public listener speaks TLS: with a certificate from files, or with one for development that is made
//! on the spot and kept with the data, so that whoever trusted it once need not do so again.

use console::config::Config;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// How the public listener is reached.
pub(crate) struct Tls {
    /// What answers handshakes.
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate that clients have to be told to trust, if it was made here.
    pub(crate) made_here: Option<PathBuf>,
}

/// The listener's TLS; nothing if it speaks plain HTTP. What is wrong is said in words.
pub(crate) fn open(config: &Config, directory: &Path) -> Result<Option<Tls>, String> {
    let (certificate, key, made_here) = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone(), None),
        _ if config.tls => {
            let (certificate, key) = development(directory)?;
            (certificate.clone(), key, Some(certificate))
        }
        _ => return Ok(None),
    };
    let said = |path: &Path, error: &dyn std::fmt::Display| {
        format!("error: {}: {error}\nhint: tls-certificate and tls-key name PEM files", path.display())
    };
    let chain = CertificateDer::pem_file_iter(&certificate).map_err(|error| said(&certificate, &error))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| said(&certificate, &error))?;
    if chain.is_empty() {
        return Err(said(&certificate, &"there is no certificate in it"));
    }
    let private = PrivateKeyDer::from_pem_file(&key).map_err(|error| said(&key, &error))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| said(&certificate, &error))?;
    let mut server =
        builder.with_no_client_auth().with_single_cert(chain, private).map_err(|error| said(&certificate, &error))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Tls { acceptor: TlsAcceptor::from(Arc::new(server)), made_here }))
}

/// The certificate for development and its key, made if they are not there.
fn development(directory: &Path) -> Result<(PathBuf, PathBuf), String> {
    let (certificate, key) = (directory.join("development.crt"), directory.join("development.key"));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).map_err(|error| format!("error: no certificate: {error}"))?;
    let write = |path: &Path, text: &str| {
        // Nobody else on this machine is to read the key.
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| format!("error: cannot write {}: {error}", path.display()))
    };
    write(&key, &made.signing_key.serialize_pem())?;
    write(&certificate, &made.cert.pem())?;
    Ok((certificate, key))
}
