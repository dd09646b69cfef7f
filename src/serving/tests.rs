//! A server over a real socket, as browsers and those who mean harm use it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::connections::Bounds;
use super::fixture::{Place, Writing};
use super::{Access, ServeError, Server, Token};

/// How long anything is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a thread of its own.
struct Running {
    address: SocketAddr,
    url: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Running {
    fn of(place: &Place) -> Self {
        Self::with(place, None, Bounds::default())
    }

    fn with(place: &Place, token: Option<Token>, bounds: Bounds) -> Self {
        let access = Access { port: Some(0), token, ..Access::of_this_machine() };
        let mut server = Server::listen(&place.path(""), access, Arc::new(|_| None)).unwrap();
        server.bounds = bounds;
        let (address, url) = (server.listener.local_addr().unwrap(), server.url());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let run = move || server.run(async { drop(stopped.await) }).unwrap();
        Self { address, url, stop: Some(stop), thread: Some(std::thread::spawn(run)) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn host(&self) -> String {
        format!("Host: {}\r\n", self.address)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &self.host())
    }

    /// What comes back; `headers` are lines with their ends.
    fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        let mut stream = self.connect();
        // Who has no room answers and closes before it has read.
        let _ = write!(stream, "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        Reply::read(&mut BufReader::new(stream)).unwrap()
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.get(path).body).unwrap()
    }

    /// Waits until what is there at the path is as it should be.
    fn wait_for(&self, path: &str, is_so: impl Fn(&Reply) -> bool) -> Reply {
        wait_for(|| Some(self.get(path)).filter(&is_so))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Reply {
    fn read(reader: &mut impl BufRead) -> std::io::Result<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers: BTreeMap<_, _> = lines[1..].iter().filter_map(header).collect();
        let mut body = Vec::new();
        match headers.get("content-length") {
            Some(bytes) => drop(reader.take(bytes.parse().unwrap()).read_to_end(&mut body)?),
            None if headers.contains_key("transfer-encoding") => {}
            None => drop(reader.read_to_end(&mut body)?),
        }
        Ok(Self { status, headers, body })
    }

    fn has(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(words)
    }
}

/// Waits until there is something.
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "a test has to give up some time")]
    let begun = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it did not come");
        #[expect(clippy::disallowed_methods, reason = "what is waited for is on another thread")]
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The data of a study's page: its last event, since when it tells, and which trials it tells of.
fn data(server: &Running, path: &str) -> (u64, Option<u64>, Vec<u64>) {
    let reply = server.get(path);
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "application/gzip"));
    let mut json = String::new();
    flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_string(&mut json).unwrap();
    let data: serde_json::Value = serde_json::from_str(&json).unwrap();
    let trials = data["trials"]["trial"].as_array().unwrap().iter().map(|trial| trial.as_u64().unwrap()).collect();
    (data["sequence"].as_u64().unwrap(), data["since"].as_u64(), trials)
}

/// The messages of a stream of events.
struct Events(BufReader<TcpStream>);

impl Events {
    fn of(server: &Running, path: &str) -> Self {
        let mut stream = server.connect();
        write!(stream, "GET {path} HTTP/1.1\r\n{}\r\n", server.host()).unwrap();
        let mut reader = BufReader::new(stream);
        let reply = Reply::read(&mut reader).unwrap();
        assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "text/event-stream"));
        Self(reader)
    }

    /// The next message; none at the end of the stream.
    fn next(&mut self) -> Option<(u64, bool)> {
        loop {
            let mut line = String::new();
            // The last piece is one of no bytes.
            if self.0.read_line(&mut line).unwrap() == 0 || line == "0\r\n" {
                return None;
            }
            if let Some(json) = line.strip_prefix("data: ") {
                let message: serde_json::Value = serde_json::from_str(json).unwrap();
                return Some((message["sequence"].as_u64()?, message["ended"].as_bool()?));
            }
        }
    }
}

#[test]
fn the_list_has_the_studies_of_the_folder_as_they_come_and_go() {
    let place = Place::new();
    let server = Running::of(&place);
    assert!(server.text("/").contains("no study in this folder"));
    place.ended("a b.study", 9);
    let list = server.wait_for("/studies", |reply| reply.has("accuracy"));
    for words in
        ["&lt;b&gt;digits&lt;/b&gt;", "a b.study", "/studies/a%20b.study/", "accuracy = 2.5", "3 of 8", "ended"]
    {
        assert!(list.has(words), "{words}");
    }
    assert!(!list.has("<b>") && !list.has("running"));
    std::fs::remove_file(place.path("a b.study")).unwrap();
    assert!(server.text("/studies").contains("no study in this folder"));
}

