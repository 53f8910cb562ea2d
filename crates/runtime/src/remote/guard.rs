//! Decides which addresses may be called: the guard against being sent to places that only this machine can reach.
//!
//! Start at [`Dialer`]. A name is looked up once, every address that it has is checked, and the connection is made to an
//! address that was checked; so a name that means something else a moment later gains nothing. What an address is, is
//! decided on its bytes, in whatever way it was written: an IPv4 address within an IPv6 one is that IPv4 address.
//!
//! Invariant: a checked dialer connects only to public addresses, and to those that its operator lists; in the open
//! (without TLS) only to this machine itself.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// The most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 16;

/// Where a name is looked up.
type LookingUp<'a> = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up.
pub(crate) trait Resolver: Send + Sync {
    /// Every address of a host.
    fn look_up<'a>(&'a self, host: &'a str) -> LookingUp<'a>;
}

/// The system's own way.
struct System;

impl Resolver for System {
    fn look_up<'a>(&'a self, host: &'a str) -> LookingUp<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

/// Opens connections, to whom it may.
#[derive(Clone)]
pub(crate) struct Dialer {
    guard: Guard,
    resolver: Arc<dyn Resolver>,
    /// Whom TLS trusts, if not whom browsers trust.
    connector: Option<TlsConnector>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// Who may be called.
#[derive(Debug, Clone)]
enum Guard {
    /// Whomever the operator names: the address is part of what they deploy.
    Trusting,
    /// Public addresses, and these.
    Checking {
        allowed: Vec<Range>,
        /// Where these are listed, for people.
        listed_in: &'static str,
    },
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DialError {
    /// Whoever is there must not be called.
    Forbidden(String),
    /// It did not come about, or broke.
    Failed(String),
}

impl From<String> for DialError {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

impl From<DialError> for String {
    fn from(error: DialError) -> Self {
        let (DialError::Forbidden(error) | DialError::Failed(error)) = error;
        error
    }
}

/// How what is said goes over the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Under TLS, now or before anything is told.
    Secured,
    /// In the open.
    Open,
}

impl Default for Dialer {
    /// One that trusts its operator.
    fn default() -> Self {
        Self { guard: Guard::Trusting, resolver: Arc::new(System), connector: None }
    }
}

impl Dialer {
    /// One that checks addresses; `allowed` lists what is called although it is not public: addresses and ranges such
    /// as `10.1.0.0/16`, separated by commas.
    pub(crate) fn checking(allowed: &str) -> Result<Self, String> {
        let ranges = allowed.split([',', ' ']).map(str::trim).filter(|text| !text.is_empty());
        let wrong = |text: &str| format!("holds {text:?}, which is no address or range such as 10.1.0.0/16");
        let ranges = ranges.map(|text| Range::parse(text).ok_or_else(|| wrong(text))).collect::<Result<_, _>>()?;
        let guard = Guard::Checking { allowed: ranges, listed_in: "ALLOWED_ADDRESSES of the function" };
        Ok(Self { guard, ..Self::default() })
    }

    /// The same, whose addresses are listed elsewhere; what is refused names that place.
    pub(crate) fn listing_in(self, place: &'static str) -> Self {
        match self.guard {
            Guard::Trusting => self,
            Guard::Checking { allowed, .. } => Self { guard: Guard::Checking { allowed, listed_in: place }, ..self },
        }
    }

    #[cfg(test)]
    pub(crate) fn resolving(self, resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, ..self }
    }

    #[cfg(test)]
    pub(crate) fn trusting(self, connector: TlsConnector) -> Self {
        Self { connector: Some(connector), ..self }
    }

    /// A connection to a host, if it may be called.
    pub(crate) async fn dial(&self, host: &str, port: u16, line: Line) -> Result<TcpStream, DialError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = match bare.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.resolver.look_up(bare).await.map_err(|error| DialError::Failed(error.to_string()))?,
        };
        if found.is_empty() {
            return Err(DialError::Failed("its name has no address".to_owned()));
        }
        // All of them, whichever answers: a name that means a public place and a private one means no good.
        for address in &found {
            self.check(*address, line).map_err(DialError::Forbidden)?;
        }
        let mut last = None;
        for address in found.into_iter().take(ADDRESSES_MAX) {
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(stream) => {
                    // Small requests are sent at once; a socket that refuses this works all the same.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = Some(error.to_string()),
            }
        }
        Err(DialError::Failed(last.unwrap_or_default()))
    }

