//! Who is let in: requests to this server by its own name, that only read, from its own pages, with the token where there is one.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::Token;
use super::answer::{self, Answer};
use super::error_page::refusal;

/// Says where a request comes from: <https://www.w3.org/TR/fetch-metadata/>.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whom a server lets in.
#[derive(Debug)]
pub(super) struct Guard {
    address: SocketAddr,
    token: Option<Token>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: Option<Token>) -> Self {
        Self { address, token }
    }

    /// Lets a request in, or gives the answer to it.
    pub(super) fn check(&self, request: &Parts) -> Result<(), Box<Answer>> {
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "studies are only shown here", "use GET");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Err(Box::new(answer));
        }
        if !self.is_for_this_server(request) {
            let hint = format!("open `{}`, which `trialbox serve` has printed", self.own_address());
            let what = "this server is asked for by another name, or at another port";
            return Err(Box::new(refusal(StatusCode::MISDIRECTED_REQUEST, what, &hint)));
        }
        if is_from_another_site(&request.headers) {
            let what = "another web site asks for this";
            return Err(Box::new(refusal(StatusCode::FORBIDDEN, what, "open the address itself")));
        }
        self.check_token(request)
    }

    fn check_token(&self, request: &Parts) -> Result<(), Box<Answer>> {
        let Some(token) = &self.token else { return Ok(()) };
        if let Some(given) = token_in_query(request) {
            if !token.is(given) {
                return Err(Box::new(unknown("the token in this address is not the one of this server")));
            }
            // From the address it goes where it is seen less.
            let mut answer = answer::redirect(request.uri.path());
            let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), token.text());
            let cookie = HeaderValue::from_str(&cookie).map_err(|_| Box::new(unknown("the token is no text")))?;
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            return Err(Box::new(answer));
        }
        let name = self.cookie_name();
        let is_known = cookies(&request.headers).any(|(given, value)| given == name && token.is(value));
        if is_known { Ok(()) } else { Err(Box::new(unknown("this server shows studies to those who have its token"))) }
    }

    /// The cookie's name. Cookies are shared by all ports of a machine.
    fn cookie_name(&self) -> String {
        format!("trialbox-{}", self.address.port())
    }

    /// Whether the request names this server, as a browser does that was told its address. A page from elsewhere whose name was
    /// made to lead here (DNS rebinding) names itself.
    fn is_for_this_server(&self, request: &Parts) -> bool {
        let mut hosts = request.headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let is_own = |host: &str| self.is_own(host);
        let is_own_address = request.uri.authority().is_none_or(|authority| is_own(authority.as_str()));
        is_own_address && host.to_str().is_ok_and(is_own)
    }

    fn is_own(&self, host: &str) -> bool {
        let port = self.address.port();
        let name = match host.rsplit_once(':') {
            Some((name, digits)) if !digits.ends_with(']') => {
                if digits != port.to_string() {
                    return false;
                }
                name
            }
            _ if port == 80 => host,
            _ => return false,
        };
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let Some(address) = ip_address(name) else { return false };
        let own = self.address.ip();
        // A server at all addresses of a machine doesn't know them. No name can be made to lead to it: these are no names.
        own.is_unspecified() || address == own || ["127.0.0.1", "[::1]"].contains(&name)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address for people, without the token.
    pub(super) fn own_address(&self) -> String {
        let port = self.address.port();
        match self.address.ip() {
            IpAddr::V4(address) if address.is_unspecified() => format!("http://127.0.0.1:{port}/"),
            IpAddr::V6(address) if address.is_unspecified() => format!("http://[::1]:{port}/"),
            IpAddr::V4(address) => format!("http://{address}:{port}/"),
            IpAddr::V6(address) => format!("http://[{address}]:{port}/"),
        }
    }

    /// The address for people, with the token.
    pub(super) fn address_with_token(&self) -> String {
        let token = self.token.as_ref().map(|token| format!("?token={}", token.text()));
        self.own_address() + &token.unwrap_or_default()
    }
}

fn ip_address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => Some(IpAddr::V6(rest.strip_suffix(']')?.parse().ok()?)),
        None => Some(IpAddr::V4(host.parse().ok()?)),
    }
}

/// Whether a page of another site asks, unless it only leads here. Browsers say so themselves; others are no danger.
fn is_from_another_site(headers: &HeaderMap) -> bool {
    let Some(site) = headers.get(SITE) else { return false };
    let is_own = site == "same-origin" || site == "none";
    let leads_here = headers.get(MODE).is_some_and(|mode| mode == "navigate");
    // A frame would not be shown; to make its page all the same would be work that any site could ask for.
    let is_frame = headers.get(DESTINATION).is_some_and(|destination| destination != "document");
    !is_own && (!leads_here || is_frame)
}

fn token_in_query(request: &Parts) -> Option<&str> {
    request.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    texts.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='))
}

