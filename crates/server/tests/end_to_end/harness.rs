//! Decides how a server is started, asked and killed in these tests.
//!
//! Start at [`Server::up`]. A [`Connection`] is one client: HTTP over one socket that stays open, so that what happens
//! to a request when the server dies is what happens to a real client's. [`run`] is the command line.

use serde_json::{Value as Json, json};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take that is only waited for: these tests hold facts, not times, and machines are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_orderflow");

/// A template of this repository.
pub(crate) fn stack(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks").join(name)
}

/// A directory that goes with its value, on the disk that the build is on: the one of temporary files may be memory.
pub(crate) fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// How a server is started.
pub(crate) struct Start<'a> {
    /// Where its data is.
    pub(crate) data: &'a Path,
    /// What it runs.
    pub(crate) template: &'a Path,
    /// Orders that every function fails on.
    pub(crate) failing: &'a str,
}

/// A server that runs; it is killed with this value.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:…`
    pub(crate) admin: String,
    /// Where customers are served, likewise.
    pub(crate) public: String,
    /// What it printed when it was up.
    pub(crate) said: Json,
    complaints: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server and waits until it is up.
    pub(crate) fn up(start: &Start<'_>) -> Self {
        match Self::try_up(start) {
            Ok(server) => server,
            Err(complaints) => panic!("the server did not come up: {complaints}"),
        }
    }

    /// Starts a server; if it ends before it is up, what it said.
    pub(crate) fn try_up(start: &Start<'_>) -> Result<Self, String> {
        Self::heard(Self::spawn(start))
    }

    /// Starts a server with this configuration where these environment variables are set, and waits until it is up.
    pub(crate) fn up_configured(start: &Start<'_>, config: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Self::command(start);
        command.arg("--config").arg(config).envs(variables.iter().copied());
        match Self::heard(command.spawn().unwrap()) {
            Ok(server) => server,
            Err(complaints) => panic!("the server did not come up: {complaints}"),
        }
    }

    /// Starts a server where these environment variables are set, and waits until it is up.
    pub(crate) fn up_where(start: &Start<'_>, variables: &[(&str, &str)]) -> Self {
        match Self::heard(Self::command(start).envs(variables.iter().copied()).spawn().unwrap()) {
            Ok(server) => server,
            Err(complaints) => panic!("the server did not come up: {complaints}"),
        }
    }

    /// Starts a server whose standard error goes there, where nobody reads it, and waits until it is up.
    pub(crate) fn up_unheard(start: &Start<'_>, stderr: impl Into<Stdio>) -> Self {
        match Self::heard(Self::command(start).stderr(stderr).spawn().unwrap()) {
            Ok(server) => server,
            Err(complaints) => panic!("the server did not come up: {complaints}"),
        }
    }

    /// Waits until a server is up.
    fn heard(mut child: Child) -> Result<Self, String> {
        let complaints = Arc::new(Mutex::new(String::new()));
        let listening = child.stderr.take().map(|errors| {
            let heard = Arc::clone(&complaints);
            std::thread::spawn(move || {
                for line in BufReader::new(errors).lines() {
                    let Ok(line) = line else { break };
                    heard.lock().unwrap().push_str(&format!("{line}\n"));
                }
            })
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(said) = serde_json::from_str::<Json>(&line) else {
            let ended = child.wait().unwrap();
            if let Some(listening) = listening {
                listening.join().unwrap();
            }
            return Err(format!("{ended}; it printed {line:?} and {:?}", complaints.lock().unwrap()));
        };
        let address = |name: &str| said[name].as_str().unwrap().trim_start_matches("http://").to_owned();
        let (admin, public) = (address("admin"), address("public"));
        Ok(Self { child, admin, public, said, complaints })
    }

    /// Only starts the process, which may be killed before it is up.
    pub(crate) fn spawn(start: &Start<'_>) -> Child {
        Self::command(start).spawn().unwrap()
    }

    fn command(start: &Start<'_>) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("up").arg(start.template).args(["--json", "--admin", "127.0.0.1:0", "--public", "127.0.0.1:0"]);
        command.arg("--data-dir").arg(start.data).env("ORDERFLOW_FAIL_ORDERS", start.failing);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A client of its own.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.admin).unwrap()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, whatever it is doing: `kill -9`.
    pub(crate) fn kill(mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "it ended by itself: {}", self.complaints.lock().unwrap());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the process to end, and waits until it has.
    pub(crate) fn stop(self) {
        self.end("-TERM");
    }

    /// Presses Ctrl-C, and waits until the process has ended.
    pub(crate) fn interrupt(self) {
        self.end("-INT");
    }

    fn end(mut self, signal: &str) {
        let asked = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let ended = soon("the server stops", || self.child.try_wait().unwrap().ok_or(()));
        assert!(ended.success(), "{ended}: {}", self.complaints.lock().unwrap());
    }

    /// What it has printed for people so far.
    pub(crate) fn complaints(&self) -> String {
        self.complaints.lock().unwrap().clone()
    }

    /// Asks under `/_orderflow/`.
    pub(crate) fn ask(&self, path: &str) -> Json {
        let answer = self.connect().request("GET", &format!("/_orderflow/{path}"), &[], b"").unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Everything that a function's group holds that this filter finds, oldest first.
    pub(crate) fn lines(&self, function: &str, filter: &str) -> Vec<String> {
        let (mut connection, mut lines, mut token) = (self.connect(), Vec::new(), Json::Null);
        loop {
            let group = format!("/aws/lambda/{function}");
            let mut asked = json!({ "logGroupName": group, "filterPattern": filter });
            if !token.is_null() {
                asked["nextToken"] = token;
            }
            let answer = connection.call("Logs_20140328.FilterLogEvents", &asked).unwrap();
            let page = answer.ok();
            let events = page["events"].as_array().unwrap().iter();
            lines.extend(events.map(|event| event["message"].as_str().unwrap().trim_end().to_owned()));
            token = page["nextToken"].clone();
            if token.is_null() {
                return lines;
            }
        }
    }

    /// Waits until every pipe of the table is done with all that was written so far.
    pub(crate) fn drain(&self) {
        // No pipe lets this through; what is done with it is done with all before it.
        let item = json!({ "orderId": { "S": "DRAINED" }, "status": { "S": "none" }, "at": { "N": self.marks() } });
        self.connect().tables("PutItem", &json!({ "TableName": "NewOrders", "Item": item })).unwrap().ok();
        let told = self.ask("explain?order=DRAINED");
        let mark = told["histories"][0]["changes"].as_array().unwrap().last().unwrap()["sequenceNumber"].clone();
        let mark = mark.as_str().unwrap();
        soon("every pipe is done", || {
            let pipes = self.ask("pipes");
            let mut ours =
                pipes["pipes"].as_array().unwrap().iter().filter(|pipe| pipe["table"] == "NewOrders").peekable();
            assert!(ours.peek().is_some());
            if ours.all(|pipe| pipe["done"].as_str().unwrap() >= mark) { Ok(()) } else { Err(pipes.clone()) }
        });
    }

    /// A number that was not there before: writing what is stored already would be no change.
    fn marks(&self) -> String {
        let asked = json!({ "TableName": "NewOrders", "Key": { "orderId": { "S": "DRAINED" } } });
        let stored = self.connect().tables("GetItem", &asked).unwrap().ok();
        let last = stored["Item"]["at"]["N"].as_str().map_or(0, |at| at.parse::<u64>().unwrap());
        (last + 1).to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever wanted to know how it ends has seen it; here it only must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until it is so; what was seen last is in the complaint if it does not become so.
pub(crate) fn soon<T, E: std::fmt::Debug>(what: &str, look: impl FnMut() -> Result<T, E>) -> T {
    within(PATIENCE, what, look)
}

/// Looks until it is so, for so long.
pub(crate) fn within<T, E: std::fmt::Debug>(span: Duration, what: &str, mut look: impl FnMut() -> Result<T, E>) -> T {
    let until = Instant::now() + span;
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(Instant::now() < until, "not within {span:?}: {what}; last seen: {seen:#?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In their order, with names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The JSON of an answer that is no refusal.
    pub(crate) fn ok(&self) -> Json {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }
}

/// A client: one socket, kept open from request to request.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    pub(crate) fn open(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned() })
    }

    /// Calls an operation of AWS's JSON protocols.
    pub(crate) fn call(&mut self, target: &str, body: &Json) -> io::Result<Answer> {
        let newer = target.starts_with("Logs") || target.starts_with("AWSEvents");
        let kind = if newer { "application/x-amz-json-1.1" } else { "application/x-amz-json-1.0" };
        let headers = [("X-Amz-Target", target), ("Content-Type", kind)];
        self.request("POST", "/", &headers, body.to_string().as_bytes())
    }

    /// Calls an operation of DynamoDB.
    pub(crate) fn tables(&mut self, operation: &str, body: &Json) -> io::Result<Answer> {
        self.call(&format!("DynamoDB_20120810.{operation}"), body)
    }

    /// Calls an operation of SQS.
    pub(crate) fn queues(&mut self, operation: &str, body: &Json) -> Json {
        self.call(&format!("AmazonSQS.{operation}"), body).unwrap().ok()
    }

    /// Sends a request and reads its answer.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", self.host, body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat())?;
        self.answer()
    }

    /// Sends these bytes, whatever they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads an answer.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let mut answer = self.head()?;
        let length = answer.header("content-length").map(str::parse).transpose().map_err(io::Error::other)?;
        if matches!(answer.status, 100..200 | 204 | 304) {
            return Ok(answer);
        }
        if answer.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk()? {
                answer.body.extend_from_slice(&chunk);
            }
        } else {
            answer.body = vec![0; length.unwrap_or(0)];
            self.stream.read_exact(&mut answer.body)?;
        }
        Ok(answer)
    }

    /// Reads the head of an answer, and leaves its body to be read.
    pub(crate) fn head(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        let mut answer = Answer { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { return Ok(answer) };
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads the next piece of a body that comes in pieces; nothing at its end.
    pub(crate) fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk)?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// Chance that can be repeated: splitmix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.next() % (most - least + 1))
    }
}

/// How the command line ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) complaints: String,
}

impl Ended {
    /// The JSON it printed.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs the program in `directory`, which is where it finds `orderflow-data`. It is told to look for servers where there
/// is none, unless an argument says otherwise: somebody's own may run on this machine where it looks by itself.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Ended {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/nobody.toml");
    run_with_input(directory, &[arguments, &["--config", config]].concat(), "")
}

/// A setting with which no server is found: nobody listens on this port.
pub(crate) const NOBODY: &str = include_str!("nobody.toml");

/// Runs the program as it is, with something to read.
pub(crate) fn run_with_input(directory: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = Command::new(PROGRAM);
    command.current_dir(directory).args(arguments).env_remove("ORDERFLOW_FAIL_ORDERS").env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input may be gone before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        output: String::from_utf8(output.stdout).unwrap(),
        complaints: String::from_utf8(output.stderr).unwrap(),
    }
}