    /// Speaks TLS on a connection, with whoever can prove to be this host.
    pub(crate) async fn secure(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| error.to_string())?;
        let connector = self.connector.as_ref().unwrap_or_else(|| connector());
        connector.connect(name, stream).await.map_err(|error| error.to_string())
    }

    fn check(&self, address: IpAddr, line: Line) -> Result<(), String> {
        let Guard::Checking { allowed, listed_in } = &self.guard else { return Ok(()) };
        let address = address.to_canonical();
        let listed = allowed.iter().any(|range| range.holds(address));
        if !listed && !is_public(address) {
            return Err(format!("the address {address} is not public: if it is meant, list it in {listed_in}"));
        }
        if line == Line::Open && !address.is_loopback() {
            return Err(format!("the address {address} is another machine's: without TLS only this machine is told"));
        }
        Ok(())
    }
}

/// Trusts whom browsers trust.
fn connector() -> &'static TlsConnector {
    static CONNECTOR: OnceLock<TlsConnector> = OnceLock::new();
    CONNECTOR.get_or_init(|| {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        connector_for(roots)
    })
}

/// Trusts these.
pub(crate) fn connector_for(roots: RootCertStore) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the usual versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    bits: u8,
}

impl Range {
    /// Reads `10.1.0.0/16`, `::1`, and the like; what stands behind the bits that count must be zero.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        let range = Self { first: address, bits };
        (bits <= most && masked(address, bits) == number(address)).then_some(range)
    }

    fn holds(self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && masked(address, self.bits) == number(self.first)
    }
}

/// An address's bytes as one number, its first bit the highest of 128.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn masked(address: IpAddr, bits: u8) -> u128 {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    number(address) & mask
}