fn unknown(what: &str) -> Answer {
    refusal(StatusCode::UNAUTHORIZED, what, "open the whole address that `trialbox serve` has printed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn guard(address: &str, token: Option<&Token>) -> Guard {
        Guard::new(address.parse().unwrap(), token.cloned())
    }

    fn status(guard: &Guard, uri: &str, headers: &[(&str, &str)]) -> StatusCode {
        outcome(guard, "GET", uri, headers).map_or_else(|answer| answer.status(), |()| StatusCode::OK)
    }

    fn outcome(guard: &Guard, method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), Box<Answer>> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        guard.check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_requests_to_the_own_name_and_port_are_let_in() {
        let loopback = guard("127.0.0.1:8787", None);
        for host in ["127.0.0.1:8787", "localhost:8787", "LocalHost:8787", "[::1]:8787"] {
            assert_eq!(status(&loopback, "/", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example:8787",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost.evil.example:8787",
            "192.168.1.7:8787",
            "localhost:8787:8787",
            "0.0.0.0:8787",
            "[::1]",
            "::1:8787",
            "",
            ":8787",
        ] {
            assert_eq!(status(&loopback, "/", &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status(&loopback, "/", &[]), 421);
        let twice = [("host", "localhost:8787"), ("host", "evil.example:8787")];
        assert_eq!(status(&loopback, "/", &twice), 421);
        assert_eq!(status(&loopback, "http://evil.example/", &[("host", "localhost:8787")]), 421);
        assert_eq!(status(&loopback, "http://localhost:8787/", &[("host", "localhost:8787")]), 200);
    }

    #[test]
    fn a_server_at_all_addresses_takes_any_of_them_but_no_name() {
        let everywhere = guard("0.0.0.0:80", None);
        for (host, expected) in [
            ("192.168.1.7", 200),
            ("192.168.1.7:80", 200),
            ("[fe80::1]", 200),
            ("evil.example", 421),
            ("1.2.3.4:81", 421),
        ] {
            assert_eq!(status(&everywhere, "/", &[("host", host)]), expected, "{host}");
        }
    }

    #[test]
    fn nothing_but_reading_is_let_in() {
        let loopback = guard("127.0.0.1:8787", None);
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"] {
            let uri = if method == "CONNECT" { "localhost:8787" } else { "/" };
            let answer = outcome(&loopback, method, uri, &[("host", "localhost:8787")]).unwrap_err();
            assert_eq!(answer.status(), 405, "{method}");
            assert_eq!(answer.headers()[header::ALLOW], "GET, HEAD");
        }
        assert!(outcome(&loopback, "HEAD", "/", &[("host", "localhost:8787")]).is_ok());
    }

    #[test]
    fn other_sites_may_lead_here_and_nothing_more() {
        let loopback = guard("127.0.0.1:8787", None);
        for (site, mode, expected) in [
            ("none", "navigate", 200),
            ("same-origin", "cors", 200),
            ("cross-site", "navigate", 200),
            ("cross-site", "no-cors", 403),
            ("same-site", "cors", 403),
        ] {
            let headers = [("host", "localhost:8787"), ("sec-fetch-site", site), ("sec-fetch-mode", mode)];
            assert_eq!(status(&loopback, "/", &headers), expected, "{site} {mode}");
        }
    }

    #[test]
    fn the_token_lets_in_and_moves_from_the_address_to_a_cookie() {
        let token = Token::random().unwrap();
        let guard = guard("127.0.0.1:8787", Some(&token));
        let host = ("host", "127.0.0.1:8787");
        let with_cookie = |value: &str| status(&guard, "/", &[host, ("cookie", value)]);
        assert_eq!(status(&guard, "/", &[host]), 401);
        assert_eq!(status(&guard, "/?token=wrong", &[host]), 401);
        assert_eq!(status(&guard, "/?token=", &[host]), 401);
        assert_eq!(with_cookie("trialbox-8787=wrong"), 401);
        assert_eq!(with_cookie(&format!("trialbox-8788={}", token.text())), 401);
        assert_eq!(with_cookie(&format!("other=1; trialbox-8787={}", token.text())), 200);
        let address = format!("/studies/a.study/?token={}", token.text());
        let answer = outcome(&guard, "GET", &address, &[host]).unwrap_err();
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()[header::LOCATION], "/studies/a.study/");
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        assert_eq!(with_cookie(cookie.split(';').next().unwrap()), 200);
    }

    #[test]
    fn the_address_for_people_can_be_opened() {
        for (bound, shown) in [
            ("127.0.0.1:8787", "http://127.0.0.1:8787/"),
            ("[::1]:1", "http://[::1]:1/"),
            ("0.0.0.0:2", "http://127.0.0.1:2/"),
            ("[::]:3", "http://[::1]:3/"),
            ("192.168.1.7:80", "http://192.168.1.7:80/"),
        ] {
            assert_eq!(guard(bound, None).own_address(), shown);
        }
    }
}
