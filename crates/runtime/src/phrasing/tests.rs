//! What a model is asked, and what becomes of whatever it answers; the other side is a real socket.

use super::*;
use serde_json::{Value as Json, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn prompt() -> Prompt {
    Prompt { system: "Be brief.".to_owned(), user: "{\"question\":\"where?\"}".to_owned() }
}

/// A model that answers the first request with this, and the request that it got.
async fn model(status: u16, body: Vec<u8>) -> (String, tokio::sync::oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, seen) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut buffer).await.unwrap();
            text.extend_from_slice(&buffer[..count]);
            let said = String::from_utf8_lossy(&text).into_owned();
            let Some((head, rest)) = said.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if rest.len() == length.parse::<usize>().unwrap() {
                asked.send(said).unwrap();
                break;
            }
        }
        let head =
            format!("HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {}\r\n\r\n", body.len());
        // One that gets more than it wants hangs up.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&body).await;
    });
    (url, seen)
}

fn surroundings(name: &str) -> Option<String> {
    let known = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "a token"),
        ("AWS_REGION", "eu-west-1"),
        ("MODEL_KEY", "sk-example\n"),
    ];
    known.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

fn bedrock(endpoint: &str) -> ModelSettings {
    let model_id = "anthropic.claude-3-haiku-20240307-v1:0".to_owned();
    ModelSettings::Bedrock { model_id, endpoint: Some(endpoint.to_owned()), region: None }
}

fn openai(url: &str) -> ModelSettings {
    ModelSettings::OpenAi { url: url.to_owned(), model: "small".to_owned(), key: Some("MODEL_KEY".to_owned()) }
}

async fn phrase(settings: &ModelSettings) -> Result<Phrased, Unphrased> {
    let phraser = Phraser::new(Some(settings), &surroundings).unwrap();
    tokio::time::timeout(Duration::from_secs(5), phraser.phrase(&prompt())).await.expect("it is answered")
}

fn converse(text: &str, stop: &str) -> Vec<u8> {
    json!({
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    })
    .to_string()
    .into_bytes()
}

fn completion(text: &str, stop: &str) -> Vec<u8> {
    let choice = json!({"index": 0, "finish_reason": stop, "message": {"role": "assistant", "content": text}});
    json!({"object": "chat.completion", "choices": [choice]}).to_string().into_bytes()
}

fn body(said: &str) -> Json {
    serde_json::from_str(said.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn bedrock_is_asked_by_converse_and_signed() {
    let (url, seen) = model(200, converse("It is on its way.", "end_turn")).await;
    let phrased = phrase(&bedrock(&url)).await;
    assert_eq!(phrased, Ok(Phrased { text: "It is on its way.".to_owned(), by: Model::Bedrock }));
    let said = seen.await.unwrap();
    assert!(said.starts_with("POST /model/anthropic.claude-3-haiku-20240307-v1%3A0/converse HTTP/1.1\r\n"), "{said}");
    let scope = "/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, ";
    for part in ["authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/", scope, "x-amz-security-token: a token\r\n"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let expected = json!({
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "{\"question\":\"where?\"}"}]}],
        "inferenceConfig": {"maxTokens": 400, "temperature": 0.2},
    });
    assert_eq!(body(&said), expected);
}

#[tokio::test]
async fn an_endpoint_as_openais_is_asked_for_a_completion() {
    for base in ["", "/v1", "/v1/", "/proxy"] {
        let (url, seen) = model(200, completion("It is on its way.", "stop")).await;
        let phrased = phrase(&openai(&format!("{url}{base}"))).await;
        assert_eq!(phrased, Ok(Phrased { text: "It is on its way.".to_owned(), by: Model::OpenAi }));
        let said = seen.await.unwrap();
        let path = if base == "/proxy" { "/proxy/v1" } else { "/v1" };
        assert!(said.starts_with(&format!("POST {path}/chat/completions HTTP/1.1\r\n")), "{said}");
        assert!(said.contains("authorization: Bearer sk-example\r\n"), "{said}");
        assert_eq!(body(&said)["messages"][0], json!({"role": "system", "content": "Be brief."}));
        assert_eq!(body(&said)["messages"][1]["content"], "{\"question\":\"where?\"}");
        assert_eq!(body(&said)["model"], "small");
    }
}

#[tokio::test]
async fn whatever_else_is_answered_is_no_text() {
    let cases: [(u16, Vec<u8>); 12] = [
        (500, b"{\"message\":\"a secret\"}".to_vec()),
        (403, b"{}".to_vec()),
        (429, Vec::new()),
        (302, Vec::new()),
        (200, Vec::new()),
        (200, b"not JSON".to_vec()),
        (200, b"[1,2]".to_vec()),
        (200, converse("cut o", "max_tokens")),
        (200, converse("sorry", "guardrail_intervened")),
        (200, completion("cut o", "length")),
        (200, converse(&"x".repeat(1 << 20), "end_turn")),
        (200, completion(&"x".repeat(1 << 20), "stop")),
    ];
    for (status, answer) in cases {
        for settings in [bedrock as fn(&str) -> ModelSettings, openai] {
            let (url, _seen) = model(status, answer.clone()).await;
            let Err(Unphrased::Failed(why)) = phrase(&settings(&url)).await else {
                panic!("{status} {}", String::from_utf8_lossy(&answer[..answer.len().min(80)]))
            };
            assert!(why.starts_with(&url) && why.len() < 200 && !why.contains("secret"), "{why}");
        }
    }
}

#[tokio::test]
async fn nobody_there_is_a_failure() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(matches!(phrase(&openai(&format!("http://{free}"))).await, Err(Unphrased::Failed(_))));
}

#[test]
fn what_is_missing_where_orderflow_runs_is_named() {
    let nothing = |_: &str| None;
    let wrong = |settings: &ModelSettings| Phraser::new(Some(settings), &nothing).err().unwrap();
    let (variable, problem) = wrong(&bedrock("https://x"));
    assert!(variable == "BEDROCK_MODEL_ID" && problem.contains("set AWS_ACCESS_KEY_ID"), "{problem}");
    let (variable, problem) = wrong(&openai("https://x"));
    assert!(variable == "CHATBOT_MODEL_KEY" && problem.contains("environment variable MODEL_KEY"), "{problem}");
    let bearer = |name: &str| (name == "AWS_BEARER_TOKEN_BEDROCK").then(|| "token".to_owned());
    assert!(Phraser::new(Some(&bedrock("https://x")), &bearer).is_ok());
    assert!(matches!(Phraser::new(None, &nothing), Ok(Phraser::Nobody)));
}