/// Whether an address is one of the open internet, by the special-purpose registries of IANA.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    const SPECIAL: [(Ipv4Addr, u8); 16] = [
        (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
        (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
        (Ipv4Addr::new(100, 64, 0, 0), 10),    // carriers' NAT
        (Ipv4Addr::new(127, 0, 0, 0), 8),      // this machine
        (Ipv4Addr::new(169, 254, 0, 0), 16),   // this link, and clouds' metadata
        (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
        (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocols
        (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
        (Ipv4Addr::new(192, 88, 99, 0), 24),   // relays to IPv6, which may lead anywhere
        (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
        (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
        (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
        (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
        (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
        (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast
        (Ipv4Addr::new(168, 63, 129, 16), 32), // a cloud's own services, on an address that looks public
    ];
    let holds = |(first, bits): &(Ipv4Addr, u8)| Range { first: (*first).into(), bits: *bits }.holds(address.into());
    !SPECIAL.iter().any(holds)
}

/// Only what is given out to the public is, and of that not what holds an IPv4 address or stands in documents.
fn is_public_v6(address: Ipv6Addr) -> bool {
    const GIVEN_OUT: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
    const SPECIAL: [(Ipv6Addr, u8); 4] = [
        (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols, Teredo among them
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
        (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
        (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    ];
    let holds = |(first, bits): &(Ipv6Addr, u8)| Range { first: (*first).into(), bits: *bits }.holds(address.into());
    holds(&GIVEN_OUT) && !SPECIAL.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that mean what a test says.
    pub(crate) struct Named(pub(crate) Vec<(&'static str, Vec<&'static str>)>);

    impl Resolver for Named {
        fn look_up<'a>(&'a self, host: &'a str) -> LookingUp<'a> {
            let found = self.0.iter().find(|(name, _)| *name == host);
            let found = found.map(|(_, addresses)| addresses.iter().map(|one| one.parse().unwrap()).collect());
            Box::pin(std::future::ready(found.ok_or_else(|| std::io::Error::other("no such name"))))
        }
    }

    #[test]
    fn only_public_addresses_are_public() {
        let cases = [
            ("8.8.8.8", true),
            ("1.1.1.1", true),
            ("100.63.255.255", true),
            ("100.128.0.1", true),
            ("172.15.0.1", true),
            ("172.32.0.1", true),
            ("2606:4700::1111", true),
            ("2001:4860:4860::8888", true),
            ("::ffff:8.8.8.8", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("100.100.100.200", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("168.63.129.16", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.192", false),
            ("192.168.1.1", false),
            ("198.19.0.1", false),
            ("224.0.0.1", false),
            ("239.255.255.250", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("::ffff:10.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b:1::a00:1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ];
        for (address, public) in cases {
            let checked = Dialer::checking("").unwrap().check(address.parse().unwrap(), Line::Secured);
            assert_eq!(checked.is_ok(), public, "{address}");
        }
    }

    #[test]
    fn what_is_listed_may_be_called_and_in_the_open_only_this_machine() {
        let dialer = Dialer::checking("127.0.0.0/8, 10.1.0.0/16 ::1,192.168.7.9").unwrap();
        let check = |address: &str, line| dialer.check(address.parse().unwrap(), line).is_ok();
        for address in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "::1"] {
            assert!(check(address, Line::Secured) && check(address, Line::Open), "{address}");
        }
        for address in ["10.1.2.3", "192.168.7.9", "8.8.8.8"] {
            assert!(check(address, Line::Secured) && !check(address, Line::Open), "{address}");
        }
        for address in ["10.2.0.1", "192.168.7.8", "::2", "169.254.169.254"] {
            assert!(!check(address, Line::Secured) && !check(address, Line::Open), "{address}");
        }
        let unlisted = Dialer::checking("").unwrap();
        assert!(unlisted.check("127.0.0.1".parse().unwrap(), Line::Open).is_err());
        for wrong in ["10.1.0.0/33", "10.1.2.3/16", "localhost", "10.1", "::1/129", "1.2.3.4/x"] {
            assert!(Dialer::checking(wrong).is_err(), "{wrong}");
        }
        assert!(Dialer::checking("0.0.0.0/0,::/0").unwrap().check("10.0.0.1".parse().unwrap(), Line::Secured).is_ok());
    }

    #[tokio::test]
    async fn a_name_is_what_its_addresses_are() {
        let names = Named(vec![
            ("inner.example", vec!["10.0.0.7"]),
            ("metadata.example", vec!["169.254.169.254"]),
            ("both.example", vec!["93.184.216.34", "127.0.0.1"]),
            ("mapped.example", vec!["::ffff:192.168.0.1"]),
            ("none.example", vec![]),
            // What the system's own resolver makes of these.
            ("2130706433", vec!["127.0.0.1"]),
            ("0x7f.1", vec!["127.0.0.1"]),
            ("localhost", vec!["::1", "127.0.0.1"]),
        ]);
        let dialer = Dialer::checking("").unwrap().resolving(Arc::new(names));
        for name in [
            "inner.example",
            "metadata.example",
            "both.example",
            "mapped.example",
            "2130706433",
            "0x7f.1",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "[::ffff:7f00:1]",
        ] {
            let Err(DialError::Forbidden(refused)) = dialer.dial(name, 443, Line::Secured).await else {
                panic!("{name} may not be called");
            };
            assert!(refused.contains("is not public"), "{name}: {refused}");
        }
        for (name, why) in [("none.example", "its name has no address"), ("other.example", "no such name")] {
            let failed = DialError::Failed(why.to_owned());
            assert_eq!(dialer.dial(name, 443, Line::Secured).await.unwrap_err(), failed);
        }
    }

    /// A name that means another place at each look.
    struct Turning(std::sync::Mutex<Vec<IpAddr>>);

    impl Resolver for Turning {
        fn look_up<'a>(&'a self, _: &'a str) -> LookingUp<'a> {
            let next = self.0.lock().unwrap().pop();
            Box::pin(std::future::ready(Ok(next.into_iter().collect())))
        }
    }

    #[tokio::test]
    async fn the_connection_is_made_to_the_address_that_was_checked() {
        let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // First the one that is listed; a second look would give one that nobody listens on.
        let turning = Turning(std::sync::Mutex::new(vec!["127.0.0.3".parse().unwrap(), "127.0.0.2".parse().unwrap()]));
        let dialer = Dialer::checking("127.0.0.2").unwrap().resolving(Arc::new(turning));
        let stream = dialer.dial("turning.example", port, Line::Open).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap().ip(), "127.0.0.2".parse::<IpAddr>().unwrap());
        let refused = String::from(dialer.dial("turning.example", port, Line::Open).await.unwrap_err());
        assert!(refused.contains("127.0.0.3"), "{refused}");
    }
}