#[test]
fn the_list_tells_which_studies_run() {
    let place = Place::new();
    let mut writing = Writing::begin(&place, "a.study");
    writing.write(4);
    let server = Running::of(&place);
    server.wait_for("/studies", |reply| reply.has("running") && reply.has("1 of 8"));
    writing.write(2);
    server.wait_for("/studies", |reply| reply.has("running") && reply.has("2 of 8"));
    drop(writing);
    server.wait_for("/studies", |reply| reply.has("not finished") && !reply.has("running"));
}

#[test]
fn a_study_has_a_page_and_its_parts() {
    let place = Place::new();
    place.ended("a.study", 9);
    let server = Running::of(&place);
    let page = server.get("/studies/a.study/");
    assert_eq!((page.status, page.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    assert!(page.has("&lt;b&gt;digits&lt;/b&gt;") && page.has("a.study") && page.has("trialbox-live"));
    assert!(page.headers["content-security-policy"].contains("frame-ancestors 'none'"));
    assert!(server.get("/studies/a.study/summary").has("2.5"));
    assert_eq!(server.get("/studies/a.study").headers["location"], "/studies/a.study/");
    for path in ["/style.css", "/index.js"] {
        assert_eq!(server.get(path).status, 200);
    }
    let head = server.ask("HEAD", "/studies/a.study/", &server.host());
    assert!(head.status == 200 && head.headers["content-length"].parse::<usize>().unwrap() == page.body.len());
}

#[test]
fn the_data_tells_what_was_added_since() {
    let place = Place::new();
    let mut writing = Writing::begin(&place, "a.study");
    writing.write(6);
    let server = Running::of(&place);
    assert_eq!(data(&server, "/studies/a.study/data"), (6, None, vec![0, 1]));
    writing.write(4);
    let grown =
        wait_for(|| Some(data(&server, "/studies/a.study/data?since=6")).filter(|(sequence, ..)| *sequence == 10));
    assert_eq!(grown, (10, Some(6), vec![2, 3]));
    assert_eq!(data(&server, "/studies/a.study/data?since=10").2, Vec::<u64>::new());
    assert_eq!(
        data(&server, "/studies/a.study/data?since=99"),
        (10, None, vec![0, 1, 2, 3]),
        "another study was meant"
    );
    assert_eq!(server.get("/studies/a.study/data?since=x").status, 404);
}

#[test]
fn events_tell_that_a_study_grows_and_ends() {
    let place = Place::new();
    let mut writing = Writing::begin(&place, "a.study");
    writing.write(2);
    let server = Running::of(&place);
    let mut events = Events::of(&server, "/studies/a.study/events");
    assert_eq!(events.next(), Some((2, false)));
    let mut later = Events::of(&server, "/studies/a.study/events");
    assert_eq!(later.next(), Some((2, false)), "who comes later is told too");
    writing.write(3);
    assert_eq!(events.next(), Some((5, false)));
    writing.end();
    assert_eq!(events.next(), Some((6, true)));
    assert_eq!(later.next(), Some((5, false)));
    assert_eq!(later.next(), Some((6, true)));
}

#[test]
fn events_end_when_the_study_is_gone() {
    let place = Place::new();
    place.ended("a.study", 3);
    let server = Running::of(&place);
    let mut events = Events::of(&server, "/studies/a.study/events");
    assert_eq!(events.next(), Some((4, true)));
    std::fs::remove_file(place.path("a.study")).unwrap();
    assert_eq!(events.next(), None);
    for path in ["", "data", "summary", "events"] {
        assert_eq!(server.get(&format!("/studies/a.study/{path}")).status, 404);
    }
    place.ended("a.study", 6);
    let mut events = Events::of(&server, "/studies/a.study/events");
    assert_eq!(events.next(), Some((7, true)), "another one under the same name");
}

#[test]
fn a_study_that_cannot_be_read_says_why_and_spoils_no_other() {
    let place = Place::new();
    place.ended("good.study", 3);
    place.ended("damaged.study", 300);
    let whole = std::fs::read(place.path("damaged.study")).unwrap();
    std::fs::write(place.path("damaged.study"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(place.path("text.study"), "this is <i>no</i> database").unwrap();
    std::fs::write(place.path("void.study"), "").unwrap();
    std::fs::create_dir(place.path("folder.study")).unwrap();
    drop(rusqlite::Connection::open(place.path("foreign.study")).unwrap().execute_batch("CREATE TABLE other (x)"));
    let server = Running::of(&place);
    for (name, words) in [
        ("damaged", "is damaged"),
        ("text", "is not a study"),
        ("foreign", "is not a study"),
        ("void", "is not a study"),
        ("folder", "is a directory"),
    ] {
        for part in ["", "data", "summary", "events"] {
            let reply = server.get(&format!("/studies/{name}.study/{part}"));
            assert_eq!(reply.status, 500, "{name}");
            assert!(reply.has(words) && reply.has("Hint: "), "{name}: {}", String::from_utf8_lossy(&reply.body));
        }
    }
    let list = server.wait_for("/studies", |reply| !reply.has("is being read"));
    assert!(list.has("is damaged") && list.has("is a directory") && list.has("1 of 8"));
    assert_eq!(server.get("/studies/good.study/").status, 200);
}

#[test]
fn no_address_leads_out_of_the_folder() {
    let outer = Place::new();
    outer.ended("a.study", 3);
    std::fs::create_dir(outer.path("inner")).unwrap();
    std::fs::write(outer.path("inner/b.study"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../a.study", outer.path("inner/link.study")).unwrap();
    let access = Access { port: Some(0), ..Access::of_this_machine() };
    let server = Server::listen(&outer.path("inner"), access, Arc::new(|_| None)).unwrap();
    let (address, url) = (server.listener.local_addr().unwrap(), server.url());
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || server.run(async { drop(stopped.await) }).unwrap());
    let server = Running { address, url, stop: Some(stop), thread: Some(thread) };
    let full = outer.path("a.study").display().to_string();
    for id in [
        "..",
        "../a.study",
        "../../a.study",
        "..%2fa.study",
        "..%2Fa.study",
        "%2e%2e%2fa.study",
        "%2e%2e/a.study",
        "..\\a.study",
        "..%5ca.study",
        "b.study%00",
        "%00",
        "%",
        "%zz",
        ".",
        "./b.study/.",
        &full,
        &full.replace('/', "%2f"),
        "file:%2f%2f",
        "%25",
        &"a".repeat(5_000),
    ] {
        for path in [format!("/studies/{id}/data"), format!("/studies/{id}/")] {
            let status = server.get(&path).status;
            assert!([400, 404].contains(&status), "{path}: {status}");
        }
    }
    if cfg!(unix) {
        let reply = server.get("/studies/link.study/data");
        assert!(reply.status == 403 && reply.has("leads out of this folder"));
    }
}

#[test]
fn only_reading_requests_to_the_servers_own_name_are_answered() {
    let place = Place::new();
    place.ended("a.study", 3);
    let server = Running::of(&place);
    let with_host = |host: &str| server.ask("GET", "/studies/a.study/data", &format!("Host: {host}\r\n")).status;
    let port = server.address.port();
    assert_eq!(with_host(&format!("localhost:{port}")), 200);
    assert_eq!(with_host(&format!("evil.example:{port}")), 421);
    assert_eq!(with_host("localhost:1"), 421);
    assert_eq!(server.ask("GET", "/", "").status, 421);
    let posted = server.ask("POST", "/", &format!("{}Content-Length: 0\r\n", server.host()));
    assert_eq!((posted.status, posted.headers["allow"].as_str()), (405, "GET, HEAD"));
    assert_eq!(server.get("/nowhere").status, 404);
    assert_eq!(server.get("/plot").headers["x-content-type-options"], "nosniff");
}

#[test]
fn with_a_token_nothing_is_shown_without_it() {
    let place = Place::new();
    place.ended("a.study", 3);
    let token = Token::random().unwrap();
    let server = Running::with(&place, Some(token.clone()), Bounds::default());
    for path in ["/", "/studies", "/style.css", "/studies/a.study/", "/studies/a.study/events", "/none", "/?token=0"] {
        let reply = server.get(path);
        assert_eq!(reply.status, 401, "{path}");
        assert!(!reply.has("digits") && !reply.has(token.text()));
    }
    let path = server.url.split_once(&server.address.to_string()).unwrap().1;
    let reply = server.get(path);
    assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/"));
    let cookie = reply.headers["set-cookie"].split(';').next().unwrap().to_owned();
    let headers = format!("{}Cookie: {cookie}\r\n", server.host());
    assert_eq!(server.ask("GET", "/studies/a.study/data", &headers).status, 200);
    assert_eq!(server.ask("GET", "/", &format!("{}Cookie: {cookie}0\r\n", server.host())).status, 401);
}

#[test]
fn without_a_token_only_this_machine_is_served() {
    let place = Place::new();
    let access = |token| Access { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: Some(0), token };
    let listen = |token| Server::listen(&place.path(""), access(token), Arc::new(|_| None));
    assert!(matches!(listen(None), Err(ServeError::NoTokenThere { .. })));
    assert!(listen(Some(Token::random().unwrap())).unwrap().url().contains("?token="));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let place = Place::new();
    let server = Running::of(&place);
    let access = Access { port: Some(server.address.port()), ..Access::of_this_machine() };
    let Err(error) = Server::listen(&place.path(""), access, Arc::new(|_| None)) else { panic!("it is taken") };
    assert_eq!(error.to_string(), format!("port {} of 127.0.0.1 is taken by another program", server.address.port()));
    assert!(error.hint().unwrap().contains("--port"));
}

#[test]
fn more_connections_than_there_is_room_for_are_turned_away() {
    let place = Place::new();
    let server = Running::with(&place, None, Bounds { connections_max: 2, ..Bounds::default() });
    let (mut first, second) = (server.connect(), server.connect());
    // Both have been taken once one of them is answered.
    write!(first, "GET /style.css HTTP/1.1\r\n{}\r\n", server.host()).unwrap();
    let reply = Reply::read(&mut BufReader::new(first.try_clone().unwrap())).unwrap();
    assert_eq!(reply.status, 200);
    let mut third = BufReader::new(server.connect());
    let reply = Reply::read(&mut third).unwrap();
    assert!(reply.status == 503 && reply.has("too many connections"));
    drop(second);
    wait_for(|| try_get(&server).filter(|status| *status == 200));
}

/// The status of an answer, if there is one: a connection that is turned away may be reset before it was read.
fn try_get(server: &Running) -> Option<u16> {
    let mut stream = server.connect();
    write!(stream, "GET /style.css HTTP/1.1\r\n{}Connection: close\r\n\r\n", server.host()).ok()?;
    Some(Reply::read(&mut BufReader::new(stream)).ok()?.status)
}

/// A server with room for one connection, that has no patience.
fn impatient(place: &Place) -> Running {
    let soon = Duration::from_millis(300);
    Running::with(place, None, Bounds { connections_max: 1, header_time_max: soon, stalled_time_max: soon })
}

#[test]
fn a_client_that_is_slow_with_its_header_makes_room_for_others() {
    let place = Place::new();
    let server = impatient(&place);
    for begun in ["", "GET", "GET / HTTP/1.1\r\nHost: a\r\nX: "] {
        let mut slow = server.connect();
        slow.write_all(begun.as_bytes()).unwrap();
        wait_for(|| try_get(&server).filter(|status| *status == 200));
    }
}

#[test]
fn a_connection_that_is_left_open_makes_room_for_others() {
    let place = Place::new();
    let server = impatient(&place);
    let mut idle = server.connect();
    write!(idle, "GET /style.css HTTP/1.1\r\n{}\r\n", server.host()).unwrap();
    assert_eq!(Reply::read(&mut BufReader::new(idle.try_clone().unwrap())).unwrap().status, 200);
    wait_for(|| try_get(&server).filter(|status| *status == 200));
}

#[test]
fn a_client_that_never_reads_makes_room_for_others() {
    let place = Place::new();
    let server = impatient(&place);
    let mut deaf = server.connect();
    deaf.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let request = format!("GET /style.css HTTP/1.1\r\n{}\r\n", server.host());
    // Asks until nothing more is taken: the server waits until its answers are.
    while deaf.write_all(request.as_bytes()).is_ok() {}
    wait_for(|| try_get(&server).filter(|status| *status == 200));
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let place = Place::new();
    let server = Running::of(&place);
    let long = "x".repeat(40_000);
    assert!([414, 431].contains(&server.get(&format!("/{long}")).status));
    assert_eq!(server.ask("GET", "/", &format!("{}X: {long}\r\n", server.host())).status, 431);
    let many = "X: y\r\n".repeat(200);
    assert_eq!(server.ask("GET", "/", &format!("{}{many}", server.host())).status, 431);
    let mut stream = server.connect();
    stream.write_all(b"\x16\x03\x01 this is no request\r\n\r\n").unwrap();
    assert_eq!(Reply::read(&mut BufReader::new(stream)).unwrap().status, 400);
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn there_are_only_so_many_streams_of_events() {
    let place = Place::new();
    place.ended("a.study", 3);
    let server = Running::of(&place);
    let mut streams: Vec<Events> = (0..32).map(|_| Events::of(&server, "/studies/a.study/events")).collect();
    let reply = server.get("/studies/a.study/events");
    assert_eq!((reply.status, reply.headers["retry-after"].as_str()), (503, "2"));
    streams.pop();
    let reply = wait_for(|| {
        let mut stream = server.connect();
        write!(stream, "GET /studies/a.study/events HTTP/1.1\r\n{}\r\n", server.host()).unwrap();
        Reply::read(&mut BufReader::new(stream)).ok().filter(|reply| reply.status == 200)
    });
    assert_eq!(reply.headers["content-type"], "text/event-stream");
}

#[test]
fn a_server_that_is_stopped_ends_though_somebody_listens() {
    let place = Place::new();
    place.ended("a.study", 3);
    let server = Running::of(&place);
    let mut events = Events::of(&server, "/studies/a.study/events");
    assert_eq!(events.next(), Some((4, true)));
    drop(server);
    let mut rest = Vec::new();
    // Whether its last word came through doesn't matter.
    let _ = events.0.read_to_end(&mut rest);
}
