//! Decides what a bare hyper server answers: to everything, the bytes of one file.
//!
//! `bare-hyper ADDRESS FILE [CONTENT-TYPE]`: the most that a server on this machine can answer with these bytes, when it
//! decides nothing, looks nothing up and logs nothing.

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;

fn main() -> anyhow::Result<()> {
    let usage = "usage: bare-hyper ADDRESS FILE [CONTENT-TYPE]";
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().context(usage)?;
    let file = arguments.next().context(usage)?;
    let kind = arguments.next().unwrap_or_else(|| "application/json".to_owned());
    let body = Bytes::from(std::fs::read(&file).with_context(|| format!("cannot read {file}"))?);
    let kind = HeaderValue::from_str(&kind).context("the content type is no header value")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(&address, body, kind))
}

async fn serve(address: &str, body: Bytes, kind: HeaderValue) -> anyhow::Result<()> {
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (body, kind) = (body.clone(), kind.clone());
        let answer = service_fn(move |_: Request<Incoming>| {
            let mut response = Response::new(Full::new(body.clone()));
            response.headers_mut().insert(CONTENT_TYPE, kind.clone());
            async { Ok::<_, Infallible>(response) }
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(async move {
            // A client that goes in the middle of something concerns nobody here.
            let _ = connection.await;
        });
    }
}
